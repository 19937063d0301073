"""Photos that nothing names go after seven days, and no other."""

import io
import os
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Engine

from dispatch.errors import Unavailable
from dispatch.reports.photos import PhotoStore
from dispatch.reports.sweeping import sweep
from dispatch.storage.database import connect_engine
from tests.integration.dispatch.conftest import Feeder, Located

NOW = datetime.now(UTC)


def kept_photo(store: PhotoStore, folder: Path, age: timedelta) -> str:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG")
    photo = store.add(out.getvalue(), "member-1").id
    at = (NOW - age).timestamp()
    for path in folder.glob(f"*/{photo}.*"):
        os.utime(path, (at, at))
    return photo


def test_only_old_photos_that_nothing_names_are_removed(
    engine: Engine, feeder: Feeder, located: Located, tmp_path: Path
) -> None:
    store = PhotoStore(tmp_path, 1_000_000)
    old = timedelta(days=8)
    named, in_letter, unnamed = (kept_photo(store, tmp_path, old) for _ in range(3))
    young = kept_photo(store, tmp_path, timedelta(days=6))
    broken = located(category="E9999", photos=(in_letter,))
    feeder.store(located(photos=(named,)), broken)
    assert sweep(store, engine, NOW) == 1
    left = [photo for photo in (named, in_letter, unnamed, young) if store.owner(uuid.UUID(photo))]
    assert left == [named, in_letter, young]
    assert not list(tmp_path.glob(f"*/{unnamed}*"))
    store.close()


def test_nothing_goes_while_the_database_cannot_be_asked(tmp_path: Path) -> None:
    store = PhotoStore(tmp_path, 1_000_000)
    photo = kept_photo(store, tmp_path, timedelta(days=8))
    away = connect_engine("postgresql://nobody@127.0.0.1:9/nothing", role="test")
    with pytest.raises(Unavailable):
        sweep(store, away, NOW)
    assert store.owner(uuid.UUID(photo)) == "member-1"
    store.close()
