"""A city brings its own workflow definitions."""

from pathlib import Path

import pytest

from dispatch.definitions import chosen_definition, load_definitions
from dispatch.errors import ConfigurationError
from dispatch.settings import Settings
from workflows.loading import DEFINITIONS

TEXT = (DEFINITIONS / "urban_management.yaml").read_text("utf-8")


def test_a_city_s_own_definition_stands_beside_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(TEXT.replace("version: 1", "version: 3"), "utf-8")
    found = load_definitions(tmp_path)
    settings = Settings(definition="urban_management@3", definitions_dir=tmp_path)
    assert "urban_management@1" in found
    assert chosen_definition(settings, found).version == 3


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(TEXT, "utf-8")
    with pytest.raises(ConfigurationError, match="a second time"):
        load_definitions(tmp_path)


def test_a_folder_without_definitions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no"):
        load_definitions(tmp_path)
