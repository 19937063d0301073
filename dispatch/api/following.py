"""Follows the case topics for one api process, and hands entries to its subscribers."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress

import structlog

from dispatch.errors import Unavailable
from dispatch.process.stopping import Stop
from dispatch.settings import Settings
from streams.consumer import made_again
from streams.errors import PositionLost, StreamError
from streams.feed import (
    BadPosition,
    Encoder,
    Entry,
    Positions,
    Ring,
    Source,
    decode_position,
    encode_position,
    encode_reset,
    partitions_of,
)
from streams.kafka import KafkaAdmin, KafkaTailReader

CATCH_UP = 2000
log = structlog.get_logger("feed")


class Subscriber:
    """One client's bounded queue. What does not fit ends the stream; the client resumes."""

    def __init__(self, wanted: Callable[[Entry], bool], limit: int, asks: Hashable) -> None:
        self._wanted = wanted
        self.asks = asks
        """What it asks for; those who ask for the same get the same."""
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self.overflowed = False

    def choose(self, entries: Sequence[Entry]) -> list[bytes]:
        """What the client wants of these."""
        return [entry.data for entry in entries if self._wanted(entry)]

    def offer(self, chosen: Sequence[bytes]) -> None:
        """Queues what was chosen; never waits."""
        room = self._limit - len(self._waiting)
        self.overflowed = self.overflowed or len(chosen) > room
        self._waiting.extend(chosen[:room])
        if self._waiting or self.overflowed:
            self._ready.set()

    def reset(self, told: bytes) -> None:
        """What still waits belongs to a feed that is gone; the client hears `told` in its place."""
        self._waiting.clear()
        self._waiting.append(told)
        self._ready.set()

    def select(self, entries: Sequence[Entry]) -> bytes:
        """The bytes of those entries that the client wants (for replays, which are not queued)."""
        return b"".join(self.choose(entries))

    async def take(self, timeout_s: float) -> bytes:
        """All that waits, as one chunk; empty after the time-out."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._ready.wait()
        self._ready.clear()
        chunk = b"".join(self._waiting)
        self._waiting.clear()
        return chunk


class _Every:
    """True once each so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def due(self) -> bool:
        if time.monotonic() - self._last < self._seconds:
            return False
        self._last = time.monotonic()
        return True


