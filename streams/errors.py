"""What can go wrong between us and Kafka, by who can act on it."""


class StreamError(Exception):
    """Something between Wangge and Kafka failed."""


class BrokerUnavailable(StreamError):
    """Kafka cannot be reached or does not answer in time; try again later."""


class Overloaded(StreamError):
    """The producer's own in-flight limit is reached; the caller must shed load."""


class TopicChanged(StreamError):
    """A topic was deleted and made again: stored offsets no longer mean the same records.

    An operator must look, then say so with `wangge offsets accept-new-topic`.
    """


class PositionLost(StreamError):
    """A stored offset is no longer in the topic (past retention); an operator must look."""


class TopicMissing(StreamError):
    """A topic does not exist on the broker."""
