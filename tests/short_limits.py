"""The shipped workflows with clocks that run out within seconds, as a city would bring its own."""

import re
from collections.abc import Mapping
from pathlib import Path

import psycopg

from workflows.definition import Definition
from workflows.documents import read_document
from workflows.loading import DEFINITIONS, load_definition

NAMES: Mapping[str, str] = {
    "urban_management-2": "fault_run",
    "social_governance": "fault_levels",
    "public_service": "fault_papers",
}
"""The shipped document of each line, and what it is called with short limits."""


def write_definitions(folder: Path, limits: Mapping[str, str]) -> dict[str, Definition]:
    """Writes one a line, with the limits of all stages replaced, and answers them by their keys.

    `limits` are the new ones by the shipped ones; `*` is for every other.
    """
    found = {}
    for document, name in NAMES.items():
        text = (DEFINITIONS / f"{document}.yaml").read_text("utf-8")
        text = re.sub(
            r'^(    limit: )"([^"]+)"$',
            lambda line: f'{line[1]}"{limits.get(line[2], limits["*"])}"',
            text,
            flags=re.MULTILINE,
        )
        text = re.sub(r"^name: .*$", f"name: {name}", text, count=1, flags=re.MULTILINE)
        path = folder / f"{name}.yaml"
        path.write_text(text, "utf-8")
        definition = load_definition(read_document(path))
        found[definition.key] = definition
    return found


def shorten_conditions(admin_url: str, limits: Mapping[str, str]) -> None:
    """Every filing condition gives a few seconds, by how the code of its category begins (the
    first that fits); processes read it within their refresh time."""
    with psycopg.connect(admin_url) as connection:
        for beginning, limit in reversed(limits.items()):
            connection.execute(
                """update condition set limit_text = %s, dispatch_limit = null, profiles = '{}'
                    where code like %s""",
                [limit, f"{beginning}%"],
            )
        connection.execute("update installation set catalogue_version = catalogue_version + 1")
