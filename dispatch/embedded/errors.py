"""What can go wrong with the private servers; every message says what to do."""

from dispatch.errors import DispatchError


class EmbeddedError(DispatchError):
    """A private server cannot be made, started or used."""


class MissingSoftwareError(EmbeddedError):
    """Something that the private servers need is not installed; `make setup` installs it."""


class StartFailedError(EmbeddedError):
    """A private server ended, or was not ready in time; the message carries the reason."""
