"""A case's sheet: what it shows, what is done from it, and how a refusal is told."""

import re

import httpx
from playwright.sync_api import expect

from tests.e2e.conftest import Opener
from tests.e2e.console import SHEET_STATE, act, report_something, sign_in
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
    expect(page.locator("#told")).to_contain_text("reason")
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
