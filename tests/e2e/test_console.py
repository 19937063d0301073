"""The console in a real Chromium: what a command centre sees and does."""

import re
import uuid
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import AXE, Opener, make_token
from tests.installation import Installation

LENGSHUITAN, LINGLING = "431103", "431102"
SHEET_STATE = "#sheet-state"


def report_something(
    installation: Installation, lon: float, lat: float = 26.4555, role: str = "member", **more: Any
) -> str:
    """Reports dirt on the road and answers the number of its case."""
    body = {
        "id": str(uuid.uuid4()),
        "category": "E0112",
        "location": {"lon": lon, "lat": lat, "accuracy_m": 5.0},
        **more,
    }
    with httpx.Client(base_url=f"{installation.url}/api/v1") as http:
        sent = http.post("/reports", json=body, headers=installation.headers(role))
        assert sent.status_code == 202, sent.text
        receipt = {"Wangge-Receipt": sent.json()["receipt"]}
        for _ in range(200):
            found = http.get(f"/reports/{body['id']}", headers=receipt).json()
            if found["state"] == "attached":
                return str(found["case"]["number"])
    raise AssertionError("no case was opened")


def act(installation: Installation, role: str, number: str, name: str, **fields: Any) -> None:
    """Does an action from another desk."""
    headers = installation.headers(role)
    with httpx.Client(base_url=f"{installation.url}/api/v1") as http:
        seen = http.get(f"/cases/{number}", headers=headers).json()
        body = {"version": seen["version"], **fields}
        done = http.post(f"/cases/{number}/actions/{name}", json=body, headers=headers)
        assert done.status_code == 200, done.text


def sign_in(page: Page, installation: Installation, token: str, fragment: str = "") -> None:
    """Signs in through the form and waits until list and map are there."""
    page.goto(f"{installation.url}/{fragment}")
    page.get_by_label("访问令牌").fill(token)
    page.get_by_role("button", name="进入").click()
    ready(page)


def ready(page: Page) -> None:
    page.wait_for_selector("#map[data-ready]", timeout=30_000)


def row(page: Page, number: str) -> Any:
    return page.locator(f'#list [data-number="{number}"]')


def drawn(page: Page, layer: str) -> list[dict[str, Any]]:
    """What the map draws of a layer now."""
    found: list[dict[str, Any]] = page.evaluate(
        """layer => document.getElementById('map').cityMap.map
            .queryRenderedFeatures({layers: [layer]}).map(one => one.properties)""",
        layer,
    )
    return found


