"""One whole installation for all end-to-end tests."""

from collections.abc import Iterator

import pytest

from tests.installation import Installation, running


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """A demo city in a directory of its own; maps and catalogue are looked at every second."""
    with running({"WANGGE_REFRESH_S": "1"}) as started:
        yield started
