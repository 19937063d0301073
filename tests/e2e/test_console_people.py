"""Who may see the console, and who can use it: tokens, scopes, keyboards, screens."""

import base64
import json
import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Opener
from tests.e2e.console import (
    LENGSHUITAN,
    LINGLING,
    SHEET_STATE,
    act,
    drawn,
    ready,
    report_something,
    row,
    sign_in,
    violations,
    wait_drawn,
)
from tests.installation import Installation


def test_a_district_sees_only_itself(installation: Installation, open_page: Opener) -> None:
    here = report_something(installation, 111.63, 26.23)
    elsewhere = report_something(installation, 111.7211)
    token = installation.token("--role", "supervisor", "--scope", LINGLING)
    page = open_page(expect_errors=True)
    sign_in(page, installation, token, f"#district={LENGSHUITAN}&case={elsewhere}")
    # An address from someone with more rights says what it cannot show, and shows the rest.
    expect(page.locator("#notice")).to_contain_text("超出您的范围")
    expect(page.locator("#sheet")).to_contain_text("没有这件案件，或已不在您的范围内")
    expect(row(page, here)).to_be_visible()
    expect(row(page, elsewhere)).to_have_count(0)
    expect(page.locator("#filter-district option")).to_have_count(2)
    wait_drawn(page, "district-line", f"one.code === '{LINGLING}'")
    assert {one["code"] for one in drawn(page, "district-line")} == {LINGLING}
    late = report_something(installation, 111.7311)
    known = report_something(installation, 111.635, 26.235)
    expect(row(page, known)).to_be_visible()
    expect(row(page, late)).to_have_count(0)


def test_a_token_that_ends_says_what_to_do_and_keeps_the_filters(
    installation: Installation, open_page: Opener
) -> None:
    token = installation.token("--role", "supervisor", "--expires", "12s")
    page = open_page(expect_errors=True)
    sign_in(page, installation, token, f"#district={LENGSHUITAN}")
    expect(page.locator("#state")).to_have_text("实时")
    note = page.locator("#sign-in-note")
    expect(note).to_contain_text("令牌已失效", timeout=40_000)
    expect(note).to_contain_text("管理员")
    page.get_by_label("访问令牌").fill(installation.tokens["supervisor"])
    page.get_by_role("button", name="进入").click()
    expect(page.locator("#filter-district")).to_have_value(LENGSHUITAN)


def test_a_revoked_token_says_what_to_do(installation: Installation, open_page: Opener) -> None:
    token = installation.token("--role", "acceptor")
    page = open_page(expect_errors=True)
    sign_in(page, installation, token)
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert installation.wangge("token", "revoke", claims["jti"]).returncode == 0
    expect(page.locator("#sign-in-note")).to_contain_text("已被撤销", timeout=15_000)
    assert page.evaluate("sessionStorage.length") == 0


def test_a_case_that_moves_out_of_the_scope_leaves_list_and_sheet(
    installation: Installation, open_page: Opener
) -> None:
    number = report_something(installation, 111.64, 26.24, role="reporter")
    token = installation.token("--role", "supervisor", "--scope", LINGLING)
    page = open_page(expect_errors=True)
    sign_in(page, installation, token, f"#case={number}")
    expect(row(page, number)).to_be_visible()
    place = {"lon": 111.6075, "lat": 26.4303}
    act(installation, "acceptor", number, "relocate", reason="定位错误", location=place)
    expect(row(page, number)).to_have_count(0)
    expect(page.locator("#sheet")).to_contain_text("没有这件案件，或已不在您的范围内")


