from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from dispatch.catalogue.standards import shipped_categories
from tests.unit.workflows.desk import STANDARDS
from workflows.categories import Category, Certainty, Kind, Line, load_categories
from workflows.documents import read_document
from workflows.errors import CategoryError, DocumentError
from workflows.limits import ClockType

DATA = STANDARDS / "gbt-30428.2-2013.yaml"
WITH_ROWS = {
    "P0101", "P0102", "P0103", "P0104", "P0137", "P0207", "P0211", "P0402", "E0101", "E0110",
    "E0111", "E0112", "E0113", "E0201", "E0301", "E0401", "E0405", "E0406", "E0410", "E0501",
    "E0502", "E0505", "E0506",
}  # fmt: skip


@pytest.fixture(scope="module")
def catalogue() -> dict[str, Category]:
    return {category.code: category for category in load_categories(read_document(DATA))}


def small() -> dict[str, Any]:
    row = {
        "row": "1",
        "limit": "4 工作时",
        "clock": "working_hours",
        "text": {"zh": "有", "en": "there is"},
        "closing": {"zh": "清理", "en": "cleared"},
    }
    name = {"zh": "名", "en": "name"}
    event = {"code": "0110", "name": name, "conditions": [row]}
    return {
        "standard": "S",
        "line": "urban_management",
        "source": "a table",
        "join": {"radius_m": 50, "hours": 24},
        "classes": [{"kind": "event", "code": "01", "name": name, "categories": [event]}],
    }


def test_exactly_the_23_categories_with_known_rows_have_conditions(
    catalogue: dict[str, Category],
) -> None:
    assert {code for code, category in catalogue.items() if category.conditions} == WITH_ROWS
    assert not any(row.made for category in catalogue.values() for row in category.conditions)


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        ("P0101", ["2 紧急工作时", "4 工作时", "2 工作日", "5 工作日"]),
        ("P0104", ["2 紧急工作时", "4 工作时", "2 工作日", "5 工作日", "1 工作日"]),
        ("P0137", ["1 工作日", "2 工作日", "2 工作时"]),
        ("P0402", ["15 工作日"]),
        ("E0101", ["2 紧急工作日", "15 天"]),
        ("E0110", ["4 工作时"]),
        ("E0501", ["1 紧急工作时", "5 天"]),
        ("E0603", None),
    ],
)
def test_the_rows_have_the_limits_of_the_table(
    catalogue: dict[str, Category], code: str, limits: list[str] | None
) -> None:
    category = catalogue.get(code)
    assert (category and [row.limit.text for row in category.conditions]) == limits


def test_a_category_carries_what_others_join_and_link_by(catalogue: dict[str, Category]) -> None:
    lamp = catalogue["P0137"]
    assert (lamp.name_zh, lamp.kind, lamp.part_class) == ("路灯", Kind.PART, "P0137")
    assert (lamp.join_radius_m, lamp.join_hours, lamp.class_en) == (50, 24, "Public facilities")
    rubbish = catalogue["E0110"]
    assert (rubbish.standard_code, rubbish.part_class) == ("0110", None)
    assert rubbish.conditions[0].category == "E0110"
    assert rubbish.condition("E0110-1") is rubbish.conditions[0]
    assert rubbish.condition("E0110-2") is None


def test_urgent_rows_are_known_by_their_words(catalogue: dict[str, Category]) -> None:
    illegal = catalogue["E0101"].conditions
    assert [row.urgent for row in illegal] == [True, False]
    assert [row.limit.clock for row in illegal] == [ClockType.NATURAL_DAYS] * 2


def test_codes_from_weak_sources_are_marked(catalogue: dict[str, Category]) -> None:
    assert catalogue["P0137"].certainty is Certainty.SURE
    assert catalogue["P0105"].certainty is Certainty.LIKELY
    assert catalogue["P0142"].certainty is Certainty.UNSURE


def test_parts_and_events_of_the_same_number_stay_apart(catalogue: dict[str, Category]) -> None:
    assert catalogue["P0101"].name_zh == "上水井盖"
    assert catalogue["E0101"].name_zh == "私搭乱建"
    assert len(catalogue) == 149


