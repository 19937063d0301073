"""The standards that come with Wangge: their codes, categories, and calendars by name."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workflows.categories import Category, load_categories
from workflows.codebook import Codebook
from workflows.documents import read_document
from workflows.errors import CalendarError

STANDARDS = Path(__file__).parents[2] / "data" / "standards"
CATALOGUES = ("gbt-30428.2-2013.yaml", "social-governance.yaml", "public-service.yaml")


def shipped_categories() -> Iterator[Category]:
    """The categories of every line that come with Wangge."""
    for name in CATALOGUES:
        yield from load_categories(read_document(STANDARDS / name))


def document_of(named: str) -> Mapping[str, Any]:
    """The calendar document of a file, or the shipped one of that name that reaches furthest.

    Raises `CalendarError` or `DocumentError`.
    """
    if names_file(named):
        return read_document(Path(named))
    shipped = shipped_documents()
    found = [document for document in shipped if document["name"] == named]
    if not found:
        known = ", ".join(sorted({document["name"] for document in shipped}))
        raise CalendarError(
            f"There is no calendar {named!r}; known are: {known}. Or give the path of a file."
        )
    return max(found, key=lambda document: str(document["until"]))


def names_file(named: str) -> bool:
    """Whether a calendar is named by the path of its file."""
    return bool(Path(named).suffix) or "/" in named


def shipped_documents() -> list[dict[str, Any]]:
    """The calendar documents that come with Wangge."""
    return [read_document(path) for path in sorted(STANDARDS.glob("calendar-*.json"))]


def shipped_codes(instead: Iterable[Category] = ()) -> Codebook:
    """The codes of every standard that comes with Wangge, old and new.

    A category of `instead` takes the place of the shipped one, or is there besides.
    """
    documents = [read_document(path) for path in sorted(STANDARDS.glob("*.yaml"))]
    shipped = [one for document in documents for one in load_categories(document)]
    return Codebook((*shipped, *instead))
