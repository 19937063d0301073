"""Tokens that must open nothing: expired, revoked, forged, made for others, incomplete."""

import base64
import hmac
import json
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from dispatch.tokens import ALGORITHM, AUDIENCE, Role, TokenRefused, Verifier, issue


@pytest.fixture(scope="module")
def key() -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": "ours"})


@pytest.fixture
def verifier(key: OKPKey) -> Verifier:
    return Verifier(key)


def claims(**other: Any) -> dict[str, Any]:
    good = {
        "aud": AUDIENCE,
        "sub": "member-1",
        "jti": "j1",
        "exp": int(time.time()) + 60,
        "role": "member",
        "scope": "4311",
    }
    return {name: value for name, value in {**good, **other}.items() if value is not None}


def signed(key: OKPKey, kid: str = "ours", **other: Any) -> str:
    return jwt.encode({"alg": ALGORITHM, "kid": kid}, claims(**other), key, algorithms=[ALGORITHM])


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_an_issued_token_says_who_is_asking(key: OKPKey, verifier: Verifier) -> None:
    token = issue(key, role=Role.HANDLER, scope="431102", department="D07", subject="h-1")
    principal = verifier.verify(token)
    assert (principal.subject, principal.role) == ("h-1", Role.HANDLER)
    assert (principal.scope, principal.department) == ("431102", "D07")


def test_a_handler_needs_a_department(key: OKPKey) -> None:
    with pytest.raises(TokenRefused, match="--department"):
        issue(key, role=Role.HANDLER, scope="431102")


def test_an_expired_token_is_refused_also_when_it_was_good_before(
    key: OKPKey, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed(key)
    verifier.verify(token)
    later = time.time() + 61
    monkeypatch.setattr("dispatch.tokens.time.time", lambda: later)
    with pytest.raises(TokenRefused, match="expired"):
        verifier.verify(token)


def test_a_revoked_token_is_refused_at_once_and_others_are_not(
    key: OKPKey, verifier: Verifier
) -> None:
    token, other = signed(key), signed(key, jti="j2")
    verifier.verify(token)
    verifier.deny(["j1"])
    with pytest.raises(TokenRefused, match="revoked"):
        verifier.verify(token)
    assert verifier.verify(other).jti == "j2"


def test_a_token_of_another_key_is_forged(verifier: Verifier) -> None:
    stranger = OKPKey.generate_key("Ed25519", {"kid": "ours"})
    with pytest.raises(TokenRefused, match="not one of this installation"):
        verifier.verify(signed(stranger))


def test_an_unsigned_token_is_forged(verifier: Verifier) -> None:
    for header in ({"alg": "none", "kid": "ours"}, {"alg": "NONE", "kid": "ours"}, {"kid": "ours"}):
        with pytest.raises(TokenRefused, match="not one of this installation"):
            verifier.verify(f"{part(header)}.{part(claims())}.")


def test_the_public_key_is_no_secret_to_sign_with(key: OKPKey, verifier: Verifier) -> None:
    signing_input = f"{part({'alg': 'HS256', 'kid': 'ours'})}.{part(claims())}"
    mac = hmac.digest(key.as_pem(private=False), signing_input.encode(), "sha256")
    signature = base64.urlsafe_b64encode(mac).decode().rstrip("=")
    with pytest.raises(TokenRefused, match="not one of this installation"):
        verifier.verify(f"{signing_input}.{signature}")


def test_changed_claims_do_not_fit_the_signature(key: OKPKey, verifier: Verifier) -> None:
    head, _body, signature = signed(key).split(".")
    with pytest.raises(TokenRefused, match="not one of this installation"):
        verifier.verify(f"{head}.{part(claims(role='admin'))}.{signature}")


@pytest.mark.parametrize("other", [{"aud": "elsewhere"}, {"aud": None}, {"kid": "theirs"}])
def test_a_token_made_for_another_installation_is_refused(
    key: OKPKey, verifier: Verifier, other: dict[str, Any]
) -> None:
    with pytest.raises(TokenRefused, match="not made for this installation"):
        verifier.verify(signed(key, **other))


@pytest.mark.parametrize(
    "other",
    [
        {"sub": None},
        {"jti": None},
        {"exp": None},
        {"scope": None},
        {"role": None},
        {"role": "emperor"},
        {"exp": "soon"},
    ],
)
def test_an_incomplete_token_is_refused(
    key: OKPKey, verifier: Verifier, other: dict[str, Any]
) -> None:
    with pytest.raises(TokenRefused, match="not one of this installation"):
        verifier.verify(signed(key, **other))


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "\0", "é.ü.ß", "a" * 10_000])
def test_what_is_no_token_at_all_is_refused(verifier: Verifier, token: str) -> None:
    with pytest.raises(TokenRefused):
        verifier.verify(token)