def test_a_small_catalogue_loads() -> None:
    assert [category.code for category in load_categories(small())] == ["E0110"]


ROW = ["classes", 0, "categories", 0, "conditions", 0]


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ([*ROW, "clock"], "urgent_hours", r"conditions\[0\]\.clock: .*correct one"),
        ([*ROW, "limit"], "2 紧急工作时", r"conditions\[0\]\.clock"),
        ([*ROW, "limit"], "0 工作时", r"conditions\[0\]\.limit"),
        ([*ROW, "limit"], 4, r"conditions\[0\]\.limit: must be text"),
        ([*ROW, "text"], {"zh": "有"}, r"conditions\[0\]\.text: lacks 'en'"),
        ([*ROW, "text"], {"zh": "有", "en": " "}, r"text\.en: must not be blank"),
        ([*ROW, "speed"], "fast", r"conditions\[0\]: has the unknown name 'speed'"),
        (["classes", 0, "categories", 0, "code"], 72, r"categories\[0\]\.code: must be text"),
        (["classes", 0, "categories", 0, "code"], "0210", r"categories\[0\]\.code"),
        (["classes", 0, "categories", 0, "code"], "01100", r"categories\[0\]\.code"),
        (["classes", 0, "kind"], "thing", r"classes\[0\]\.kind"),
        (["line"], "underground", r"catalogue\.line"),
        (["join", "radius_m"], 0, r"catalogue\.join\.radius_m"),
        (["join", "radius_m"], 1.5, r"catalogue\.join\.radius_m"),
        (["classes"], "many", r"catalogue\.classes: must be a list"),
    ],
)
def test_a_wrong_catalogue_is_refused_with_its_place(
    path: list[Any], value: object, place: str
) -> None:
    document = small()
    target: Any = document
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    with pytest.raises(CategoryError, match=place):
        load_categories(document)


def test_codes_and_rows_that_stand_twice_are_refused() -> None:
    document = small()
    categories = document["classes"][0]["categories"]
    categories[0]["conditions"].append(deepcopy(categories[0]["conditions"][0]))
    with pytest.raises(CategoryError, match="E0110-1 stands twice"):
        load_categories(document)
    document = small()
    document["classes"].append(deepcopy(document["classes"][0]))
    with pytest.raises(CategoryError, match="E0110 stands twice"):
        load_categories(document)


@pytest.mark.parametrize("document", [None, [], "text", {}])
def test_what_is_no_catalogue_is_refused(document: object) -> None:
    with pytest.raises(CategoryError, match="catalogue"):
        load_categories(document)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("twice.yaml", "a: 1\na: 2\n", "stands twice"),
        ("list.yaml", "[1, 2]", "must hold a mapping"),
        ("broken.json", "{", "cannot be read"),
        ("tag.yaml", "a: !!python/object/apply:os.getcwd []", "cannot be read"),
    ],
)
def test_a_file_that_is_no_document_is_refused(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError, match=message):
        read_document(path)
    with pytest.raises(DocumentError, match=r"absent\.yaml"):
        read_document(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("name", "line", "least"),
    [
        ("social-governance", Line.SOCIAL_GOVERNANCE, 18),
        ("public-service", Line.PUBLIC_SERVICE, 10),
    ],
)
def test_the_other_lines_have_matters_with_made_conditions(
    name: str, line: Line, least: int
) -> None:
    found = load_categories(read_document(STANDARDS / f"{name}.yaml"))
    assert len(found) >= least
    assert {(one.line, one.kind, one.certainty, one.part_class) for one in found} == {
        (line, Kind.MATTER, Certainty.UNSURE, None)
    }
    assert all(one.conditions and all(row.made for row in one.conditions) for one in found)


def test_no_code_stands_in_two_of_the_shipped_catalogues() -> None:
    codes = [one.code for one in shipped_categories()]
    assert len(codes) == len(set(codes))


def test_at_0_hours_a_report_never_joins() -> None:
    document = small()
    document["join"] = {"radius_m": 1, "hours": 0}
    assert load_categories(document)[0].join_hours == 0
    document["join"] = {"radius_m": 0, "hours": 0}
    with pytest.raises(CategoryError, match="radius_m: must be at least 1"):
        load_categories(document)
