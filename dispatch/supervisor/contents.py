"""What an installation needs inside its servers before the roles start."""

from collections.abc import Callable

import psycopg

from dispatch.keys import load_keys
from dispatch.settings import Settings
from dispatch.supervisor.screen import Screen
from dispatch.tokens import Role, issue

# A demonstration may stay up for days; its data are made.
DEMO_TOKEN_S = 7 * 24 * 3600


def prepare_contents(
    settings: Settings,
    admin_url: str,
    demo: bool,
    screen: Screen,
    progress: Callable[[str, int, int], None],
) -> bool:
    """Migrates, makes the topics and, with `demo`, fills empty registers with the demo city.

    Tells whether there are areas now; without them no report can be placed.
    """
    from dispatch.roles.topics import ensure_topics
    from dispatch.storage.migrate import upgrade

    screen.say("Migrating the database")
    upgrade(admin_url)
    if demo and city_code(settings) is None:
        from dispatch.simulation.demo import load

        screen.say("Loading the demo city")
        load(settings, progress)
    screen.say("Making the topics")
    ensure_topics(settings)
    return city_code(settings) is not None


def city_code(settings: Settings) -> str | None:
    """The area that everything lies in, or None while the registers are empty."""
    with psycopg.connect(settings.database_url, connect_timeout=10) as connection:
        row = connection.execute(
            "select code from area where level = 'city' and until_version is null order by code"
        ).fetchone()
    return str(row[0]) if row else None


def demo_tokens(settings: Settings) -> dict[str, str]:
    """A city-wide token for each role; the handler's is for one department."""
    from dispatch.simulation.demo import handler_department

    keys = load_keys(settings.keys_dir)
    scope = city_code(settings)
    if scope is None:
        return {}
    department = handler_department(settings)
    return {
        role.value: issue(
            keys.signing,
            role=role,
            scope=scope,
            department=department if role is Role.HANDLER else None,
            subject=f"demo-{role.value}",
            seconds=DEMO_TOKEN_S,
        )
        for role in Role
    }
