"""Errors of the registers."""


class GridError(Exception):
    """Base of every error raised in `grid`; the message says what is wrong and what to do."""


class NoMapError(GridError):
    """No area map is in force at the moment asked for."""


class RegisterError(GridError):
    """A register holds something that cannot be used."""


class DemoError(GridError):
    """The demo city cannot be made."""
