"""Kafka's record batch, format 2, made whole: what a producer sends of one partition.

kafka-python encodes a record byte by byte and keeps three objects for each; a batch whose records
are all known is one join and one struct. Field names follow Kafka's protocol documentation.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import crc32c

from streams.records import Done, Message

# baseOffset, batchLength, partitionLeaderEpoch, magic, crc, attributes, lastOffsetDelta,
# baseTimestamp, maxTimestamp, producerId, producerEpoch, baseSequence, the number of records.
_HEADER = struct.Struct(">qiibIhiqqqhii")
_BEFORE_LENGTH_COUNTS = 12
_AFTER_CRC = 21
_NOBODY = -1


def _varint(value: int) -> bytes:
    """Zigzag and seven bits a byte, of a number that is not negative."""
    value <<= 1
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | (value & 0x7F))
        value >>= 7
    out.append(value)
    return bytes(out)


_SMALL = tuple(_varint(value) for value in range(8192))


def _number(value: int) -> bytes:
    return _SMALL[value] if value < len(_SMALL) else _varint(value)


def _named(name: str) -> bytes:
    encoded = name.encode()
    return _number(len(encoded)) + encoded


def encode_record(offset: int, message: Message) -> bytes:
    """One record, `offset` after the batch's first, at the batch's own time."""
    key, value, headers = message.key, message.value, message.headers
    parts = [b"\0\0", _number(offset), _number(len(key)), key, _number(len(value)), value]
    parts.append(_number(len(headers)))
    for name, content in headers:
        parts += (_NAMES.get(name) or _named(name), _number(len(content)), content)
    body = b"".join(parts)
    return _number(len(body)) + body


# The headers of every event, encoded once.
_NAMES = {
    name: _named(name)
    for name in (
        "ce_specversion",
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_subject",
        "ce_time",
        "content-type",
    )
}


@dataclass(slots=True)
class Share:
    """What goes into one batch: encoded records of one partition, and who waits for each."""

    topic: str
    partition: int
    encoded: list[bytes] = field(default_factory=list)
    dones: list[Done] = field(default_factory=list)
    size: int = 0


def collate(
    group: Sequence[tuple[Message, Done]], slot_of: Callable[[Message], int], most_bytes: int
) -> Iterator[Share]:
    """The records by partition, in order; no share of several records is above `most_bytes`."""
    shares: dict[tuple[str, int], Share] = {}
    for message, done in group:
        at = (message.topic, slot_of(message))
        share = shares.get(at)
        if share is None:
            share = shares[at] = Share(*at)
        record = encode_record(len(share.encoded), message)
        if share.encoded and share.size + len(record) > most_bytes:
            yield share
            share = shares[at] = Share(*at)
            record = encode_record(0, message)
        share.encoded.append(record)
        share.dones.append(done)
        share.size += len(record)
    yield from shares.values()


class Records:
    """The records of one batch. It has the face that kafka-python's sender expects of one."""

    def __init__(self, encoded: Sequence[bytes], timestamp_ms: int) -> None:
        self._count = len(encoded)
        self._timestamp_ms = timestamp_ms
        self._bytes = bytearray(_HEADER.size)
        self._bytes += b"".join(encoded)
        self._closed = False
        self.producer_id = _NOBODY
        self.producer_epoch = _NOBODY
        self.base_sequence = _NOBODY

    def append(self, *_record: object) -> None:
        """Takes nothing more: the batch is whole."""

    def is_full(self) -> bool:
        return True

    def next_offset(self) -> int:
        return self._count

    def size_in_bytes(self) -> int:
        return len(self._bytes)

    def set_producer_state(
        self, producer_id: int, producer_epoch: int, base_sequence: int, _transactional: bool
    ) -> None:
        self.producer_id = producer_id
        self.producer_epoch = producer_epoch
        self.base_sequence = base_sequence

    def close(self) -> None:
        """Writes the header; a second time, on a retry, it changes nothing."""
        if self._closed:
            return
        self._closed = True
        _HEADER.pack_into(
            self._bytes, 0,
            0, len(self._bytes) - _BEFORE_LENGTH_COUNTS, 0, 2, 0, 0, self._count - 1,
            self._timestamp_ms, self._timestamp_ms,
            self.producer_id, self.producer_epoch, self.base_sequence, self._count,
        )  # fmt: skip
        checked = crc32c.crc32c(memoryview(self._bytes)[_AFTER_CRC:])
        struct.pack_into(">I", self._bytes, _AFTER_CRC - 4, checked)

    def buffer(self) -> bytearray:
        return self._bytes
