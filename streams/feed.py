"""The live feed: what was published lately, kept in a ring, with positions to resume from.

A position is a vector: one `label-topicmark:offset` a topic, behind the installation's epoch.
All of this belongs to one event loop; another thread reads Kafka and hands entries over.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from streams.errors import StreamError
from streams.records import Partition, Record

MARK_LENGTH = 8


class BadPosition(StreamError):
    """A position that cannot be resumed from; the reader must load everything anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One topic of the feed: its label in positions (the district) and Kafka's id of it."""

    label: str
    topic: str
    topic_id: UUID

    @property
    def name(self) -> str:
        return f"{self.label}-{self.topic_id.hex[:MARK_LENGTH]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event, encoded once for all readers; `fields` is what filters look at, so no body."""

    source: str
    offset: int
    fields: Mapping[str, Any]
    data: bytes


Positions = dict[str, int]


def encode_position(epoch: int, positions: Mapping[str, int]) -> str:
    """The text of a position, as it stands in `id:`."""
    return f"{epoch}~" + ",".join(f"{name}:{offset}" for name, offset in positions.items())


def decode_position(text: str, epoch: int, known: Iterable[str]) -> Positions:
    """Reads a position of this epoch over known topics; raises BadPosition on anything else.

    A topic that came into being since is read from its beginning.
    """
    head, _, tail = text.partition("~")
    if head != str(epoch):
        raise BadPosition("the position is of another epoch: the database was restored since")
    names = set(known)
    found: Positions = {}
    for item in filter(None, tail.split(",")):
        name, _, offset = item.rpartition(":")
        if name not in names or not offset.isascii() or not offset.isdigit():
            raise BadPosition(f"the position names {name or item!r}, which is not a topic here")
        found[name] = int(offset)
    return {name: found.get(name, 0) for name in names}


def encode_event(position: str, type_: str, value: bytes) -> bytes:
    """One Server-Sent Event. JSON has no raw line break, so one `data:` line is enough."""
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (position.encode(), type_.encode(), value)


def encode_reset(position: str, reason: str) -> bytes:
    """Tells a reader that its position is of no use: it must load everything anew."""
    return encode_event(position, "reset", orjson.dumps({"position": position, "reason": reason}))


class Encoder:
    """Turns records into entries, keeping the position that each of them leads to."""

    def __init__(self, epoch: int, sources: Iterable[Source], positions: Mapping[str, int]) -> None:
        self._epoch = epoch
        self._names = {source.topic: source.name for source in sources}
        self.positions: Positions = dict(sorted(positions.items()))

    def encode(self, record: Record) -> Entry | None:
        """The record as an entry; None for what is not an event (it only moves the position)."""
        name = self._names[record.partition.topic]
        self.positions[name] = record.offset + 1
        try:
            fields = orjson.loads(record.value or b"")
            type_ = fields["type"]
            # Nobody filters by it, and the collector would walk through thousands of them.
            fields.pop("body", None)
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
            return None
        position = encode_position(self._epoch, self.positions)
        return Entry(
            source=name,
            offset=record.offset,
            fields=fields,
            data=encode_event(position, type_, record.value or b""),
        )


class Ring:
    """The latest entries, and the vector of positions behind the last of them."""

    def __init__(self, size: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)
        self._starts: Positions = {}
        self.positions: Positions = {}

    def begin(self, positions: Mapping[str, int]) -> None:
        """Starts (again) at these positions with nothing kept."""
        self._entries.clear()
        self._starts = dict(positions)
        self.positions = dict(positions)

    def append(self, entries: Iterable[Entry], positions: Mapping[str, int]) -> None:
        """Adds entries in order; `positions` is the vector behind the last."""
        for entry in entries:
            if len(self._entries) == self._entries.maxlen:
                oldest = self._entries[0]
                self._starts[oldest.source] = oldest.offset + 1
            self._entries.append(entry)
        self.positions = dict(positions)

    def covers(self, positions: Mapping[str, int]) -> bool:
        """Whether everything behind `positions` is still kept here."""
        return all(offset >= self._starts.get(name, 0) for name, offset in positions.items())

    def after(self, positions: Mapping[str, int]) -> list[Entry]:
        """The kept entries at or behind `positions`, in order."""
        return [e for e in self._entries if e.offset >= positions.get(e.source, 0)]


def partitions_of(sources: Iterable[Source]) -> dict[Partition, str]:
    """The partitions to read (one a topic) and the name of each in positions."""
    return {Partition(source.topic, 0): source.name for source in sources}
