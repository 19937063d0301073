"""A case's sheet and the pages of desks: what they show, what is done there, what is refused."""

import re

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Opener
from tests.e2e.console import (
    SHEET_STATE,
    act,
    open_at,
    report_something,
    sign_in,
    violations,
)
from tests.installation import Installation


def test_an_action_is_done_from_the_sheet_and_a_refusal_is_told(
    installation: Installation, open_page: Opener
) -> None:
    number = report_something(installation, 111.7011, role="reporter")
    page = open_page(expect_errors=True)
    sign_in(page, installation, installation.tokens["acceptor"], f"#case={number}")
    expect(page.locator(SHEET_STATE)).to_have_text("已上报")
    expect(page.locator("#sheet")).to_contain_text("此角色不能查看办理记录")
    page.locator("#sheet summary", has_text="不予受理").click()
    form = page.locator('form[data-action="reject"]')
    form.locator("textarea").fill("   ")
    form.get_by_role("button").click()
    expect(page.locator("#told")).to_contain_text("未办理")
    expect(page.locator("#told")).to_contain_text("理由：必填")
    expect(form.locator("textarea")).to_have_attribute("aria-invalid", "true")
    page.locator("#sheet summary", has_text="更正位置").click()
    moved = page.locator('form[data-action="relocate"]')
    moved.get_by_label("经度").fill("111.7015")
    moved.get_by_label("纬度").fill("26.4556")
    moved.locator("textarea").fill("定位不准")
    moved.get_by_role("button", name="更正位置").click()
    expect(page.locator("#told")).to_contain_text("已办理：更正位置")
    expect(page.locator("#sheet dl").first).to_contain_text("111.701500")
    page.locator("#sheet summary", has_text="立案").click()
    filed = page.locator('form[data-action="file"]')
    filed.locator("select").select_option(index=1)
    filed.get_by_role("button", name="立案").click()
    expect(page.locator(SHEET_STATE)).to_have_text("已立案")


def test_a_clash_says_what_changed_and_by_whom_and_keeps_what_was_written(
    installation: Installation, open_page: Opener
) -> None:
    number = report_something(installation, 111.7111, role="reporter")
    page = open_page(expect_errors=True)
    sign_in(page, installation, installation.tokens["supervisor"], f"#case={number}")
    page.locator("#sheet summary", has_text="作废").click()
    form = page.locator('form[data-action="void"]')
    form.locator("textarea").fill("重复上报")
    act(installation, "acceptor", number, "accept")
    expect(page.locator(SHEET_STATE)).to_have_text("已受理")
    form.get_by_role("button").click()
    told = page.locator("#told")
    expect(told).to_contain_text("案件已变动")
    expect(told).to_contain_text("受理，现为已受理")
    expect(told.locator("li")).to_contain_text("demo-acceptor")
    expect(form.locator("textarea")).to_have_value("重复上报")
    form.get_by_role("button").click()
    expect(page.locator(SHEET_STATE)).to_have_text("已作废")


def test_an_acceptor_answers_a_likely_duplicate_and_sees_whom_to_call(
    installation: Installation, open_page: Opener
) -> None:
    place = {"lon": 111.7011, "lat": 26.4490}  # where no other test has a case
    other = report_something(installation, 111.7051, place["lat"], role="reporter")
    person = {"name": "李小明", "phone": "13812341234"}
    number = report_something(installation, **place, role="reporter", contact=person)
    act(installation, "acceptor", other, "relocate", location=place, reason="定位不准")
    page = open_page(expect_errors=True)
    sign_in(page, installation, installation.tokens["acceptor"], f"#case={number}")
    likely = page.locator(f'#similar [data-similar="{other}"]')
    expect(likely).to_contain_text("0 米")
    likely.get_by_role("button", name="不同事项").click()
    expect(likely).to_contain_text("不同事项：本人")
    expect(likely.get_by_role("button", name="不同事项")).to_have_attribute("aria-pressed", "true")
    page.locator("#contacts summary").click()
    contacts = page.locator("#contacts")
    contacts.get_by_label("用途").select_option("call_back")
    contacts.get_by_role("button", name="部分显示").click()
    expect(contacts).to_contain_text("李*明 · 138****1234")
    contacts.get_by_role("button", name="完整显示").click()
    expect(contacts).to_contain_text("李小明 · 13812341234")
    assert violations(page) == []