def wait_drawn(page: Page, layer: str, wanted: str) -> None:
    """Waits until the map draws something of a layer for which `wanted` (of `one`) holds."""
    page.wait_for_function(
        f"""() => document.getElementById('map').cityMap.map
            .queryRenderedFeatures({{layers: ['{layer}']}})
            .some(feature => {{ const one = feature.properties; return {wanted}; }})""",
        timeout=20_000,
    )


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands."""
    page.evaluate(AXE.read_text("utf-8"))
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(result => result.violations)")
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]


def test_a_new_case_appears_in_list_and_map_and_changes_while_its_sheet_is_open(
    installation: Installation, open_page: Opener
) -> None:
    page = open_page()
    sign_in(page, installation, installation.tokens["supervisor"], "#at=15.5/26.4555/111.6611")
    expect(page.locator("#state")).to_have_text("实时")
    assert installation.tokens["supervisor"] not in page.url
    assert installation.tokens["supervisor"] not in str(page.evaluate("document.cookie"))
    number = report_something(installation, 111.6611)
    expect(row(page, number)).to_be_visible(timeout=3000)
    expect(row(page, number)).to_have_class("fresh")
    wait_drawn(page, "cases", f"one.number === '{number}' && one.phase === 'handling'")
    row(page, number).click()
    sheet = page.locator("#sheet")
    expect(sheet).to_contain_text("道路不洁")
    expect(sheet).to_contain_text("冷水滩区")
    expect(sheet.locator(".history")).to_contain_text("立案建档")
    expect(page.locator(SHEET_STATE)).to_have_text("已派遣")
    wait_drawn(page, "chosen", "true")
    sheet.locator(".clock summary").click()
    expect(sheet.locator(".clock table")).to_contain_text("计时")
    act(installation, "acceptor", number, "void", reason="误报")
    expect(page.locator(SHEET_STATE)).to_have_text("已作废", timeout=3000)
    expect(sheet.locator(".history")).to_contain_text("误报")
    # What is over leaves the list of what is not over, and the map.
    expect(row(page, number)).to_have_count(0)
    page.wait_for_function(
        """number => !document.getElementById('map').cityMap.map
            .queryRenderedFeatures({layers: ['cases']})
            .some(one => one.properties.number === number)""",
        arg=number,
    )
    page.get_by_role("button", name="切换到中文").or_(
        page.get_by_role("button", name="Switch to English")
    ).click()
    expect(page.locator(SHEET_STATE)).to_have_text("voided")
    expect(sheet).to_contain_text("Clocks")


def test_the_map_shows_three_levels_of_areas_and_registers_near_by(
    installation: Installation, open_page: Opener
) -> None:
    page = open_page()
    sign_in(page, installation, installation.tokens["supervisor"])
    wait_drawn(page, "district-line", f"one.code === '{LENGSHUITAN}'")
    wait_drawn(page, "city-line", "one.code === '431100'")
    wait_drawn(page, "district-label", "one.name_zh === '冷水滩区'")
    assert drawn(page, "community-line") == []
    with psycopg.connect(installation.database_url) as connection:
        spot = connection.execute(
            """select ST_X(p), ST_Y(p) from (select ST_Transform(ST_Centroid(geom), 4326) as p
                from building where community like '431103%' order by code limit 1) as found"""
        ).fetchone()
    assert spot is not None
    page.goto(f"{installation.url}/#at=16/{spot[1]:.5f}/{spot[0]:.5f}")
    ready(page)
    wait_drawn(page, "buildings", "one.floors > 0")
    wait_drawn(page, "community-line", "one.level === 'community'")
    wait_drawn(page, "parts", "one.part_class.startsWith('P')")


def test_filters_narrow_list_map_and_address_alike(
    installation: Installation, open_page: Opener
) -> None:
    here = report_something(installation, 111.6711)
    there = report_something(installation, 111.62, 26.22)
    page = open_page()
    sign_in(page, installation, installation.tokens["auditor"])
    expect(row(page, here)).to_be_visible()
    expect(row(page, there)).to_be_visible()
    with page.expect_response(
        lambda answer: "/map/cases" in answer.url and f"district={LINGLING}" in answer.url
    ):
        page.locator("#filter-district").select_option(LINGLING)
    expect(row(page, here)).to_have_count(0)
    expect(row(page, there)).to_be_visible()
    expect(page).to_have_url(re.compile(f"district={LINGLING}"))
    # The same address shows the same, in another tab too.
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("访问令牌").fill(installation.tokens["auditor"])
    other.get_by_role("button", name="进入").click()
    expect(row(other, there)).to_be_visible()
    expect(row(other, here)).to_have_count(0)
    expect(other.locator("#filter-district")).to_have_value(LINGLING)
    # What comes in is judged by the filters.
    elsewhere, also = (
        report_something(installation, 111.6811),
        report_something(installation, 111.625, 26.225),
    )
    expect(row(page, also)).to_be_visible()
    expect(row(page, elsewhere)).to_have_count(0)
    page.locator("#filter-late").select_option("late")
    expect(page.locator("#left")).to_contain_text("没有符合筛选条件的案件")
    page.locator("#clear").click()
    expect(row(page, here)).to_be_visible()
    assert "district" not in page.url
    page.locator("#filter-q").fill(here)
    page.locator("#filter-q").press("Enter")
    expect(page.locator("#list button")).to_have_count(1)
    row(page, here).click()
    expect(page.locator("#sheet")).to_be_visible()
    assert f"case={here}" in page.url
    page.go_back()
    expect(page.locator("#sheet")).to_have_count(0)


def test_a_late_case_is_told_apart_in_words_and_on_the_map(
    installation: Installation, open_page: Opener
) -> None:
    number = report_something(installation, 111.6911)
    with psycopg.connect(installation.database_url) as connection:
        connection.execute(
            """update "case" set due_at = now() - interval '1 hour' where number = %s""", [number]
        )
    page = open_page()
    sign_in(page, installation, installation.tokens["auditor"], "#late=late&at=16/26.4555/111.6911")
    expect(row(page, number)).to_contain_text("已超期")
    expect(page.locator("#counts")).to_contain_text("超期")
    wait_drawn(page, "cases", f"one.number === '{number}' && one.late")
    wait_drawn(page, "late-marks", f"one.number === '{number}'")
    with psycopg.connect(installation.database_url) as connection:
        connection.execute(
            """update "case" set due_at = now() + interval '9 hours' where number = %s""", [number]
        )


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
    expect(told.locator("li")).to_contain_text(re.compile(r"acceptor-\w+"))
    expect(form.locator("textarea")).to_have_value("重复上报")
    form.get_by_role("button").click()
    expect(page.locator(SHEET_STATE)).to_have_text("已作废")


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
    handler = make_token(installation, "--role", "handler", "--department", department)
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
    form.get_by_role("button").click()
    expect(page.locator(SHEET_STATE)).to_have_text("已处置待核查")
    expect(seen).to_have_count(2)


def png() -> bytes:
    from io import BytesIO

    from PIL import Image

    written = BytesIO()
    Image.new("RGB", (64, 48), (40, 120, 200)).save(written, "PNG")
    return written.getvalue()


def test_a_district_sees_only_itself(installation: Installation, open_page: Opener) -> None:
    here = report_something(installation, 111.63, 26.23)
    elsewhere = report_something(installation, 111.7211)
    token = make_token(installation, "--role", "supervisor", "--scope", LINGLING)
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


def test_a_lost_network_is_told_and_nothing_is_missed(
    installation: Installation, open_page: Opener
) -> None:
    page = open_page(expect_errors=True)
    asked: list[str | None] = []
    page.on(
        "request",
        lambda request: (
            asked.append(request.headers.get("last-event-id"))
            if request.url.endswith("/feed")
            else None
        ),
    )
    sign_in(page, installation, installation.tokens["supervisor"])
    expect(page.locator("#state")).to_have_text("实时")
    first = report_something(installation, 111.7411)
    expect(row(page, first)).to_be_visible()
    page.context.set_offline(True)
    expect(page.locator("#state")).to_have_text("离线，正在重连")
    missed = [report_something(installation, 111.745 + n * 0.002) for n in range(3)]
    expect(row(page, missed[0])).to_have_count(0)
    page.context.set_offline(False)
    expect(page.locator("#state")).to_have_text("实时", timeout=15_000)
    for number in missed:
        expect(row(page, number)).to_be_visible()
    assert asked[0] is None
    assert all(asked[1:])
    assert len(asked) >= 2


def test_a_token_that_ends_says_what_to_do_and_keeps_the_filters(
    installation: Installation, open_page: Opener
) -> None:
    token = make_token(installation, "--role", "supervisor", "--expires", "12s")
    page = open_page(expect_errors=True)
    sign_in(page, installation, token, f"#district={LENGSHUITAN}")
    expect(page.locator("#state")).to_have_text("实时")
    note = page.locator("#sign-in-note")
    expect(note).to_contain_text("令牌已失效", timeout=40_000)
    expect(note).to_contain_text("管理员")
    page.get_by_label("访问令牌").fill(installation.tokens["supervisor"])
    page.get_by_role("button", name="进入").click()
    expect(page.locator("#filter-district")).to_have_value(LENGSHUITAN)


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
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


def test_everything_is_reached_by_keyboard(installation: Installation, open_page: Opener) -> None:
    first = report_something(installation, 111.7711)
    second = report_something(installation, 111.7751)
    page = open_page(locale="en-GB")
    page.goto(installation.url)
    page.keyboard.press("Tab")
    page.keyboard.insert_text(installation.tokens["supervisor"])
    page.keyboard.press("Enter")
    ready(page)
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
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.insert_text("please hurry")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text("Done: urge")
    expect(page.locator("#sheet .history")).to_contain_text("please hurry")
    page.keyboard.press("Escape")
    expect(page.locator("#sheet")).to_have_count(0)
    expect(row(page, first)).to_be_focused()
    before = page.url
    page.locator("#map canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("+")
    page.wait_for_function("before => location.href !== before", arg=before)


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080), (3840, 2160)])
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


def test_ten_thousand_cases_in_view_stay_usable(
    installation: Installation, open_page: Opener
) -> None:
    report_something(installation, 111.6075, 26.4203)
    with psycopg.connect(installation.admin_url) as owner:
        columns = owner.execute(
            """select string_agg(quote_ident(column_name), ', ' order by ordinal_position)
            from information_schema.columns where table_name = 'case'
            and column_name not in ('id', 'number', 'lon', 'lat', 'geom', 'opened_at')"""
        ).fetchone()
        assert columns is not None
        owner.execute(
            f"""insert into "case" (id, number, lon, lat, geom, opened_at, {columns[0]})
            select gen_random_uuid(), 'MANY' || n, lon_, lat_,
                ST_Transform(ST_SetSRID(ST_MakePoint(lon_, lat_), 4326), 4546),
                now() - n * interval '1 second', {columns[0]}
            from (select * from "case" where closed_at is null limit 1) as one,
                generate_series(1, 10000) as n,
                lateral (select 111.59 + (n %% 100) * 0.0004 as lon_,
                                26.39 + (n / 100) * 0.0004 as lat_) as spot""",  # noqa: S608
            [],
        )
    try:
        page = open_page()
        sign_in(
            page, installation, installation.tokens["supervisor"], "#q=MANY&at=12.5/26.41/111.61"
        )
        expect(page.locator("#counts")).to_contain_text("10,000", timeout=15_000)
        wait_drawn(page, "clusters", "one.count > 50")
        expect(row(page, "MANY1")).to_be_visible()
        page.locator("#list button").first.focus()
        for wanted in (150, 250, 350):
            page.keyboard.press("End")
            page.wait_for_function(
                "least => +document.querySelector('#list li').ariaSetSize >= least", arg=wanted
            )
        assert page.locator("#list button").count() < 60
        page.keyboard.press("Home")
        expect(row(page, "MANY1")).to_be_focused()
        number = report_something(installation, 111.7911)
        page.locator("#filter-q").fill("")
        page.locator("#filter-q").press("Enter")
        expect(row(page, number)).to_be_visible()
    finally:
        with psycopg.connect(installation.admin_url) as owner:
            owner.execute("""delete from "case" where number like 'MANY%'""")


def test_the_page_is_fenced_in(installation: Installation) -> None:
    page = httpx.get(installation.url)
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    (script,) = re.findall(r'src="(/assets/[^"]+\.js)"', page.text)
    answer = httpx.get(installation.url + script)
    assert "immutable" in answer.headers["cache-control"]
    assert "<script>" not in page.text
