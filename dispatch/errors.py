"""What can go wrong in the running system, by who can act on it."""


class DispatchError(Exception):
    """Something in the running system failed; the message says what and what to do."""


class ConfigurationError(DispatchError):
    """The installation is set up wrongly; an operator must mend it. The process ends."""


class Unavailable(DispatchError):
    """PostgreSQL or Kafka cannot be reached now; the work is tried again by itself."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} is not available: {reason}")
        self.what = what