def png() -> bytes:
    from io import BytesIO

    from PIL import Image

    written = BytesIO()
    Image.new("RGB", (64, 48), (40, 120, 200)).save(written, "PNG")
    return written.getvalue()


def test_photos_are_shown_and_sent(installation: Installation, open_page: Opener) -> None:
    image = png()
    with httpx.Client(base_url=f"{installation.url}/api/v1") as http:
        headers = installation.headers("member")
        kept = http.post("/photos", content=image, headers={**headers, "Content-Type": "image/png"})
        assert kept.status_code == 201, kept.text
    number = report_something(installation, 111.6075, 26.4203, photos=[kept.json()["id"]])
    with httpx.Client(base_url=f"{installation.url}/api/v1") as http:
        department = http.get(f"/cases/{number}", headers=installation.headers("auditor")).json()[
            "department"
        ]
    handler = installation.token("--role", "handler", "--department", department)
    page = open_page(expect_errors=True)
    sign_in(page, installation, handler, f"#case={number}")
    seen = page.locator("#sheet .photos img")
    expect(seen).to_have_attribute("src", re.compile("^blob:"))
    assert seen.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    page.locator("#sheet summary", has_text="开始处置").click()
    page.locator('form[data-action="start"]').get_by_role("button").click()
    expect(page.locator(SHEET_STATE)).to_have_text("处置中")
    page.locator("#sheet summary", has_text="处置反馈").click()
    form = page.locator('form[data-action="feedback"]')
    form.get_by_label("处置说明").fill("已清扫")
    form.get_by_label("处置后照片").set_input_files(
        {"name": "after.png", "mimeType": "image/png", "buffer": image}
    )
    form.locator("button[type=submit]").click()
    expect(page.locator(SHEET_STATE)).to_have_text("已处置待核查")
    expect(seen).to_have_count(2)


def walk_both_ways(page: Page, rows: Locator) -> None:
    rows.first.focus()
    page.keyboard.press("End")
    expect(rows.last).to_be_focused()
    page.keyboard.press("Home")
    expect(rows.first).to_be_focused()


def test_a_desk_walks_its_queues_by_keyboard_and_what_it_does_leaves_them(
    installation: Installation, open_page: Opener
) -> None:
    first = report_something(installation, 111.8111, role="reporter")
    second = report_something(installation, 111.8151, role="reporter")
    page = open_page(expect_errors=True)
    open_at(page, installation, installation.tokens["acceptor"], "page=queues")
    accept = page.locator('[data-queue="urban_management.stage.accept"]')
    expect(page.locator('[data-queue="urban_management.stage.handle"]')).to_have_count(0)
    expect(accept).to_contain_text("待办")
    accept.click()
    expect(page).to_have_url(re.compile("of=urban_management.stage.accept"))
    page.get_by_label("我受理的").check()
    expect(page.locator("#queue")).not_to_contain_text(second)
    page.get_by_label("待领取").check()
    rows = page.locator("#queue [data-number]")
    expect(page.locator(f'#queue [data-number="{second}"]')).to_be_visible()
    expect(page.locator(f'#queue [data-number="{first}"] .lateness')).to_contain_text("到期")
    walk_both_ways(page, rows)
    accept.focus()
    page.keyboard.press("ArrowDown")
    expect(accept).not_to_be_focused()
    page.locator(f'#queue [data-number="{first}"]').focus()
    page.keyboard.press("Enter")
    expect(page.locator("#sheet-title")).to_have_text(first)
    page.locator("#sheet summary", has_text="不予受理").click()
    form = page.locator('form[data-action="reject"]')
    form.locator("textarea").fill("不属受理范围")
    form.get_by_role("button").click()
    expect(page.locator(SHEET_STATE)).to_have_text("不予受理")
    expect(page.locator(f'#queue [data-number="{first}"]')).to_have_count(0)
    expect(page.locator(f'#queue [data-number="{second}"]')).to_be_visible()


