"""A value of the database, kept in memory until the catalogue changes."""

from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

from sqlalchemy import Connection, Engine

from dispatch.catalogue.stored import catalogue_version
from dispatch.storage.database import transaction

T = TypeVar("T")


class Cached(Generic[T]):
    """A value read from the database, read again only when the catalogue's version changed."""

    def __init__(self, database: Engine, read: Callable[[Connection], T], every_s: float) -> None:
        self._database = database
        self._read = read
        self._every_s = every_s
        self._version = -1
        self._looked = float("-inf")
        self._value: T | None = None

    def __call__(self) -> T:
        if self._value is None or monotonic() - self._looked > self._every_s:
            with transaction(self._database) as connection:
                version = catalogue_version(connection)
                if self._value is None or version != self._version:
                    self._value = self._read(connection)
                    self._version = version
            self._looked = monotonic()
        return self._value
