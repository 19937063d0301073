"""The first page, in a real Chromium."""

import uuid
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.installation import Installation

CHROMIUM = "/usr/bin/chromium"
OPTIONS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
    yield context.new_page()
    context.close()


def report_something(installation: Installation, lon: float) -> None:
    body = {
        "id": str(uuid.uuid4()),
        "category": "E0112",
        "location": {"lon": lon, "lat": 26.4555, "accuracy_m": 5.0},
    }
    sent = httpx.post(
        f"{installation.url}/api/v1/reports", json=body, headers=installation.headers("member")
    )
    assert sent.status_code == 202


def test_a_supervisor_signs_in_and_sees_a_new_case_appear_and_reads_it(
    installation: Installation, page: Page
) -> None:
    page.goto(installation.url)
    page.get_by_label("访问令牌").fill(installation.tokens["supervisor"])
    page.get_by_role("button", name="进入").click()
    expect(page.locator("#state")).to_have_text("实时")
    expect(page.locator("#sign-in")).to_be_hidden()
    assert installation.tokens["supervisor"] not in page.url
    report_something(installation, 111.6611)
    fresh = page.locator("#list button.fresh").first
    expect(fresh).to_be_visible()
    fresh.click()
    expect(page.locator("#sheet")).to_contain_text("道路不洁")
    expect(page.locator("#sheet .history")).to_contain_text("立案建档")
    page.get_by_role("button", name="English").click()
    expect(page.locator("#sheet")).to_contain_text("Clocks")


def test_a_token_in_the_fragment_is_taken_and_removed(
    installation: Installation, page: Page
) -> None:
    page.goto(f"{installation.url}/#token={installation.tokens['acceptor']}")
    expect(page.locator("#state")).to_contain_text("每 5 秒")
    assert "token" not in page.url


def test_a_wrong_token_is_refused_in_words(installation: Installation, page: Page) -> None:
    page.goto(installation.url)
    page.get_by_label("访问令牌").fill("nonsense")
    page.get_by_role("button", name="进入").click()
    expect(page.locator("#sign-in-error")).to_have_text("令牌无效或已过期，请重新登录。")


def test_the_page_is_fenced_in(installation: Installation) -> None:
    policy = httpx.get(installation.url).headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy
