"""The live map and its list: what comes in is seen, and only what is wanted."""

import re

import psycopg
from playwright.sync_api import expect

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
    wait_drawn,
)
from tests.installation import Installation


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
    wait_drawn(page, "chosen-case", "one.phase === 'handling'")
    sheet.locator(".clock summary").click()
    expect(sheet.locator(".clock table")).to_contain_text("计时")
    act(installation, "acceptor", number, "void", reason="误报")
    expect(page.locator(SHEET_STATE)).to_have_text("已作废")
    expect(sheet.locator(".history")).to_contain_text("误报")
    # What is over leaves the list of what is not over, and the map.
    expect(row(page, number)).to_have_count(0)
    page.wait_for_function(
        """number => !document.getElementById('map').cityMap.map
            .queryRenderedFeatures({layers: ['cases']})
            .some(one => one.properties.number === number)""",
        arg=number,
    )
    # Its ring stays with its dot, in the new colour: the sheet knows where it is and how it stands.
    wait_drawn(page, "chosen", "true")
    wait_drawn(page, "chosen-case", "one.phase === 'over'")
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


def test_an_address_shows_the_same_to_whoever_opens_it(
    installation: Installation, open_page: Opener
) -> None:
    here = report_something(installation, 111.6721)
    there = report_something(installation, 111.621, 26.221)
    page = open_page()
    sign_in(page, installation, installation.tokens["auditor"], f"#district={LINGLING}")
    expect(row(page, there)).to_be_visible()
    expect(row(page, here)).to_have_count(0)
    expect(page.locator("#filter-district")).to_have_value(LINGLING)
    wait_drawn(page, "district-line", f"one.code === '{LINGLING}'")
    page.locator("#clear").click()
    page.locator("#filter-q").fill(here)
    page.locator("#filter-q").press("Enter")
    expect(page.locator("#list button")).to_have_count(1)
    row(page, here).click()
    expect(page.locator("#sheet")).to_be_visible()
    assert f"case={here}" in page.url
    page.go_back()
    expect(page.locator("#sheet")).to_have_count(0)
    assert f"q={here}" in page.url


def test_a_late_case_is_told_apart_in_words_and_on_the_map(
    installation: Installation, open_page: Opener
) -> None:
    number = report_something(installation, 111.6911)
    with psycopg.connect(installation.database_url) as connection:
        due = connection.execute(
            """select due_at from "case" where number = %s""", [number]
        ).fetchone()
        assert due is not None
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
        connection.execute("""update "case" set due_at = %s where number = %s""", [due[0], number])


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


def test_after_a_restored_database_everything_is_read_anew(
    installation: Installation, open_page: Opener
) -> None:
    page = open_page()
    before = report_something(installation, 111.7961)
    sign_in(page, installation, installation.tokens["supervisor"])
    expect(row(page, before)).to_be_visible()
    with page.expect_response(lambda answer: "/api/v1/cases?" in answer.url, timeout=20_000):
        assert installation.wangge("restore-mark").returncode == 0
    expect(page.locator("#state")).to_have_text("实时")
    expect(row(page, before)).to_be_visible()
    after = report_something(installation, 111.7981)
    expect(row(page, after)).to_be_visible()


def test_tiles_and_lists_that_fail_are_asked_for_again(
    installation: Installation, open_page: Opener
) -> None:
    number = report_something(installation, 111.8011)
    page = open_page(expect_errors=True)
    failing = re.compile(r"/api/v1/(tiles|cases\?|map)")
    page.route(failing, lambda route: route.fulfill(status=503, json={"detail": "not now"}))
    sign_in(page, installation, installation.tokens["auditor"])
    expect(page.locator("#map-frame")).to_contain_text("部分地图暂时无法载入")
    expect(page.locator("#left")).to_contain_text("暂时无法读取列表")
    page.unroute(failing)
    expect(row(page, number)).to_be_visible(timeout=10_000)
    wait_drawn(page, "district-line", f"one.code === '{LENGSHUITAN}'")
    expect(page.locator("#map-frame")).not_to_contain_text("部分地图暂时无法载入")
