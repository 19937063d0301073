"""`wangge token`: issues and revokes bearer tokens."""

import re
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import text

from dispatch.errors import ConfigurationError
from dispatch.installed import settings_for
from dispatch.keys import load_keys
from dispatch.settings import Settings
from dispatch.storage.database import connect_engine, transaction
from dispatch.tokens import Role, issue

tokens = typer.Typer(help="Issue a bearer token, or revoke one.", invoke_without_command=True)
DataDir = Annotated[Path | None, typer.Option(help="Where the installation's data lie.")]
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@tokens.callback()
def token(  # noqa: PLR0913, PLR0917  the options of the contract
    context: typer.Context,
    role: Annotated[Role | None, typer.Option(help="What the holder may do.")] = None,
    scope: Annotated[str | None, typer.Option(help="An area code; default the city.")] = None,
    department: Annotated[str | None, typer.Option(help="For a handler: whose cases.")] = None,
    subject: Annotated[str | None, typer.Option(help="The account; default a new one.")] = None,
    expires: Annotated[str, typer.Option(help="For instance 30m, 12h, 7d.")] = "12h",
    data_dir: DataDir = None,
) -> None:
    """Print a bearer token. Needs the signing key, so it is an operator's tool."""
    if context.invoked_subcommand is not None:
        return
    if role is None:
        raise typer.BadParameter("say which role", param_hint="--role")
    settings = settings_for(data_dir)
    keys = load_keys(settings.keys_dir)
    typer.echo(
        issue(
            keys.signing,
            role=role,
            scope=scope or _city(settings),
            department=department,
            subject=subject,
            seconds=_seconds(expires),
        )
    )


@tokens.command()
def revoke(jti: str, data_dir: DataDir = None) -> None:
    """Refuse a token from now on (within 60 seconds, on open streams too)."""
    database = connect_engine(settings_for(data_dir).database_url, role="cli")
    with transaction(database) as connection:
        connection.execute(
            text("insert into token_revocation (jti) values (:jti) on conflict do nothing"),
            {"jti": jti},
        )
    typer.echo(f"revoked {jti}")


def _seconds(words: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", words)
    if found is None:
        raise typer.BadParameter("write a number and a unit: 30m, 12h, 7d", param_hint="--expires")
    return int(found[1]) * UNITS[found[2]]


def _city(settings: Settings) -> str:
    database = connect_engine(settings.database_url, role="cli")
    with transaction(database) as connection:
        found = connection.execute(
            text("select code from area where level = 'city' and until_version is null")
        ).scalar()
    if found is None:
        raise ConfigurationError("the registers are empty; name the area with --scope")
    return str(found)
