"""Several cases acted on together, and a desk handed over at the change of shifts."""

import uuid

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Opener
from tests.e2e.console import act, open_at, report_something, row, sign_in, violations
from tests.e2e.reporting import act as act_as
from tests.installation import Installation, bearer


def reported(installation: Installation, *lons: float) -> list[str]:
    """Cases that wait for acceptance, where no other test has any."""
    return [report_something(installation, lon, role="reporter") for lon in lons]


def tick(page: Page, number: str) -> Locator:
    return page.get_by_role("checkbox", name=f"选择案件 {number}")


def fits(page: Page) -> None:
    """Nothing sticks out, from the smallest screen to the largest."""
    for width, height in ((3840, 2160), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0, (width, height)


def choose(page: Page, installation: Installation, *lons: float) -> list[str]:
    """Chooses new cases in the acceptor's list, and opens what can be done with all of them."""
    numbers = reported(installation, *lons)
    sign_in(page, installation, installation.tokens["acceptor"])
    for number in numbers:
        tick(page, number).check()
    page.locator("#act-together").click()
    expect(page.locator("#together-title")).to_have_text(f"批量办理 {len(numbers)} 件")
    return numbers


def test_cases_are_chosen_by_keyboard_and_each_is_read_once(
    installation: Installation, open_page: Opener
) -> None:
    first, second, third = reported(installation, 111.8411, 111.8451, 111.8491)
    page = open_page(expect_errors=True)
    sign_in(page, installation, installation.tokens["acceptor"])
    row(page, third).focus()
    page.keyboard.press("Space")
    for number in (second, first):
        page.keyboard.press("Shift+ArrowDown")
        expect(row(page, number)).to_be_focused()
    expect(page.locator("#sheet")).to_have_count(0)
    bar = page.locator("#picked")
    expect(bar).to_contain_text("已选 3 件")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition("/cases/")[2]))
    for key in ("Tab", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#together-title")).to_be_focused()
    expect(page.locator('#together form[data-action="accept"]')).to_have_count(1)
    read = [one for one in asked if one]
    assert len(read) == len(set(read)) == 3
    expect(page.locator("#chosen-cases li")).to_have_count(3)
    row(page, second).press("Space")
    expect(bar).to_contain_text("已选 2 件")
    row(page, second).press("Escape")
    expect(bar).not_to_contain_text("已选")
    expect(page.locator("#together")).to_have_count(0)
    expect(tick(page, first)).not_to_be_checked()


def test_the_refused_of_a_selection_stay_chosen_and_are_gone_on_with(
    installation: Installation, open_page: Opener
) -> None:
    page = open_page(expect_errors=True)
    first, second = choose(page, installation, 111.8531, 111.8571)
    panel = page.locator("#together")
    accept = panel.locator("details", has=page.locator('form[data-action="accept"]'))
    accept.locator("summary").click()
    # Another desk is quicker with one of them.
    act(installation, "acceptor", second, "accept")
    accept.get_by_role("button").click()
    told = panel.get_by_role("status").first
    expect(told).to_contain_text("受理：已办理 1 件，未办理 1 件")
    refused = panel.locator(f'[data-outcome="{second}"]')
    expect(refused).to_contain_text("demo-acceptor：受理，现为已受理")
    expect(tick(page, first)).not_to_be_checked()
    expect(tick(page, second)).to_be_checked()
    assert violations(page) == []
    fits(page)
    # What is written stays while the case is looked at.
    panel.locator("summary", has_text="不予受理").click()
    reject = panel.locator('form[data-action="reject"]')
    reject.locator("textarea").fill("不属受理范围")
    refused.get_by_role("button", name=second).click()
    expect(page.locator("#sheet-title")).to_have_text(second)
    expect(page.locator("#sheet-title")).to_be_focused()
    expect(panel).to_be_hidden()
    page.keyboard.press("Escape")
    expect(reject.locator("textarea")).to_have_value("不属受理范围")
    reject.get_by_role("button").click()
    expect(told).to_contain_text("不予受理：已办理 1 件，未办理 0 件")
    expect(row(page, second)).to_have_count(0)


def test_a_desk_is_handed_over_by_keyboard(installation: Installation, open_page: Opener) -> None:
    numbers = reported(installation, 111.8611, 111.8651)
    early, late = (f"{name}-{uuid.uuid4().hex[:6]}" for name in ("early", "late"))
    mine, theirs = (
        installation.token("--role", "acceptor", "--subject", one) for one in (early, late)
    )
    with httpx.Client(base_url=f"{installation.url}/api/v1") as http:
        for number in numbers:
            assert act_as(http, bearer(mine), number, "accept").status_code == 200
    page = open_page(expect_errors=True, locale="en-GB", color_scheme="dark")
    open_at(page, installation, mine, "page=queues")
    page.locator("#hand-over").press("Enter")
    dialog = page.locator("#hand-over-dialog")
    expect(page.locator("#hand-over-title")).to_be_focused()
    expect(dialog).to_contain_text("Your open cases: 2")
    assert violations(page) == []
    fits(page)
    dialog.locator("summary").press("Enter")
    for number in numbers:
        expect(dialog.locator(".mine")).to_contain_text(number)
    account = dialog.get_by_label("Account of the acceptor")
    page.keyboard.press("Tab")
    expect(account).to_be_focused()
    page.keyboard.insert_text(late)
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(dialog.get_by_role("status")).to_contain_text("2 done, 0 not done")
    expect(dialog.locator("form")).to_have_count(0)
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#hand-over")).to_be_focused()
    with httpx.Client(base_url=f"{installation.url}/api/v1") as http:
        taken = http.get("/cases", params={"owner": "me"}, headers=bearer(theirs)).json()["items"]
    assert sorted(one["number"] for one in taken) == sorted(numbers)