class Following:
    """The feed of one process: a reading thread, a ring, and the subscribers."""

    def __init__(
        self,
        settings: Settings,
        *,
        loop: asyncio.AbstractEventLoop,
        districts: Callable[[], Sequence[str]],
        epoch: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._loop = loop
        self._districts = districts
        self._read_epoch = epoch
        self._ring = Ring(settings.feed_ring)
        self._subscribers: set[Subscriber] = set()
        self._sources: tuple[Source, ...] = ()
        self._reader: KafkaTailReader | None = None
        self._failed = False
        self.epoch = 0
        self.ready = False

    def start(self, stop: Stop) -> None:
        """Starts the reading thread."""
        threading.Thread(target=self._run, args=(stop,), name="feed", daemon=True).start()

    @property
    def clients(self) -> int:
        return len(self._subscribers)

    @property
    def kafka_away(self) -> bool:
        """Whether Kafka is known to be away: what reads all the time has no connection."""
        reader = self._reader
        return self._failed if reader is None else bool(self._sources) and not reader.connected

    @property
    def position(self) -> str:
        return encode_position(self.epoch, self._ring.positions)

    def join(self, subscriber: Subscriber) -> None:
        """From now on the subscriber hears every entry; call in the event loop."""
        self._subscribers.add(subscriber)

    def leave(self, subscriber: Subscriber) -> None:
        self._subscribers.discard(subscriber)

    def parse(self, text: str) -> Positions:
        """Reads a client's position; raises BadPosition."""
        return decode_position(text, self.epoch, [source.name for source in self._sources])

    def kept(self, positions: Positions) -> list[Entry] | None:
        """What the ring has behind `positions`, or None when it does not reach back so far.

        Raises BadPosition when the feed follows other topics now.
        """
        if positions.keys() != self._ring.positions.keys():
            raise BadPosition("the topics of the feed have changed since")
        # Another api process may be some records ahead of this one.
        ahead = any(at > self._ring.positions[name] for name, at in positions.items())
        return None if ahead or not self._ring.covers(positions) else self._ring.after(positions)

    async def read_back(self, positions: Positions) -> tuple[list[Entry], Positions]:
        """The next entries from Kafka behind `positions`; raises BadPosition past retention."""
        return await asyncio.to_thread(self._read_back, positions, dict(self._ring.positions))

    def _read_back(
        self, positions: Positions, until: Mapping[str, int]
    ) -> tuple[list[Entry], Positions]:
        partitions = partitions_of(self._sources)
        reader = KafkaTailReader(self._settings.kafka_servers)
        try:
            first, ends = reader.beginnings(partitions), reader.ends(partitions)
            for partition, name in partitions.items():
                if not first[partition] <= positions[name] <= ends[partition]:
                    raise BadPosition("the position is older than what is kept, or not yet written")
            encoder = Encoder(self.epoch, self._sources, positions)
            behind = {p: positions[n] for p, n in partitions.items() if positions[n] < until[n]}
            reader.assign(behind)
            entries: list[Entry] = []
            while len(entries) < CATCH_UP and any(
                encoder.positions[name] < until[name] for name in until
            ):
                for record in reader.poll(1.0, 500):
                    if record.offset < until[partitions[record.partition]]:
                        entry = encoder.encode(record)
                        entries += [] if entry is None else [entry]
            return entries, encoder.positions
        finally:
            reader.close()

    def _run(self, stop: Stop) -> None:
        while not stop.is_set():
            try:
                self._follow(stop)
            except PositionLost as error:
                # What nobody read yet is gone; begin again at the end, and tell every reader.
                self.ready = False
                self._sources = ()
                log.error("events were deleted before they were read", error=error)
            except StreamError as error:
                self.ready, self._failed = False, True
                log.warning("kafka is away", error=error)
            except Unavailable as error:
                self.ready = False
                log.warning("postgres is away", error=error)
            except Exception as error:  # noqa: BLE001  the thread must live as long as the process
                self.ready = False
                log.error("feed starts again", error=error)
            stop.wait(1)

    def _follow(self, stop: Stop) -> None:
        districts = self._districts()
        sources = self._find_sources(districts)
        self._failed = False
        partitions = partitions_of(sources)
        topic_ids = {source.topic: source.topic_id for source in sources}
        reader = KafkaTailReader(self._settings.kafka_servers)
        try:
            epoch = self._read_epoch()
            ends = reader.ends(partitions)
            continues = sources == self._sources and epoch == self.epoch
            starts = {
                name: self._ring.positions[name] if continues else ends[partition]
                for partition, name in partitions.items()
            }
            encoder = Encoder(epoch, sources, starts)
            reader.assign({p: starts[name] for p, name in partitions.items()})
            if not continues:
                self._loop.call_soon_threadsafe(self._begin, sources, epoch, dict(starts))
            self._loop.call_soon_threadsafe(self._is_ready)
            self._reader = reader
            look = _Every(self._settings.refresh_s)
            while not stop.is_set() and self._districts() == districts:
                if look.due() and self._is_outdated(sources, districts, epoch):
                    return
                records = reader.poll(0.5, 1000)
                # Offsets of a topic that was made again fit the old one, too, when it has as many.
                if made_again(reader, topic_ids):
                    return
                found = [e for e in map(encoder.encode, records) if e is not None]
                if records:
                    self._loop.call_soon_threadsafe(self._publish, found, dict(encoder.positions))
        finally:
            self._reader = None
            reader.close()

    def _is_outdated(
        self, sources: tuple[Source, ...], districts: Sequence[str], epoch: int
    ) -> bool:
        """Whether the epoch has risen, or the topic of a district came into being after it."""
        if self._epoch_now(epoch) != epoch:
            return True
        return len(sources) < len(districts) and self._find_sources(districts) != sources

    def _epoch_now(self, known: int) -> int:
        """The epoch as the database has it; the known one while the database cannot be asked."""
        try:
            return self._read_epoch()
        except Unavailable:
            return known

    def _find_sources(self, districts: Sequence[str]) -> tuple[Source, ...]:
        admin = KafkaAdmin(self._settings.kafka_servers)
        try:
            topics = {self._settings.cases_topic(code): code for code in districts}
            ids = admin.topic_ids(topics)
        finally:
            admin.close()
        return tuple(
            Source(label=label, topic=topic, topic_id=ids[topic])
            for topic, label in sorted(topics.items())
            if topic in ids
        )

    def _begin(self, sources: tuple[Source, ...], epoch: int, positions: Positions) -> None:
        self._sources = sources
        self.epoch = epoch
        self._ring.begin(positions)
        told = encode_reset(self.position, "the feed began anew; load the cases again")
        for subscriber in self._subscribers:
            subscriber.reset(told)

    def _is_ready(self) -> None:
        self.ready = True

    def _publish(self, entries: Sequence[Entry], positions: Positions) -> None:
        self._ring.append(entries, positions)
        # A command centre has many screens that ask for the same: it is looked at once.
        chosen: dict[Hashable, list[bytes]] = {}
        for subscriber in self._subscribers:
            if subscriber.asks not in chosen:
                chosen[subscriber.asks] = subscriber.choose(entries)
            subscriber.offer(chosen[subscriber.asks])
