"""Runs one role in this process."""

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from dispatch.process.logs import catch_the_uncaught
from dispatch.process.stopping import Stop
from dispatch.roles.wiring import build_clock, build_engine, build_relay, build_verifier
from dispatch.settings import Settings
from dispatch.watching.door import Post, open_door

# Batches leave little behind: to look for cycles every 700 objects, as Python would, took a
# tenth of the time of engine and relay.
COLLECTED_AFTER = (50_000, 20, 20)


def run_role(settings: Settings, role: str) -> None:
    """Runs one role in this process until SIGTERM or SIGINT."""
    stop = Stop().listen()
    gc.set_threshold(*COLLECTED_AFTER)
    catch_the_uncaught()
    if role == "api":
        from dispatch.api.server import serve_api  # the others need no web server in memory

        serve_api(settings, stop)
        return
    builders: dict[str, Callable[[Settings, Post], Any]] = {
        "engine": build_engine,
        "clock": build_clock,
        "relay": build_relay,
    }
    post = Post.of(role, settings.run_dir)
    built = builders[role](settings, post)
    beside: AbstractContextManager[None] = nullcontext()
    if role == "clock":
        beside = build_verifier(settings, post).beside(stop)
    door = open_door(post, settings.metrics_host, settings.metrics_port, settings.targets_dir)
    with door, beside:
        built.run(stop)
