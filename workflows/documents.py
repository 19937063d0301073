"""Read the documents that this room takes as data: YAML and JSON without surprises."""

import json
from collections.abc import Callable, Hashable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import yaml

from workflows.errors import DocumentError, WorkflowError
from workflows.labels import Label

Choice = TypeVar("Choice", bound=StrEnum)


class _Loader(yaml.SafeLoader):
    """The safe loader, which refuses a key that stands twice instead of dropping one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise DocumentError(f"The key {key!r} stands twice (line {line}); keep one.")
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_document(path: Path) -> dict[str, Any]:
    """Return the mapping that a `.yaml` or `.json` file holds.

    Raises `DocumentError` naming the file when it is missing, malformed or no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text) if path.suffix == ".json" else _load_yaml(text)
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError, DocumentError) as error:
        raise DocumentError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise DocumentError(f"{path.name} must hold a mapping of names to values.")
    return document


def _load_yaml(text: str) -> object:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader


class Place:
    """A spot in a document: takes values out of it and names the spot when one is wrong."""

    __slots__ = ("_error", "path", "value")

    def __init__(self, value: object, path: str, error: Callable[[str], WorkflowError]) -> None:
        self.value = value
        self.path = path
        self._error = error

    def wrong(self, message: str) -> WorkflowError:
        """Return (not raise) the error that says what is wrong here."""
        return self._error(f"{self.path}: {message}")

    def mapping(self, required: set[str], optional: frozenset[str] = frozenset()) -> None:
        """Refuse anything but a mapping with these keys and no others."""
        value = self.value
        if not isinstance(value, Mapping):
            raise self.wrong("must be a mapping of names to values")
        for name in sorted(required - value.keys()):
            raise self.wrong(f"lacks {name!r}")
        for name in sorted(str(key) for key in value.keys() - required - optional):
            known = ", ".join(sorted(required | optional))
            raise self.wrong(f"has the unknown name {name!r}; known are: {known}")

    def at(self, name: str) -> "Place":
        """Return the place of a name below this one; its value is None when absent."""
        value = self.value.get(name) if isinstance(self.value, Mapping) else None
        return Place(value, f"{self.path}.{name}", self._error)

    def items(self) -> list["Place"]:
        """Return the places of a list's members; an absent list has none."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.wrong("must be a list")
        return [Place(v, f"{self.path}[{i}]", self._error) for i, v in enumerate(self.value)]

    def entries(self) -> list[tuple[str, "Place"]]:
        """Return the named places of a mapping, which may not be empty."""
        if not isinstance(self.value, Mapping) or not self.value:
            raise self.wrong("must be a mapping of names to values, with at least one")
        for name in self.value:
            if not isinstance(name, str) or not name:
                raise self.wrong(f"has the name {name!r}, which is not text; put it in quotes")
        return [(name, self.at(name)) for name in self.value]

    def text(self) -> str:
        """Return a text that is not blank."""
        if not isinstance(self.value, str):
            raise self.wrong(f"must be text in quotes, not {self.value!r}")
        if not self.value.strip():
            raise self.wrong("must not be blank")
        return self.value

    def whole(self, *, least: int = 0) -> int:
        """Return a whole number that is at least `least`."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.wrong(f"must be a whole number, not {self.value!r}")
        if self.value < least:
            raise self.wrong(f"must be at least {least}, not {self.value}")
        return self.value

    def flag(self, *, default: bool) -> bool:
        """Return true or false; `default` when absent."""
        if self.value is None:
            return default
        if not isinstance(self.value, bool):
            raise self.wrong(f"must be true or false, not {self.value!r}")
        return self.value

    def choice(self, choices: type[Choice]) -> Choice:
        """Return one of an enumeration's values."""
        text = self.text()
        if text not in list(choices):
            raise self.wrong(f"must be one of {', '.join(choices)}, not {text!r}")
        return choices(text)

    def label(self) -> Label:
        """Return the two names `zh` and `en`, neither blank."""
        self.mapping({"zh", "en"})
        return Label(zh=self.at("zh").text(), en=self.at("en").text())
