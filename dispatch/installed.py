"""Finds the running installation that a command is meant for."""

import json
from pathlib import Path

from dispatch.settings import Settings


def is_named(settings: Settings) -> bool:
    """Whether an installation is named at all, by the environment or by `access.json`."""
    named = "database_url" in settings.model_fields_set
    return named or (settings.data_dir / "access.json").is_file()


def settings_for(data_dir: Path | None, *, admin: bool = False) -> Settings:
    """Settings from the environment, or, where that names none, from `access.json` of `data_dir`.

    With `admin` the database's owner is used, for what the service role may not do.
    """
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    try:
        access = json.loads((settings.data_dir / "access.json").read_text())
    except (OSError, ValueError):
        return settings
    found = {}
    if admin:
        found["database_url"] = access["database_admin_url"]
    elif "database_url" not in settings.model_fields_set:
        found["database_url"] = access["database_url"]
    if "kafka_servers" not in settings.model_fields_set:
        found["kafka_servers"] = access["kafka_servers"]
    return settings.model_copy(update=found)
