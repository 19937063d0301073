"""The workflow definitions at hand: those that come with Wangge, and the city's own."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from dispatch.errors import ConfigurationError
from dispatch.settings import Settings
from workflows.case import SYSTEM
from workflows.categories import Category, Line
from workflows.decide import FILING
from workflows.definition import Definition
from workflows.documents import read_document
from workflows.loading import DEFINITIONS, load_definition


def load_definitions(folder: Path | None = None) -> dict[str, Definition]:
    """Every definition by its key (`name@version`): the shipped ones and those in `folder`.

    Raises ConfigurationError when the folder cannot be read or gives a key a second time, and
    where definitions do not go together.
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
    check_states(found.values())
    return found


def opening_definitions(
    settings: Settings, definitions: Mapping[str, Definition]
) -> dict[Line, Definition]:
    """The definition under which new cases of each line are opened.

    Those that WANGGE_DEFINITION names, and of every other line the newest. Raises
    ConfigurationError where it names one that there is not or two of one line, and where a line
    that it does not name has definitions of several names, of which none is the newest, and where
    the engine could not file and dispatch a case under one.
    """
    found: dict[Line, Definition] = {}
    for key in settings.definition:
        chosen = _named(key, definitions)
        if chosen.line in found:
            raise ConfigurationError(
                f"WANGGE_DEFINITION names {found[chosen.line].key} and {key}, both of the line "
                f"{chosen.line}; keep one"
            )
        found[chosen.line] = chosen
    for line in Line:
        newest = _newest(line, definitions) if line not in found else None
        if newest is not None:
            found[line] = newest
    for definition in found.values():
        _check_filing(definition)
    return found


def _check_filing(definition: Definition) -> None:
    """A case is filed and dispatched in the engine's transaction (design decision 10)."""
    state: str | None = definition.initial
    for name in FILING:
        action = definition.actions.get(name)
        step = action.steps.get(state) if action is not None and state is not None else None
        if step is None or SYSTEM not in step.roles:
            raise ConfigurationError(
                f"new cases cannot be opened under {definition.key}: the role {SYSTEM} must be "
                f"able to {' and '.join(FILING)} a case from the state {definition.initial} on"
            )
        state = step.to


def _named(key: str, definitions: Mapping[str, Definition]) -> Definition:
    if key not in definitions:
        raise ConfigurationError(
            f"there is no workflow definition {key}; WANGGE_DEFINITION may name: "
            f"{', '.join(sorted(definitions))}"
        )
    return definitions[key]


def _newest(line: Line, definitions: Mapping[str, Definition]) -> Definition | None:
    of_line = [one for one in definitions.values() if one.line is line]
    names = sorted({one.name for one in of_line})
    if len(names) > 1:
        raise ConfigurationError(
            f"the line {line} has the workflow definitions {' and '.join(names)}; say in "
            "WANGGE_DEFINITION which of them (name@version) new cases are opened under"
        )
    return max(of_line, key=lambda one: one.version, default=None)


def check_lines(opening: Mapping[Line, Definition], categories: Iterable[Category]) -> None:
    """Raises ConfigurationError for a category in whose line no case could be opened."""
    for category in categories:
        if category.line not in opening:
            raise ConfigurationError(
                f"the category {category.code} {category.name_zh} is of the line {category.line}, "
                "which has no workflow definition; put one into the folder that "
                "WANGGE_DEFINITIONS_DIR names"
            )


def check_states(definitions: Iterable[Definition]) -> None:
    """Raises ConfigurationError for a state that ends a case in one definition and not in another.

    Who follows cases is told a state's name alone, and knows by it whether the case is over.
    """
    first: dict[str, tuple[bool, str]] = {}
    for definition in definitions:
        for state in definition.states.values():
            final, key = first.setdefault(state.name, (state.final, definition.key))
            if final != state.final:
                raise ConfigurationError(
                    f"the state {state.name} is final in one of {key} and {definition.key} and not "
                    "in the other; give one of them another name"
                )
