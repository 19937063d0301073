"""What the workflow room refuses, and what the one who meets the refusal can do."""

from collections.abc import Sequence

from workflows.labels import Label


class WorkflowError(Exception):
    """The base of every error of this room. The message is complete in itself."""


class LimitError(WorkflowError):
    """A limit's text cannot be read, or its amount is none that a clock can count."""


class CalendarError(WorkflowError):
    """A calendar document is wrong, or a moment lies outside what the calendar knows."""


class DocumentError(WorkflowError):
    """A file of the standards or definitions cannot be read as a document."""


class CategoryError(WorkflowError):
    """A category catalogue is wrong at the place that the message names."""


class SeasonError(WorkflowError):
    """A season or a band of hours cannot be read."""


class CodeUnknown(WorkflowError):
    """A code, or a standard, that there is not."""


class StandardNeeded(CodeUnknown):
    """A code was asked for without its standard; the message names those that know it."""


class DefinitionError(WorkflowError):
    """A workflow definition is wrong at the place that the message names."""


class ActionRefused(WorkflowError):
    """The base of the three ways in which a command to a case is refused.

    `words` are the reason in both languages, where a guard refuses.
    """

    words: Label | None = None


class NotAllowed(ActionRefused):
    """The actor may not do this to this case, whatever its state (HTTP 403)."""


class NotPossible(ActionRefused):
    """The case cannot take this action now (HTTP 409).

    `possible` names the actions that the case's state has, for whoever may do them.
    """

    def __init__(self, message: str, possible: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.possible = tuple(possible)


class FieldsMissing(ActionRefused):
    """Fields of the action are missing, blank or wrong (HTTP 422).

    `errors` holds one pair (field, reason) for each.
    """

    def __init__(self, action: str, errors: Sequence[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        told = "; ".join(f"{field} {reason}" for field, reason in self.errors)
        super().__init__(f"The action {action} lacks what it needs: {told}.")
