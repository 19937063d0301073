"""Bearer tokens: who is asking, in which role, for which area or department (decision 15)."""

import time
import uuid
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from dispatch.errors import DispatchError

AUDIENCE = "wangge"
ALGORITHM = "Ed25519"
DEFAULT_HOURS = 12


class Role(StrEnum):
    """The roles of design §5, "Who may what"."""

    REPORTER = "reporter"
    MEMBER = "member"
    ACCEPTOR = "acceptor"
    DISPATCHER = "dispatcher"
    HANDLER = "handler"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMIN = "admin"
    GATEWAY = "gateway"


class TokenRefused(DispatchError):
    """The token cannot be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is asking. `scope` is an area code (that area and all below it)."""

    subject: str
    role: Role
    scope: str
    department: str | None
    jti: str
    expires: int


def issue(
    key: OKPKey,
    *,
    role: Role,
    scope: str,
    department: str | None = None,
    subject: str | None = None,
    seconds: int = DEFAULT_HOURS * 3600,
) -> str:
    """Signs a token. A handler's token needs a department."""
    if role is Role.HANDLER and not department:
        raise TokenRefused("a handler's token needs --department: whose cases may it handle?")
    now = int(time.time())
    claims: dict[str, object] = {
        "aud": AUDIENCE,
        "sub": subject or f"{role}-{uuid.uuid4().hex[:12]}",
        "jti": uuid.uuid4().hex,
        "iat": now,
        "exp": now + seconds,
        "role": str(role),
        "scope": scope,
    }
    if department:
        claims["department"] = department
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": "JWT"}
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM])


class Verifier:
    """Checks tokens; remembers genuine ones, so that a signature is checked once.

    The deny-list is held in memory and replaced when it changes, so that intake needs no
    database to refuse a revoked token.
    """

    REMEMBERED = 20_000

    def __init__(self, key: OKPKey) -> None:
        self._key = key
        self._genuine: OrderedDict[str, Principal] = OrderedDict()
        self._revoked: frozenset[str] = frozenset()

    def deny(self, jtis: Iterable[str]) -> None:
        """Replaces the deny-list."""
        self._revoked = frozenset(jtis)

    @property
    def denied(self) -> frozenset[str]:
        return self._revoked

    def verify(self, token: str) -> Principal:
        """The principal of a usable token; raises TokenRefused saying why it is not."""
        principal = self._genuine.get(token)
        if principal is None:
            principal = self._check(token)
            self._genuine[token] = principal
            if len(self._genuine) > self.REMEMBERED:
                self._genuine.popitem(last=False)
        self.still_valid(principal)
        return principal

    def still_valid(self, principal: Principal) -> None:
        """Raises TokenRefused when the token has expired or was revoked since."""
        if principal.expires <= time.time():
            raise TokenRefused("the token has expired; ask for a new one")
        if principal.jti in self._revoked:
            raise TokenRefused("the token was revoked; ask for a new one")

    def _check(self, token: str) -> Principal:
        try:
            decoded = jwt.decode(token, self._key, algorithms=[ALGORITHM])
            claims = decoded.claims
            if decoded.header.get("kid") != self._key.kid or claims.get("aud") != AUDIENCE:
                raise TokenRefused("the token was not made for this installation")
            return Principal(
                subject=str(claims["sub"]),
                role=Role(claims["role"]),
                scope=str(claims["scope"]),
                department=claims.get("department"),
                jti=str(claims["jti"]),
                expires=int(claims["exp"]),
            )
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise TokenRefused(
                "the token is not one of this installation (forged, damaged or incomplete)"
            ) from error
