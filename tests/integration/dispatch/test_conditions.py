"""Conditions and duties of a city that change while it works: what new and open cases get."""

import csv
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from dispatch.catalogue.stored import Catalogue, catalogue_from_json, load_catalogue
from dispatch.desk.fields import FieldsWrong
from dispatch.engine.ingest import Ingest
from dispatch.engine.rules import engine_rules
from dispatch.settings import Settings
from dispatch.storage.database import transaction
from tests.commands import run_wangge
from tests.conftest import TestDatabase
from tests.integration.dispatch.conftest import AT, Feeder, Located
from tests.integration.dispatch.office import HERE, THERE, Office, broken, who

Run = Callable[..., Any]


@pytest.fixture
def wangge(city: TestDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs `wangge` on the city of the test."""
    monkeypatch.setenv("WANGGE_DATABASE_URL", city.url)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: run_wangge(*arguments, width=200)


@pytest.fixture
def conditions(wangge: Run, tmp_path: Path) -> Path:
    """The conditions of the city, as exported."""
    path = tmp_path / "conditions.csv"
    done = wangge("category", "export", str(path))
    assert done.exit_code == 0, done.exception
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def only(path: Path, code: str, **changes: str) -> Path:
    """The rows of one event's code, changed."""
    rows = [row for row in read(path) if (row["kind"], row["code"]) == ("event", code)]
    return write(path, [{**row, **changes} for row in rows])


def rows_of(engine: Engine, query: str, **values: Any) -> list[Any]:
    with transaction(engine) as connection:
        return list(connection.execute(text(query), values))


def catalogue(engine: Engine) -> Catalogue:
    with transaction(engine) as connection:
        return load_catalogue(connection)


def fed_by_the_present(feeder: Feeder) -> Feeder:
    """The engine after it has read the tables again."""
    with transaction(feeder.engine) as connection:
        feeder.ingest = Ingest(engine_rules(Settings(), connection), "YZ", "engine")
    return feeder


def opening(engine: Engine, report: Any) -> dict[str, Any]:
    query = "select body from case_event where seq = 1 and body ->> 'report' = :id"
    ((body,),) = rows_of(engine, query, id=report.id)
    return dict(body)


def act(engine: Engine, folder: Path, role: str, name: str, **fields: Any) -> None:
    """An action on the newest case, by the tables as they are now."""
    ((key,),) = rows_of(engine, 'select id from "case" order by opened_at desc limit 1')
    Office(engine, folder, str(key)).act(who(role), name, **fields)


def test_what_is_exported_comes_in_unchanged_and_a_dry_run_changes_nothing(
    wangge: Run, engine: Engine, conditions: Path
) -> None:
    done = wangge("category", "import", str(conditions))
    held = rows_of(engine, "select count(*) from condition")[0][0]
    assert f"0 added, 0 changed, {held} unchanged" in done.stdout
    before = catalogue(engine)
    only(conditions, "0110", limit="1 天", clock="自然日")
    rehearsed = wangge("category", "import", str(conditions), "--dry-run")
    assert "0 added, 1 changed, 0 unchanged" in rehearsed.stdout
    assert "fields that change: clock 1, limit 1" in rehearsed.stdout
    assert catalogue(engine) == before
    assert catalogue_from_json(before.to_json()) == before
    assert len(rows_of(engine, "select * from catalogue_change where actor <> 'system'")) == 0


def test_every_change_is_kept_with_who_and_when(
    wangge: Run, engine: Engine, conditions: Path
) -> None:
    version = catalogue(engine).version
    only(conditions, "0110", limit="1 天", clock="natural_days", profiles="A=2 工作时")
    assert wangge("category", "import", str(conditions), "--by", "Li").exit_code == 0
    assert catalogue(engine).version > version
    told = json.loads(wangge("category", "history", "E0110-1", "--json").stdout)
    assert [(one["actor"], one["before"] and one["before"]["limit"]) for one in told] == [
        ("system", None), ("Li", "4 工作时"),
    ]  # fmt: skip
    assert told[1]["after"]["profiles"] == {"A": "2 工作时"}
    shown = wangge("category", "history", "E0110").stdout
    assert "Li  E0110-1  changed" in shown
    assert "limit: 4 工作时 -> 1 天" in shown
    assert "nothing was changed" in wangge("category", "history", "E01").stdout
    with transaction(engine) as connection:
        may = connection.execute(
            text("""select has_table_privilege(current_user, 'catalogue_change', 'update')
                or has_table_privilege(current_user, 'catalogue_change', 'delete')""")
        ).scalar_one()
    assert may is False


def test_a_code_is_shown_with_the_rows_in_force_here(wangge: Run, conditions: Path) -> None:
    changes = {"limit": "1 天", "clock": "natural_days", "profiles": "A=2 工作时"}
    when = {"season_from": "11-01", "season_to": "03-31", "band_from": "06:00", "band_to": "22:00"}
    only(conditions, "0110", **changes, **when)
    assert wangge("category", "import", str(conditions)).exit_code == 0
    shown = wangge("category", "show", "E0110", "--standard", "2013").stdout
    assert "in force in this installation (version " in shown
    assert "E0110-1  1 天" in shown
    assert "[season 11-01/03-31; band 06:00/22:00; profiles A 2 工作时]" in shown
    told = json.loads(wangge("category", "show", "E0110", "--standard", "2013", "--json").stdout)
    assert (told["where"], told["conditions"][0]["profiles"]) == ("stored", {"A": "2 工作时"})
    old = wangge("category", "show", "E0501", "--standard", "2007").stdout
    assert "as shipped (this installation does not have it)" in old


def test_codes_are_listed_as_they_are_here(wangge: Run, engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("update category set name_zh = '本市垃圾' where code = 'E0110'"))
        connection.execute(text("delete from condition where category = 'E0606'"))
        connection.execute(text("delete from category where code = 'E0606'"))
    shown = wangge("category", "list", "--standard", "2013").stdout
    assert "E0110  本市垃圾" in shown
    assert "in force in this installation (version " in shown
    marked = [line for line in shown.splitlines() if line.endswith("  (as shipped)")]
    assert [line[:5] for line in marked] == ["E0606"]
    rows = json.loads(wangge("category", "list", "--standard", "2013", "--json").stdout)
    where = {row["code"]: (row["name"]["zh"], row["where"]) for row in rows}
    assert where["E0110"] == ("本市垃圾", "stored")
    assert where["E0606"] == ("公共设施损坏", "shipped")
    standards = json.loads(wangge("category", "list", "--json").stdout)
    counts = {row["standard"]: (row["stored"], row["categories"]) for row in standards}
    stored = sum(place == "stored" for _, place in where.values())
    assert counts["GB/T 30428.2-2013"] == (stored, len(rows))
    assert counts["CJ/T 214-2007"][0] == 0
    told = wangge("category", "list", "--standard", "2007").stdout
    assert "as shipped (this installation does not have it)" in told


def test_every_change_of_a_grade_is_kept_with_who_and_when(wangge: Run, tmp_path: Path) -> None:
    def give(*rows: tuple[str, str], by: str, **options: bool) -> Any:
        file = write(tmp_path / "g.csv", [{"area": a, "profile": p} for a, p in rows])
        more = [f"--{name.replace('_', '-')}" for name in options]
        return wangge("register", "import", "grades", str(file), "--by", by, *more)

    assert give((HERE, "A"), (THERE, "A"), by="Li").exit_code == 0
    assert give((HERE, "A"), (THERE, "B"), by="Wang").exit_code == 0
    give((HERE, "C"), by="nobody", dry_run=True)
    assert give((HERE, "C"), ("999999", "A"), by="nobody").exit_code == 1
    assert give((HERE, "A"), by="Zhao", complete=True).exit_code == 0
    assert history(wangge, HERE) == [("Li", None, {"area": HERE, "profile": "A"})]
    there = [
        (actor, old and old["profile"], new and new["profile"])
        for actor, old, new in history(wangge, THERE)
    ]
    assert there == [("Li", None, "A"), ("Wang", "A", "B"), ("Zhao", "B", None)]
    shown = wangge("category", "history", THERE).stdout
    assert f"Wang  {THERE}  changed" in shown
    assert "profile: A -> B" in shown


def history(wangge: Run, code: str) -> list[tuple[str, Any, Any]]:
    """Who changed the rows of a code, with each before and after."""
    told = json.loads(wangge("category", "history", code, "--json").stdout)
    return [(one["actor"], one["before"], one["after"]) for one in told]


def test_one_refused_row_and_nothing_is_imported(
    wangge: Run, engine: Engine, conditions: Path
) -> None:
    before = catalogue(engine)
    rows = read(conditions)
    rows[0]["limit"], rows[1]["clock"] = "9 工作时", "urgent_hours"
    done = wangge("category", "import", str(write(conditions, rows)))
    assert done.exit_code == 1
    refused = read(Path(f"{conditions}.refused.csv"))
    # The limit without its clock is refused as well.
    assert [(row["row"], row["field"]) for row in refused] == [("2", "clock"), ("3", "clock")]
    assert catalogue(engine) == before
    for name, told in (
        ("x.pdf", "must end in"),
        ("x.gpkg", ".csv and .xlsx"),
        ("x.csv", "No such"),
    ):
        done = wangge("category", "import", str(conditions.with_name(name)))
        assert done.exit_code == 1
        assert told in done.stderr + str(done.exception), name
    assert ".csv and .xlsx" in str(wangge("category", "export", "x.geojson").exception)


def test_an_open_case_keeps_its_limit_and_a_new_one_gets_the_new(
    wangge: Run,
    engine: Engine,
    feeder: Feeder,
    located: Located,
    conditions: Path,
    tmp_path: Path,
) -> None:
    old = located()
    feeder.store(old)
    before = rows_of(engine, 'select limit_text, deadlines, due_at from "case"')
    assert before[0].limit_text == "4 工作时"
    only(conditions, "0110", limit="3 天", clock="natural_days")
    assert wangge("category", "import", str(conditions)).exit_code == 0
    act(engine, tmp_path, "supervisor", "urge")
    assert rows_of(engine, 'select limit_text, deadlines, due_at from "case"') == before
    new = located(lat=AT[1] + 0.01)
    fed_by_the_present(feeder).store(new)
    body = opening(engine, new)
    assert (body["limit"], body["deadlines"][-1]["limit"]) == ("3 天", "3 天")
    assert opening(engine, old)["limit"] == "4 工作时"
    assert broken(engine) == []


def test_the_grade_of_an_area_gives_the_limit_of_its_profile(
    wangge: Run,
    engine: Engine,
    feeder: Feeder,
    located: Located,
    conditions: Path,
    tmp_path: Path,
) -> None:
    only(conditions, "0110", profiles="A=2 紧急工作时")
    assert wangge("category", "import", str(conditions)).exit_code == 0
    grades = write(tmp_path / "grades.csv", [{"area": HERE, "profile": "A"}])
    done = wangge("register", "import", "grades", str(grades))
    assert "1 added" in done.stdout, done.stderr
    report = located()
    fed_by_the_present(feeder).store(report)
    body = opening(engine, report)
    assert (body["limit"], body["filing"]["profile"]) == ("2 紧急工作时", "A")
    assert body["deadlines"][-1]["clock"] == "urgent_hours"
    waiting = located(lat=AT[1] + 0.01, source="public")
    feeder.store(waiting)
    act(engine, tmp_path, "acceptor", "file", condition="E0110-1")
    ((limit,),) = rows_of(engine, 'select limit_text from "case" order by opened_at desc limit 1')
    assert limit == "2 紧急工作时"
    assert broken(engine) == []


def test_a_condition_of_other_hours_files_no_report_and_is_refused_at_the_desk(
    wangge: Run,
    engine: Engine,
    feeder: Feeder,
    located: Located,
    conditions: Path,
    tmp_path: Path,
) -> None:
    noon = datetime.now(Settings().timezone).replace(hour=12) - timedelta(days=1)
    only(conditions, "0110", band_from="22:00", band_to="06:00", inspect_in_band="true")
    assert wangge("category", "import", str(conditions)).exit_code == 0
    fed_by_the_present(feeder)
    night = located(observed_at=noon.replace(hour=23).isoformat())
    feeder.store(night)
    assert opening(engine, night)["state"] == "dispatched"
    day = located(lat=AT[1] + 0.01, observed_at=noon.isoformat())
    feeder.store(day)
    told = opening(engine, day)
    assert (told["state"], told["condition"], told["limit"]) == ("reported", None, None)
    assert told["filing"]["why"] == ["condition-none", "condition-not-now"]
    assert told["filing"]["left_out"][0]["band"] == "22:00/06:00"
    with pytest.raises(FieldsWrong) as refused:
        act(engine, tmp_path, "acceptor", "file", condition="E0110-1")
    assert "does not hold when the trouble was seen" in refused.value.errors[0].reason
    # Another report of the same trouble was made at night: now it holds.
    feeder.store(located(lat=AT[1] + 0.01, observed_at=noon.replace(hour=23).isoformat()))
    act(engine, tmp_path, "acceptor", "file", condition="E0110-1")
    assert broken(engine) == []


def test_owner_fallback_and_nobody_as_the_engine_goes_by_them(
    wangge: Run,
    engine: Engine,
    feeder: Feeder,
    located: Located,
    tmp_path: Path,
) -> None:
    duties = write(
        tmp_path / "duties.csv",
        [{"department": "431103-traffic", "category": "P01", "area": "431103",
          "owner": "国网", "assistants": "431103-urban"}],
    )  # fmt: skip
    assert "1 added" in wangge("register", "import", "duties", str(duties)).stdout
    (part,) = rows_of(
        engine,
        """select code, ST_X(ST_Transform(geom, 4326)) as lon, ST_Y(ST_Transform(geom, 4326)) as lat
            from part where part_class = 'P0137' and community like '431103%' limit 1""",
    )
    with transaction(engine) as connection:
        connection.execute(
            text("update part set owner = ' 国网 ' where code = :code"), {"code": part.code}
        )
    fed_by_the_present(feeder)
    lamp = located(part.lon, part.lat, category="P0137", condition="P0137-2", part=part.code)
    feeder.store(lamp)
    body = opening(engine, lamp)
    assert (body["department"], body["filing"]["by_owner"]) == ("431103-traffic", True)
    assert body["filing"]["assistants"] == ["431103-urban"]
    nobody = located(category="E0133", lat=AT[1] + 0.01)
    feeder.store(nobody)
    told = opening(engine, nobody)
    assert told["filing"]["why"] == ["condition-none", "duty-none", "ownerless"]
    assert told["marks"] == {"ownerless": 1}
    assert {row["department"] for row in told["filing"]["stand_ins"]} >= {"431103-sanitation"}
    departments = tmp_path / "departments.csv"
    assert wangge("register", "export", "departments", str(departments)).exit_code == 0
    rows = [row for row in read(departments) if row["code"] == "431103-urban"]
    write(departments, [{**rows[0], "fallback": "true"}])
    assert "1 changed" in wangge("register", "import", "departments", str(departments)).stdout
    caught = located(category="E0133", lat=AT[1] + 0.02)
    fed_by_the_present(feeder).store(caught)
    filing = opening(engine, caught)["filing"]
    assert (filing["why"], filing["fallbacks"]) == (["condition-none"], ["431103-urban"])
    found = json.loads(wangge("register", "check", "duties", "--json").stdout)
    assert found["fallbacks"] > 0
    assert not [one for one in found["gaps"]["items"] if one["area"].startswith(HERE)]
    assert broken(engine) == []
