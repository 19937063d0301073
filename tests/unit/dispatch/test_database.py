"""Which errors of the driver mean that the server is away, so that the same work is done again."""

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError

from dispatch.storage.database import is_passing, is_unavailable


@pytest.mark.parametrize(
    ("error", "is_away", "passes"),
    [
        (psycopg.OperationalError("server closed the connection unexpectedly"), True, True),
        (psycopg.InterfaceError("the connection is closed"), True, True),
        # What libpq itself says of a lost server comes without a state.
        (psycopg.DatabaseError("could not receive data from server"), True, True),
        (errors.AdminShutdown(), True, True),
        (errors.LockNotAvailable(), False, True),
        (errors.DeadlockDetected(), False, True),
        # Done again, it would fail again: the value is wrong, and no server was asked.
        (psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"), False, False),
        (psycopg.ProgrammingError("cannot adapt type 'object'"), False, False),
        (errors.UniqueViolation(), False, False),
    ],
)
def test_only_a_server_that_is_away_is_taken_for_one(
    error: psycopg.Error, is_away: bool, passes: bool
) -> None:
    wrapped = DBAPIError("a statement", None, error)
    for one in (error, wrapped):
        assert is_unavailable(one) is is_away
        assert is_passing(one) is passes
