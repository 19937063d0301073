"""What the api's heartbeat names and what `/readyz` answers come from the same look."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dispatch.api.context import Context
from dispatch.api.following import Following
from dispatch.api.health import readiness, waiting_for

WELL = {
    "map": object(),
    "acknowledgements": object(),
    "kafka_away": False,
    "silent_s": 0.4,
    "in_flight": 3,
    "feed": True,
    "stale": False,
}


def api(**differs: Any) -> tuple[Context, Following]:
    now = WELL | differs
    context = SimpleNamespace(
        knowledge=SimpleNamespace(known=now["map"], stale=now["stale"]),
        acknowledgements=now["acknowledgements"],
        producer=SimpleNamespace(silent_s=now["silent_s"], in_flight=now["in_flight"]),
        settings=SimpleNamespace(kafka_answer_s=5.0, intake_in_flight_records=1000),
    )
    following = SimpleNamespace(kafka_away=now["kafka_away"], ready=now["feed"])
    return cast(Context, context), cast(Following, following)


@pytest.mark.parametrize(
    ("differs", "waits", "reason"),
    [
        ({"map": None}, "postgres", "there is no map yet"),
        ({"acknowledgements": None}, "kafka", "Kafka is not connected"),
        ({"kafka_away": True}, "kafka", "Kafka does not answer"),
        ({"silent_s": 7.2}, "kafka", "Kafka has acknowledged nothing for 7 s"),
        ({"in_flight": 1000}, "kafka", "1,000 reports are on their way to Kafka"),
    ],
)
def test_what_keeps_reports_out_is_named_by_both(
    differs: dict[str, Any], waits: str, reason: str
) -> None:
    found = readiness(*api(**differs))
    assert not found.ready
    assert found.reasons[0].startswith(reason)
    assert waiting_for(*api(**differs)) == waits


@pytest.mark.parametrize("differs", [{}, {"feed": False}, {"stale": True}])
def test_who_takes_reports_waits_for_nothing(differs: dict[str, Any]) -> None:
    found = readiness(*api(**differs))
    assert found.ready
    assert len(found.reasons) == len(differs)
    assert waiting_for(*api(**differs)) is None
