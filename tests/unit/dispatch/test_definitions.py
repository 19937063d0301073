"""A city brings its own workflow definitions."""

from pathlib import Path

import pytest

from dispatch.catalogue.definitions import check_lines, load_definitions, opening_definitions
from dispatch.catalogue.standards import shipped_categories
from dispatch.errors import ConfigurationError
from dispatch.settings import Settings
from tests.unit.dispatch.test_intake import CATEGORY
from workflows.categories import Line
from workflows.errors import DefinitionError
from workflows.loading import DEFINITIONS

TEXT = (DEFINITIONS / "urban_management.yaml").read_text("utf-8")


def own(folder: Path, *changes: tuple[str, str], name: str = "own.yaml") -> None:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / name).write_text(text, "utf-8")


def key_of(line: Line, folder: Path | None = None, chosen: str = "") -> str:
    settings = Settings(definition=chosen, definitions_dir=folder)  # type: ignore[arg-type]
    return opening_definitions(settings, load_definitions(folder))[line].key


def test_a_city_s_own_newer_version_is_what_its_line_opens_under(tmp_path: Path) -> None:
    own(tmp_path, ("version: 1", "version: 9"))
    assert "urban_management@1" in load_definitions(tmp_path)
    assert key_of(Line.URBAN_MANAGEMENT) == "urban_management@2"
    assert key_of(Line.URBAN_MANAGEMENT, tmp_path) == "urban_management@9"
    assert key_of(Line.URBAN_MANAGEMENT, tmp_path, " urban_management@1 ,") == "urban_management@1"


def test_the_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_DEFINITION", "a@1, b@2")
    assert Settings().definition == ("a@1", "b@2")
    monkeypatch.setenv("WANGGE_DEFINITION", "")
    assert Settings().definition == ()


def test_what_the_setting_names_must_exist_and_be_of_different_lines() -> None:
    with pytest.raises(ConfigurationError, match="no workflow definition nope@1; WANGGE_DEF"):
        key_of(Line.URBAN_MANAGEMENT, chosen="nope@1")
    with pytest.raises(ConfigurationError, match="both of the line urban_management"):
        key_of(Line.URBAN_MANAGEMENT, chosen="urban_management@1,urban_management@2")


def test_where_a_line_has_two_names_the_city_must_choose(tmp_path: Path) -> None:
    own(tmp_path, ("name: urban_management", "name: own_city"))
    with pytest.raises(ConfigurationError, match="own_city and urban_management; say in WANGGE"):
        key_of(Line.URBAN_MANAGEMENT, tmp_path)
    assert key_of(Line.URBAN_MANAGEMENT, tmp_path, "own_city@1") == "own_city@1"


def test_an_unknown_line_is_refused(tmp_path: Path) -> None:
    own(tmp_path, ("line: urban_management", "line: tax"), ("version: 1", "version: 9"))
    with pytest.raises(DefinitionError, match=r"definition\.line: must be one of urban_management"):
        load_definitions(tmp_path)


def test_a_category_in_a_line_without_a_definition_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"category E0110 .* line urban_management, which"):
        check_lines({}, [CATEGORY])
    opening = opening_definitions(Settings(), load_definitions())
    check_lines(opening, [CATEGORY])


def test_a_state_may_not_end_a_case_in_one_definition_alone(tmp_path: Path) -> None:
    own(tmp_path, ("version: 1", "version: 9"), ("handled", "done"), ("rejected", "handled"))
    with pytest.raises(ConfigurationError, match="state handled is final in one of urban_man"):
        load_definitions(tmp_path)


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(TEXT, "utf-8")
    with pytest.raises(ConfigurationError, match="a second time"):
        load_definitions(tmp_path)


def test_a_folder_without_definitions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no"):
        load_definitions(tmp_path)


def test_what_the_engine_could_not_file_and_dispatch_under_opens_no_case(tmp_path: Path) -> None:
    own(tmp_path, ("version: 1", "version: 9"), ("[dispatcher, system]", "[dispatcher]"))
    with pytest.raises(ConfigurationError, match="cannot be opened under urban_management@9: the"):
        key_of(Line.URBAN_MANAGEMENT, tmp_path)


def test_every_line_opens_under_what_is_shipped() -> None:
    assert {line: key_of(line) for line in Line} == {
        Line.URBAN_MANAGEMENT: "urban_management@2",
        Line.SOCIAL_GOVERNANCE: "social_governance@1",
        Line.PUBLIC_SERVICE: "public_service@1",
    }
    check_lines(opening_definitions(Settings(), load_definitions()), shipped_categories())
