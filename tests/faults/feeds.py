"""C9: what a reader of the feed heard, held against the topics."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.faults.recorded import CaseRecord, FeedLog, FeedSegment, Recorded
from tests.faults.violation import Violation

Key = tuple[str, int]


def check_feeds(recorded: Recorded) -> Iterator[Violation]:
    """C9: between two resets a reader hears all that its positions span, and nothing else.

    The last position must be the end of all topics: the run waits until nothing is under way.
    """
    topics: dict[str, list[CaseRecord]] = defaultdict(list)
    for record in recorded.case_records:
        topics[record.district].append(record)
    hashes = {(event.case, event.seq): event.hash for event in recorded.events}
    for log in recorded.feeds:
        for number, segment in enumerate(log.segments):
            for wrong in _segment_wrong(segment, topics, hashes):
                yield Violation("C9", f"{log.reader}, part {number + 1}", wrong)
        yield from _end_wrong(log, topics)


def _segment_wrong(
    segment: FeedSegment, topics: Mapping[str, Sequence[CaseRecord]], hashes: Mapping[Key, str]
) -> Iterator[str]:
    first: dict[Key, int] = {}
    moved = _moved(topics)
    for index, heard in enumerate(segment.heard):
        first.setdefault((heard.case, heard.seq), index)
        if hashes.get((heard.case, heard.seq)) != heard.hash:
            yield f"event {heard.seq} of {heard.case} is not in the history"
    for source, end in segment.ends.items():
        district = source.rpartition("-")[0]
        span = range(segment.starts.get(source, 0), end)
        latest: dict[str, int] = defaultdict(lambda: -1)
        seen: set[Key] = set()
        for record in topics.get(district, ()):
            key = (record.case, record.seq)
            if record.offset not in span or key in seen:
                continue
            seen.add(key)
            if key not in first:
                yield f"event {record.seq} of {record.case} in {district} was never heard"
            elif record.case not in moved and first[key] < latest[record.case]:
                yield f"event {record.seq} of {record.case} in {district} was heard too late"
            latest[record.case] = max(latest[record.case], first.get(key, -1))


def _moved(topics: Mapping[str, Sequence[CaseRecord]]) -> set[str]:
    """Cases that are in more than one topic: between topics there is no order."""
    told: dict[str, set[str]] = defaultdict(set)
    for district, records in topics.items():
        for record in records:
            told[record.case].add(district)
    return {case for case, districts in told.items() if len(districts) > 1}


def _end_wrong(log: FeedLog, topics: Mapping[str, Sequence[CaseRecord]]) -> Iterator[Violation]:
    ends = {} if not log.segments else log.segments[-1].ends
    told = {source.rpartition("-")[0]: offset for source, offset in ends.items()}
    for district, records in topics.items():
        last = max(record.offset for record in records) + 1
        if told.get(district) != last:
            wrong = f"ends at {told.get(district)} of {district}, whose topic ends at {last}"
            yield Violation("C9", log.reader, wrong)
