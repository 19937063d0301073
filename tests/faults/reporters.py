"""Phones in the field: they send, send again when they got no answer, and repeat themselves."""

import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from dispatch.simulation.fieldwork import FieldWork
from tests.faults.diary import Diary, outcome_of
from tests.faults.doors import Caller, Doors
from tests.faults.recorded import Outcome

TRIES = 12
Report = dict[str, Any]


class Reporter:
    """One stream of reports. Everything that it sends and hears goes into the diary."""

    def __init__(self, doors: Doors, token: str, diary: Diary, work: FieldWork) -> None:
        self._client = Caller(doors, {"Authorization": f"Bearer {token}"})
        self._diary = diary
        self._work = work
        self._pick = random.Random(work.seed)
        self._pool = ThreadPoolExecutor(4)

    def run(self, rate: float, stop: threading.Event) -> None:
        """Sends about `rate` reports a second until `stop`; then ends what it has begun."""
        waiting: list[Callable[[], bool]] = []
        tries: dict[int, int] = {}
        while not stop.is_set():
            started = time.monotonic()
            sent, again = self._something()
            waiting += again
            if waiting:
                self._once_more(waiting, tries)
            stop.wait(max(0.0, sent / rate - (time.monotonic() - started)))
        for _ in range(TRIES):
            if not waiting:
                break
            self._once_more(waiting, tries)
            time.sleep(0.5)
        self._pool.shutdown()
        self._client.close()

    def _once_more(self, waiting: list[Callable[[], bool]], tries: dict[int, int]) -> None:
        attempt = waiting.pop(0)
        tries[id(attempt)] = tries.get(id(attempt), 0) + 1
        if not attempt() and tries[id(attempt)] < TRIES:
            waiting.append(attempt)

    def _something(self) -> tuple[int, list[Callable[[], bool]]]:
        """One act in the field; answers how many reports it was, and what to try once more."""
        report = {**self._work.report(), "text": f"t{self._pick.getrandbits(40):x}"}
        chance = self._pick.random()
        if chance < 0.2:
            return self._in_a_batch(report)
        if chance < 0.35:
            return self._twice_at_once(report)
        attempts: list[Callable[[], bool]] = [lambda: self._send(report)]
        if chance < 0.42:
            # The same id once more with other words: refused here while the first is remembered.
            attempts.append(lambda: self._send(_other(report)))
        return len(attempts), [attempt for attempt in attempts if not attempt()]

    def _twice_at_once(self, report: Report) -> tuple[int, list[Callable[[], bool]]]:
        """A phone whose two triggers send the same report at the same moment."""
        sent = [self._pool.submit(self._send, report) for _ in range(2)]
        answered = [one.result() for one in sent]
        return 2, [] if all(answered) else [lambda: self._send(report)]

    def _in_a_batch(self, first: Report) -> tuple[int, list[Callable[[], bool]]]:
        """A phone that comes back online; one line stands twice, and a third time otherwise.

        Intake cannot know the first body when it judges the third, so the engine must refuse it.
        """
        reports = [first, *(self._fresh() for _ in range(3)), first, _other(first)]
        done = self._send_batch(reports)
        return len(reports), [] if done else [lambda: self._send_batch(reports)]

    def _fresh(self) -> Report:
        return {**self._work.report(), "text": f"t{self._pick.getrandbits(40):x}"}

    def _send(self, report: Report) -> bool:
        """Tells whether the answer is known now."""
        try:
            outcome = outcome_of(self._client.post("/reports", json=report).status_code)
        except httpx.HTTPError:
            outcome = Outcome.INFO
        self._diary.reported(report["id"], report["text"], outcome)
        return outcome is not Outcome.INFO

    def _send_batch(self, reports: Sequence[Report]) -> bool:
        body = "\n".join(json.dumps(report) for report in reports)
        headers = {"Content-Type": "application/x-ndjson"}
        try:
            answer = self._client.post("/reports/batch", content=body.encode(), headers=headers)
            lines = answer.text.splitlines() if answer.status_code == 200 else []
            statuses = [json.loads(line)["status"] for line in lines]
        except (httpx.HTTPError, ValueError):
            statuses = []
        if len(statuses) != len(reports):
            statuses = [503] * len(reports)
        for report, status in zip(reports, statuses, strict=True):
            self._diary.reported(report["id"], report["text"], outcome_of(status))
        return all(outcome_of(status) is not Outcome.INFO for status in statuses)


def _other(report: Report) -> Report:
    """Another body under the same id."""
    return {**report, "text": f"{report['text']}-other"}
