"""`wangge register check duties` over the demo city, whose table is wrong on purpose."""

import json

from sqlalchemy import Engine, text

from dispatch.storage.database import transaction
from tests.integration.dispatch.live import CITY_CODE, Live


def test_gaps_and_overlaps_are_told_until_they_are_mended(live: Live, engine: Engine) -> None:
    done = live.wangge("register", "check", "duties", "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    communities = live.one("select count(*) from area where level = 'community'")
    assert found["communities"] == communities
    assert found["categories"] == live.count("category")
    gaps = {(one["category"], one["area"]): one["communities"] for one in found["gaps"]["items"]}
    assert gaps["E0133", CITY_CODE] == gaps["E0602", CITY_CODE] == communities
    assert found["gaps"]["count"] == sum(gaps.values())
    overlaps = found["overlaps"]["items"]
    assert {one["category"] for one in overlaps} == {"E0128", "E0505", "P0123"}
    assert all(len(one["duties"]) == 2 and one["level"] == "district" for one in overlaps)

    shown = live.wangge("register", "check", "duties")
    assert shown.returncode == 1
    assert f"{found['gaps']['count']:,} without a duty" in shown.stdout
    assert "私搭乱建" in shown.stdout

    with transaction(engine) as connection:
        for category in {one["category"] for one in found["gaps"]["items"]}:
            connection.execute(
                text("""insert into duty (department, category, area)
                    values ('431100-housing', :category, :city)"""),
                {"category": category, "city": CITY_CODE},
            )
    mended = live.wangge("register", "check", "duties", "--json")
    assert mended.returncode == 0, mended.stderr
    left = json.loads(mended.stdout)
    assert left["gaps"] == {"count": 0, "items": []}
    assert left["overlaps"]["count"] > 0


def test_what_has_no_check_is_said(live: Live) -> None:
    done = live.wangge("register", "check", "parts")
    assert done.returncode == 1
    assert "there is no check of 'parts'" in done.stderr
