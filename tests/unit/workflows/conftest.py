from typing import Any

import pytest

from tests.unit.workflows.desk import STANDARDS, Desk
from workflows import (
    DEFINITIONS,
    Calendars,
    Category,
    Definition,
    WorkingCalendar,
    load_categories,
    load_definition,
    read_document,
)


@pytest.fixture(scope="session")
def definition_document() -> dict[str, Any]:
    return read_document(DEFINITIONS / "urban_management-2.yaml")


@pytest.fixture(scope="session")
def definition(definition_document: dict[str, Any]) -> Definition:
    return load_definition(definition_document)


@pytest.fixture(scope="session")
def calendars() -> Calendars:
    document = read_document(STANDARDS / "calendar-cn-2025-2026.json")
    return Calendars(WorkingCalendar.from_document(document, 1))


@pytest.fixture(scope="session")
def categories() -> dict[str, Category]:
    names = ("gbt-30428.2-2013", "social-governance", "public-service")
    found = [load_categories(read_document(STANDARDS / f"{name}.yaml")) for name in names]
    return {category.code: category for each in found for category in each}


@pytest.fixture
def desk(definition: Definition, calendars: Calendars, categories: dict[str, Category]) -> Desk:
    return Desk(definition, calendars, categories)
