"""What travels: records, positions, and the interfaces of reader and writer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """One partition of one topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as read from Kafka."""

    partition: Partition
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One record to be written."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


Done = Callable[[Exception | None], None]


class Writer(Protocol):
    """Writes records; each `done` is called once, from another thread, with how it ended."""

    def send_all(self, group: Sequence[tuple[Message, Done]]) -> None:
        """Takes a group of records, in order.

        May block for metadata up to the configured bound. Where it raises BrokerUnavailable, it
        has taken none of them.
        """

    def close(self) -> None:
        """Waits briefly for what is under way, then ends."""


class AssignmentListener(Protocol):
    """Told by a group reader, inside `poll`, which partitions come and go."""

    def assigned(self, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        """Returns where to start reading each of them; may raise."""

    def revoked(self, partitions: Iterable[Partition]) -> None:
        """These are no longer ours; a batch under way for them must not be committed."""


class Reader(Protocol):
    """Reads records of the partitions that are ours."""

    def poll(self, timeout_s: float, limit: int) -> Sequence[Record]:
        """Records in order within a partition; empty when none came in time."""

    def seek(self, positions: Mapping[Partition, int]) -> None:
        """Reads on from these offsets."""

    def topic_id(self, topic: str) -> UUID | None:
        """Kafka's id of the topic, as last seen; another id is another topic of that name."""

    def close(self) -> None: ...
