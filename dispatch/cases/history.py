"""The one form of a case's history: canonical bytes and the hash chain (design §5, "hash").

hash = SHA-256(0x00 ‖ RFC 8785 of {case, seq, type, at, actor, body, previous_hash}).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

START = bytes(32)
LEAF = b"\x00"
INTEGER_BOUND = 2**53
DECIMALS = 7  # of degrees in a body: about a centimetre
_DEGREES = f".{DECIMALS}f"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One thing that happened to a case, as it is stored."""

    case_id: UUID
    opened_month: str
    seq: int
    type: str
    at: datetime
    actor: str
    body: Mapping[str, Any]
    previous_hash: bytes
    hash: bytes


SELECT = """
    select opened_month, case_id, seq, type, at, actor, body, previous_hash, hash from case_event
"""


@lru_cache(maxsize=1024)  # a batch names few moments, each many times
def moment(at: datetime) -> str:
    """UTC with six decimals and `Z`, the only form of a time in hashed bytes."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def moment_or_none(at: datetime | None) -> str | None:
    """The same of a moment that may not be there."""
    return None if at is None else moment(at)


def coordinate(degrees: float) -> str:
    """A longitude or latitude as hashed bodies hold it."""
    return format(degrees, _DEGREES)


def metres(value: float) -> str:
    """A projected coordinate as hashed bodies hold it: exactly, in the fewest digits."""
    return repr(float(value))


def canonical(value: Mapping[str, Any]) -> bytes:
    """RFC 8785 bytes of a value that holds no floats and whose keys are ASCII.

    Within those bounds sorted keys and orjson's escapes are exactly RFC 8785; a property test
    holds this against a full implementation.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def check_body(value: Any, path: str = "body") -> None:
    """Raises ValueError where a body holds what its hash could not keep (floats, huge integers)."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            check_body(inner, f"{path}.{key}")
    elif isinstance(value, str | bool) or value is None:
        return
    elif isinstance(value, int):
        if abs(value) >= INTEGER_BOUND:
            raise ValueError(f"{path} is an integer of 2^53 or more; store it as a string")
    elif isinstance(value, Sequence):
        for index, inner in enumerate(value):
            check_body(inner, f"{path}[{index}]")
    else:
        raise ValueError(f"{path} is a {type(value).__name__}; bodies hold no such values")


def event_hash(  # noqa: PLR0913  the seven fields of the contract
    *,
    case_id: str,
    seq: int,
    type_: str,
    at: str,
    actor: str,
    body: Mapping[str, Any] | orjson.Fragment,
    previous_hash: bytes,
) -> bytes:
    """The hash of one event, which is also its leaf in a Merkle tree.

    A body that is already `canonical` may be given as a fragment, so that it is written once.
    """
    record = {
        "case": case_id,
        "seq": seq,
        "type": type_,
        "at": at,
        "actor": actor,
        "body": body,
        "previous_hash": previous_hash.hex(),
    }
    return hashlib.sha256(LEAF + canonical(record)).digest()


def text_digest(salt: bytes, text: str) -> str:
    """How a hashed body refers to words that may have to be erased (design decision 16)."""
    return hashlib.sha256(salt + text.encode("utf-8", "surrogatepass")).hexdigest()
