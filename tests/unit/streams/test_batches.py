"""The record batch that we write is the one that every Kafka client reads."""

from hypothesis import given
from hypothesis import strategies as st
from kafka.record.memory_records import MemoryRecords

from streams.batches import Records, collate
from streams.records import Done, Message

HEADER = st.tuples(
    st.sampled_from(["ce_id", "ce_type", "x-other", "标题"]), st.binary(max_size=200)
)
MESSAGES = st.builds(
    lambda key, value, headers: Message(topic="t", key=key, value=value, headers=tuple(headers)),
    st.binary(max_size=20),
    st.one_of(st.binary(max_size=300), st.integers(8000, 9000).map(bytes)),
    st.lists(HEADER, max_size=7),
)


def nobody(_error: Exception | None) -> None: ...


def group_of(messages: list[Message]) -> list[tuple[Message, Done]]:
    return [(message, nobody) for message in messages]


@given(st.lists(MESSAGES, min_size=1, max_size=150), st.integers(0, 2**40))
def test_a_batch_reads_as_what_was_written(messages: list[Message], now: int) -> None:
    (share,) = collate(group_of(messages), lambda _: 3, 10**9)
    records = Records(share.encoded, now)
    records.set_producer_state(4711, 2, 99, False)
    records.close()
    written = bytes(records.buffer())
    records.close()
    assert bytes(records.buffer()) == written
    (batch,) = MemoryRecords(written)
    assert batch.validate_crc()
    assert (batch.producer_id, batch.producer_epoch, batch.base_sequence) == (4711, 2, 99)
    read = list(batch)
    assert [record.offset for record in read] == list(range(len(messages)))
    assert {record.timestamp for record in read} == {now}
    assert [(r.key, r.value, tuple(r.headers)) for r in read] == [
        (m.key, m.value, m.headers) for m in messages
    ]


@given(st.lists(MESSAGES, max_size=40), st.integers(1, 20_000))
def test_shares_keep_the_order_of_each_partition_and_their_size(
    messages: list[Message], most: int
) -> None:
    def slot(message: Message) -> int:
        return len(message.key) % 3

    shares = list(collate(group_of(messages), slot, most))
    for partition in range(3):
        got = [s for s in shares if s.partition == partition]
        values = [
            record.value
            for share in got
            for batch in MemoryRecords(_closed(share.encoded))
            for record in batch
        ]
        assert values == [m.value for m in messages if slot(m) == partition]
    assert all(share.size <= most or len(share.encoded) == 1 for share in shares)
    assert all(len(share.dones) == len(share.encoded) for share in shares)


def _closed(encoded: list[bytes]) -> bytes:
    records = Records(encoded, 1)
    records.close()
    return bytes(records.buffer())
