"""The workflow definitions at hand: those that come with Wangge, and the city's own."""

from collections.abc import Mapping
from pathlib import Path

from dispatch.errors import ConfigurationError
from dispatch.settings import Settings
from workflows.definition import Definition
from workflows.documents import read_document
from workflows.loading import DEFINITIONS, load_definition


def load_definitions(folder: Path | None = None) -> dict[str, Definition]:
    """Every definition by its key (`name@version`): the shipped ones and those in `folder`.

    Raises ConfigurationError when the folder cannot be read or gives a key a second time.
    """
    paths = sorted(DEFINITIONS.glob("*.yaml"))
    if folder is not None:
        own = sorted(folder.glob("*.yaml"))
        if not own:
            raise ConfigurationError(f"WANGGE_DEFINITIONS_DIR: {folder} holds no *.yaml file")
        paths += own
    found: dict[str, Definition] = {}
    for path in paths:
        definition = load_definition(read_document(path))
        if definition.key in found:
            raise ConfigurationError(
                f"{path} gives the workflow definition {definition.key} a second time; open cases "
                "keep their version, so a change needs a new version number"
            )
        found[definition.key] = definition
    return found


def chosen_definition(settings: Settings, definitions: Mapping[str, Definition]) -> Definition:
    """The definition under which new cases are opened."""
    if settings.definition not in definitions:
        raise ConfigurationError(
            f"there is no workflow definition {settings.definition}; WANGGE_DEFINITION may be one "
            f"of: {', '.join(sorted(definitions))}"
        )
    return definitions[settings.definition]
