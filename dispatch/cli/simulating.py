"""`wangge simulate`: field work over the loaded city."""

import json
import secrets
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import text

from dispatch.errors import ConfigurationError
from dispatch.installed import settings_for
from dispatch.keys import load_keys
from dispatch.process.logs import catch_the_uncaught
from dispatch.process.stopping import Stop
from dispatch.settings import Settings
from dispatch.simulation.demo import handler_department
from dispatch.simulation.simulation import Simulator
from dispatch.storage.database import connect_engine, transaction
from dispatch.tokens import Role, issue

SIMULATED_S = 30 * 24 * 3600
DESK_ROLES = (Role.MEMBER, Role.ACCEPTOR, Role.DISPATCHER, Role.HANDLER)


def simulate(
    rate: Annotated[float, typer.Option(min=0.01, max=1000, help="Reports a second.")] = 1.0,
    seconds: Annotated[float | None, typer.Option(min=1, help="For how long.")] = None,
    forever: Annotated[bool, typer.Option("--forever", help="Until Ctrl-C.")] = False,
    seed: Annotated[
        int | None, typer.Option(help="The same seed makes the same reports; default a new one.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="The installation's data.")] = None,
) -> None:
    """Play field work: plausible reports, and desks that move cases to their close."""
    if seconds is None and not forever:
        seconds = 60
    settings = settings_for(data_dir)
    catch_the_uncaught()
    stop = Stop().listen()
    simulator = Simulator(
        _url(settings), _tokens(settings), secrets.randbits(32) if seed is None else seed
    )
    counts = simulator.run(rate, None if forever else seconds, stop)
    typer.echo(
        f"{counts.sent:,} reports sent: {counts.accepted:,} accepted, {counts.refused:,} refused, "
        f"{counts.unavailable:,} not taken; {counts.actions:,} desk actions"
    )


def _url(settings: Settings) -> str:
    if settings.port and "port" in settings.model_fields_set:
        return f"http://{settings.host}:{settings.port}"
    try:
        access = json.loads((settings.data_dir / "access.json").read_text())
        return str(access["url"])
    except (OSError, ValueError, KeyError):
        return f"http://{settings.host}:{settings.port}"


def _tokens(settings: Settings) -> dict[str, str]:
    keys = load_keys(settings.keys_dir)
    database = connect_engine(settings.database_url, role="simulator")
    with transaction(database) as connection:
        city = connection.execute(
            text("select code from area where level = 'city' and until_version is null")
        ).scalar()
    database.dispose()
    if city is None:
        raise ConfigurationError("the registers are empty; load a city first (`wangge up --demo`)")
    department = handler_department(settings)

    def token(role: Role, subject: str) -> str:
        return issue(
            keys.signing,
            role=role,
            scope=str(city),
            department=department if role is Role.HANDLER else None,
            subject=subject,
            seconds=SIMULATED_S,
        )

    found = {role.value: token(role, f"simulated-{role}") for role in DESK_ROLES}
    # Somebody else than whoever reports goes to look (invariant 7).
    found["inspector"] = token(Role.MEMBER, "simulated-inspector")
    return found
