"""One whole installation for all end-to-end tests, and a real Chromium to look at it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.installation import Installation, running
from tests.places import passing_folder

CHROMIUM = "/usr/bin/chromium"
# SwiftShader draws WebGL without a graphics card.
OPTIONS = (
    "--no-sandbox --use-angle=swiftshader --enable-unsafe-swiftshader --disable-quic "
    "--no-first-run --disable-background-networking --disable-component-update --disable-sync"
).split()
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
Opener = Callable[..., Page]


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """A demo city in a directory of its own; maps and catalogue are looked at every second."""
    with running({"WANGGE_REFRESH_S": "1"}, make_folder=passing_folder) as started:
        yield started


@pytest.fixture
def http(installation: Installation) -> Iterator[httpx.Client]:
    # A busy machine may take long over what is right.
    with httpx.Client(base_url=f"{installation.url}/api/v1", timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # How fast it is is measured elsewhere; a busy machine must not fail what is right.
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opener]:
    """Opens a page of its own; the test fails when it throws or logs an error unasked."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def make(expect_errors: bool = False, **options: object) -> Page:
        chosen = {"locale": "zh-CN", "viewport": {"width": 1366, "height": 768}, **options}
        context = browser.new_context(**chosen)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        if not expect_errors:
            page.on(
                "console",
                lambda said: faults.append(said.text) if said.type == "error" else None,
            )
        return page

    yield make
    for context in contexts:
        context.close()
    assert faults == []