def drawn_at(page: Page, state: str) -> None:
    """The state of the case is in sight, and however narrow the frame is, words can be read."""
    here = page.locator(f'#drawing [data-state="{state}"]')
    expect(here).to_have_class(re.compile("here"))
    expect(here).to_be_in_viewport(ratio=1)
    # A box is 44 high in full size, with words of 11.5.
    heights = "found => found.map(one => one.getBoundingClientRect().height)"
    assert min(page.locator("#drawing .state > rect:first-child").evaluate_all(heights)) > 32


def test_a_clock_is_drawn_and_the_way_of_a_case_lies_on_its_workflow(
    installation: Installation, open_page: Opener
) -> None:
    number = report_something(installation, 111.8211, role="reporter")
    act(installation, "acceptor", number, "accept")
    act(installation, "supervisor", number, "supervise")
    page = open_page()
    supervisor = installation.tokens["supervisor"]
    open_at(page, installation, supervisor, f"page=queues&case={number}")
    expect(page.locator('.state-line [data-mark="supervised"]')).to_have_text("督办")
    page.locator(".clock summary").first.click()
    drawn = page.locator(".clock svg.timeline").first
    expect(drawn).to_have_attribute("aria-label", re.compile("到期"))
    expect(drawn).to_contain_text("八成")
    expect(drawn).to_contain_text("现在")
    assert page.locator(".clock table tbody tr").count() > 0
    page.locator("#to-workflow").click()
    drawn_at(page, "accepted")
    taken = page.locator('#drawing [data-way="reported-accepted"]')
    expect(taken).to_have_class(re.compile("taken"))
    expect(page.locator("ol.way > li")).to_have_count(2)
    act(installation, "supervisor", number, "void", reason="误报")
    expect(page.locator('#drawing [data-way="accepted-voided"]')).to_be_visible()
    expect(page.locator("ol.way > li")).to_have_count(3)
    page.go_back()
    expect(page.locator("#queues")).to_be_visible()
    member = open_page(expect_errors=True)
    asked = f"page=workflow&case={number}"
    open_at(member, installation, installation.tokens["member"], asked)
    expect(member.locator('#drawing [data-state="voided"]')).to_have_class(re.compile("here"))
    expect(member.locator("#drawing .way.taken")).to_have_count(0)
    expect(member.locator("#workflow")).to_contain_text("此角色不能查看办理记录")


def test_the_year_of_the_calendar_is_a_sheet(installation: Installation, open_page: Opener) -> None:
    page = open_page(expect_errors=True)
    open_at(page, installation, installation.tokens["handler"], "page=calendar&year=2026")
    expect(page.locator(".month td[data-day]")).to_have_count(365)
    expect(page.locator('[data-day="2026-10-01"]')).to_have_class("day rest")
    expect(page.locator('[data-day="2026-10-01"]')).to_contain_text("国庆节")
    expect(page.locator('[data-day="2026-02-14"]')).to_have_class("day make-up")
    expect(page.locator(".provisional")).to_have_count(1)  # the legend's
    page.get_by_role("button", name="下一年").click()
    expect(page.locator("#calendar-title")).to_contain_text("2027")
    expect(page.locator('[data-day="2027-10-01"]')).to_have_class("day rest provisional")
    expect(page.locator(".provisional-note")).to_be_visible()
    assert "year=2027" in page.url


@pytest.mark.parametrize(("locale", "scheme"), [("zh-CN", "light"), ("en-GB", "dark")])
def test_every_page_fits_and_axe_finds_nothing(
    installation: Installation, open_page: Opener, locale: str, scheme: str
) -> None:
    number = report_something(installation, 111.8311)
    page = open_page(locale=locale, color_scheme=scheme)
    token = installation.tokens["supervisor"]
    for name in ("queues", "workflow", "calendar"):
        open_at(page, installation, token, f"page={name}&case={number}")
        page.wait_for_selector(f"main.{name} h2")
        page.locator(".clock summary").last.click()
        for size in ((3840, 2160), (1366, 768)):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(wide) <= 0, (name, size)
        assert violations(page) == []