def test_a_token_in_the_address_is_taken_out_of_it(
    installation: Installation, open_page: Opener
) -> None:
    page = open_page(expect_errors=True)
    page.goto(f"{installation.url}/#token={installation.tokens['acceptor']}&state=any")
    expect(page.locator("#state")).to_contain_text("每 5 秒")
    assert "token" not in page.url
    assert page.evaluate("history.length") <= 2
    expect(page.locator("#filter-state")).to_have_value("any")
    number = report_something(installation, 111.7511)
    expect(row(page, number)).to_be_visible(timeout=10_000)
    page.locator("#sign-out").click()
    expect(page.get_by_label("访问令牌")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize(
    ("token", "words"),
    [("nonsense", "此令牌在这里无效"), ("a.b.c", "此令牌在这里无效")],
)
def test_a_wrong_token_is_refused_in_words(
    installation: Installation, open_page: Opener, token: str, words: str
) -> None:
    page = open_page(expect_errors=True)
    page.goto(installation.url)
    page.get_by_label("访问令牌").fill(token)
    page.get_by_role("button", name="进入").click()
    expect(page.locator("#sign-in-note")).to_contain_text(words)


def test_a_role_without_cases_is_told_so(installation: Installation, open_page: Opener) -> None:
    page = open_page(expect_errors=True)
    page.goto(f"{installation.url}/#token={installation.tokens['admin']}")
    expect(page.locator("#left")).to_contain_text("此角色不能查看案件")


@pytest.mark.parametrize(
    ("locale", "scheme"),
    [
        ("zh-CN", "light"),
        ("en-GB", "dark"),
        pytest.param("zh-CN", "dark", marks=pytest.mark.long),
        pytest.param("en-GB", "light", marks=pytest.mark.long),
    ],
)
def test_axe_finds_nothing(
    installation: Installation, open_page: Opener, scheme: str, locale: str
) -> None:
    number = report_something(installation, 111.7611)
    page = open_page(locale=locale, color_scheme=scheme)
    page.goto(installation.url)
    expect(page.locator("#token")).to_be_visible()
    assert violations(page) == []
    page.locator("#token").fill(installation.tokens["supervisor"])
    page.locator("#token").press("Enter")
    ready(page)
    assert page.locator("html").get_attribute("lang") == locale[:2]
    page.locator("#legend summary").click()
    row(page, number).click()
    expect(page.locator(SHEET_STATE)).to_be_visible()
    for summary in page.locator("#sheet summary").all():
        summary.click()
    assert violations(page) == []
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper)[:3])) < 380) == (scheme == "dark")


def sign_in_by_keyboard(page: Page, installation: Installation) -> None:
    page.goto(installation.url)
    page.keyboard.press("Tab")
    page.keyboard.insert_text(installation.tokens["supervisor"])
    page.keyboard.press("Enter")
    ready(page)


def test_list_and_sheet_are_worked_by_keyboard(
    installation: Installation, open_page: Opener
) -> None:
    first = report_something(installation, 111.7711)
    second = report_something(installation, 111.7751)
    page = open_page(locale="en-GB")
    sign_in_by_keyboard(page, installation)
    expect(row(page, second)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the list of cases")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row(page, second)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(row(page, first)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#sheet-title")).to_be_focused()
    expect(page.locator("#sheet-title")).to_have_text(first)
    urge = page.locator("#sheet summary", has_text="urge")
    for _ in range(12):
        page.keyboard.press("Tab")
        if urge.evaluate("it => it === document.activeElement"):
            break
    expect(urge).to_be_focused()
    for key in ("Enter", "Tab"):
        page.keyboard.press(key)
    page.keyboard.insert_text("please hurry")
    for key in ("Tab", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#told")).to_contain_text("Done: urge")
    expect(page.locator("#sheet .history")).to_contain_text("please hurry")
    page.keyboard.press("Escape")
    expect(page.locator("#sheet")).to_have_count(0)
    expect(row(page, first)).to_be_focused()


def test_the_map_is_moved_by_keyboard(installation: Installation, open_page: Opener) -> None:
    page = open_page(locale="en-GB")
    sign_in_by_keyboard(page, installation)
    page.locator("#map canvas").focus()
    for key in ("ArrowRight", "+"):
        before = page.url
        page.keyboard.press(key)
        page.wait_for_function("before => location.href !== before", arg=before)


@pytest.mark.parametrize(
    "size", [(1366, 768), pytest.param((1920, 1080), marks=pytest.mark.long), (3840, 2160)]
)
def test_it_fits_screens_from_small_to_large(
    installation: Installation, open_page: Opener, size: tuple[int, int]
) -> None:
    number = report_something(installation, 111.7811)
    page = open_page(viewport={"width": size[0], "height": size[1]})
    sign_in(page, installation, installation.tokens["supervisor"], f"#case={number}")
    expect(page.locator(SHEET_STATE)).to_be_visible()
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0
    box = page.locator("#map").bounding_box()
    assert box is not None
    assert box["width"] >= size[0] * 0.35
    assert box["height"] >= size[1] * 0.85
    assert page.locator("#list").bounding_box()["height"] >= size[1] * 0.4  # type: ignore[index]


def test_the_page_is_fenced_in(installation: Installation) -> None:
    page = httpx.get(installation.url)
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    (script,) = re.findall(r'src="(/assets/[^"]+\.js)"', page.text)
    answer = httpx.get(installation.url + script)
    assert "immutable" in answer.headers["cache-control"]
    assert "<script>" not in page.text
