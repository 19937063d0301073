"""No line of a log holds what a person wrote, is called or is reached by."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from dispatch.keys import load_keys
from dispatch.process.logs import NUMBERS, TEXTS, WITHHELD, WORDS, describe, scrub, without_people
from dispatch.tokens import Role, issue
from streams.errors import BrokerUnavailable

ROOT = Path(__file__).parents[3]
PHONES = ["13812345678", "138 1234 5678", "+86 138-1234-5678", "0746-8351234", "110101199003078888"]


def line(**fields: Any) -> str:
    return json.dumps(without_people(None, "info", dict(fields)), ensure_ascii=False)


@given(st.text(min_size=1), st.text(min_size=1), st.text())
def test_a_field_outside_the_vocabulary_never_comes_through(
    name: str, value: str, more: str
) -> None:
    known = NUMBERS | WORDS | TEXTS
    if name not in known:
        kept = without_people(None, "info", {"event": "ok", name: f"{value} {more}"})
        assert set(kept) <= {"event", "withheld"}
        assert kept["event"] == "ok"
        assert kept["withheld"] in ([name], [WITHHELD])


@given(st.sampled_from(sorted(NUMBERS | WORDS | TEXTS)), st.text(min_size=3))
def test_foreign_letters_never_come_through_in_any_field(name: str, value: str) -> None:
    shown = line(**{name: value})
    assert all(letter <= "~" for letter in shown)


@pytest.mark.parametrize("phone", PHONES)
@pytest.mark.parametrize("name", sorted(TEXTS | WORDS))
def test_telephones_and_identity_cards_never_come_through(phone: str, name: str) -> None:
    for text in (phone, f"call {phone} now", f"({phone})", f"x={phone}"):
        shown = line(**{name: text})
        assert phone not in shown
        assert phone[-6:] not in shown


def test_tokens_never_come_through(tmp_path: Path) -> None:
    token = issue(load_keys(tmp_path).signing, role=Role.MEMBER, scope="431100", seconds=60)
    for text in (token, f"Bearer {token}", f"Authorization: Bearer {token}", f"?t={token}&x"):
        for name in ("event", "reason", "path", "other"):
            assert token[:20] not in line(**{name: text})


def failed(state: str, message: str) -> Exception:
    """An error of the database as the driver raises it."""
    kind = psycopg.errors.lookup(state)
    original = kind(message)
    return DBAPIError.instance("insert …", None, original, psycopg.Error)


KINDS: list[Callable[[str], Exception]] = [
    ValueError, KeyError, RuntimeError, UnicodeError, OSError, psycopg.DataError,
    partial(failed, "22001"), partial(failed, "23505"),
]  # fmt: skip


@given(st.text(), st.sampled_from(KINDS))
def test_an_error_that_is_not_ours_is_told_the_same_whatever_its_message_is(
    told: str, kind: Callable[[str], Exception]
) -> None:
    assert line(event="failed", error=kind(told)) == line(event="failed", error=kind("another"))


def test_what_an_operator_needs_comes_through() -> None:
    away = BrokerUnavailable('Kafka producer: NoBrokersAvailable "127.0.0.1:9092"')
    assert describe(away) == str(away)
    full = OSError(28, "No space left on device", "/data/run")
    assert describe(full) == "OSError: No space left on device"
    assert describe(failed("40P01", "")) == "DeadlockDetected 40P01"
    lost = psycopg.OperationalError('connection to server at "127.0.0.1", port 5432 failed')
    assert describe(lost).endswith('"127.0.0.1", port 5432 failed')
    kept = without_people(None, "info", {"event": "batch", "records": 500, "ms": 12.5})
    assert kept == {"event": "batch", "records": 500, "ms": 12.5}
    try:
        scrub(None)  # type: ignore[arg-type]
    except AttributeError as error:
        told = without_people(None, "info", {"event": "failed", "error": error})
        assert told["reason"] == "AttributeError"
        assert str(told["where"]).startswith("dispatch/process/logs.py:")


def test_only_the_first_line_counts_for_the_driver_adds_the_row_that_failed() -> None:
    told = 'could not extend file\nDETAIL: x\nCONTEXT: COPY report, line 3: "Li Ming, at home"'
    assert "Li Ming" not in line(reason=told, event="x")
    assert "Li Ming" not in line(reason='value "Li Ming at home" is too long', event="x")


def calls() -> Iterator[tuple[str, ast.Call]]:
    for room in ("dispatch", "grid", "geo", "streams", "workflows"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id == "log"
                    and node.func.attr in {"debug", "info", "warning", "error", "exception"}
                ):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_every_line_of_ours_is_a_constant_with_fields_of_the_vocabulary() -> None:
    found = list(calls())
    assert len(found) > 20
    for where, call in found:
        (told,) = call.args
        assert isinstance(told, ast.Constant), where
        assert scrub(str(told.value)) == told.value, where
        fields = {word.arg for word in call.keywords}
        assert fields <= NUMBERS | WORDS | TEXTS | {"error"}, where


PROGRAM = """
import logging, sys, threading, warnings
from dispatch.process.logs import catch_the_uncaught, set_up_logs
set_up_logs(True)
catch_the_uncaught()
secret = sys.argv[1]
logging.getLogger("uvicorn.error").error("failed for %s", secret)
logging.getLogger("asyncio").error(f"Task failed\\nfuture: {secret}")
try:
    raise ValueError(secret)
except ValueError:
    logging.getLogger("uvicorn.error").exception("Exception in ASGI application\\n")
def work():
    raise KeyError(secret)
thread = threading.Thread(target=work)
thread.start()
thread.join()
class Odd:
    def __del__(self):
        raise RuntimeError(secret)
odd = Odd()
del odd
raise RuntimeError(secret)
"""


def test_libraries_threads_and_the_end_of_a_process_are_told_without_what_they_carry() -> None:
    secret = "Li Ming at home"
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, secret], capture_output=True, text=True, check=False,
        cwd=ROOT,
    )  # fmt: skip
    assert secret not in ended.stderr + ended.stdout
    lines = [json.loads(one) for one in ended.stderr.splitlines()]
    told = [(one["event"], one.get("reason")) for one in lines]
    assert told == [
        ("failed for %s", None),
        ("Task failed", None),
        ("Exception in ASGI application", "ValueError"),
        ("a thread ended", "KeyError"),
        ("an error was passed over", "RuntimeError"),
        ("ended by an error", "RuntimeError"),
    ]
    assert {one["level"] for one in lines} == {"error"}
