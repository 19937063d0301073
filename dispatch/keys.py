"""The installation's keys: one signs tokens, one seals contacts and proves receipts.

Both are made on first use, in `<data_dir>/keys`, readable by the owner only.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import OKPKey

from dispatch.errors import ConfigurationError

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one installation, as read from its data directory."""

    signing: OKPKey
    secret: bytes

    def receipt(self, report_id: str, subject: str, fingerprint: bytes) -> str:
        """What the reporter may show later to read the state of exactly this body.

        Holds the start of the fingerprint, so that of two bodies under one id each receipt
        finds its own fate.
        """
        mark = fingerprint[:12]
        return base64.urlsafe_b64encode(mark + self._proof(report_id, mark)).decode().rstrip("=")

    def read_receipt(self, report_id: str, receipt: str) -> bytes | None:
        """The start of the fingerprint that a genuine receipt for this id holds, else None."""
        try:
            raw = base64.urlsafe_b64decode(receipt + "=" * (-len(receipt) % 4))
        except ValueError:
            return None
        mark, proof = raw[:12], raw[12:]
        return mark if hmac.compare_digest(proof, self._proof(report_id, mark)) else None

    def seal(self, plain: bytes, about: str) -> bytes:
        """Encrypts personal data (AES-256-GCM); `about` is bound to it and must match to open."""
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(self._derive(b"contact")).encrypt(nonce, plain, about.encode())

    def unseal(self, sealed: bytes, about: str) -> bytes:
        """Opens what `seal` made; raises cryptography's InvalidTag when anything differs."""
        return AESGCM(self._derive(b"contact")).decrypt(sealed[:12], sealed[12:], about.encode())

    def pseudonym(self, words: str) -> str:
        """An opaque account id for a person who has no account, the same for the same words."""
        return "p-" + hmac.new(self._derive(b"person"), words.encode(), "sha256").hexdigest()[:24]

    def _proof(self, report_id: str, mark: bytes) -> bytes:
        message = report_id.encode() + b"\0" + mark
        return hmac.digest(self._derive(b"receipt"), message, "sha256")[:18]

    def _derive(self, use: bytes) -> bytes:
        return _derived(use, self.secret)


@lru_cache(maxsize=16)
def _derived(use: bytes, secret: bytes) -> bytes:
    return hashlib.sha256(use + b"\0" + secret).digest()


def load_keys(directory: Path) -> Keys:
    """Reads the keys, making them first where there are none.

    Raises ConfigurationError when a key file is damaged or cannot be read.
    """
    signing = _read_or_make(directory / "signing.json", _new_signing_key)
    secret = _read_or_make(directory / "installation.key", _new_secret)
    try:
        return Keys(
            signing=OKPKey.import_key(json.loads(signing)), secret=base64.b64decode(secret.strip())
        )
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(
            f"a key file in {directory} is damaged ({error}); put it back from a backup. "
            "A new one would make all tokens, receipts and sealed contacts unreadable"
        ) from error


def _new_signing_key() -> bytes:
    key = OKPKey.generate_key("Ed25519", {"kid": secrets.token_hex(4), "use": "sig"})
    return json.dumps(key.as_dict(private=True)).encode()


def _new_secret() -> bytes:
    return base64.b64encode(secrets.token_bytes(SECRET_BYTES))


def _read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ConfigurationError(f"the key file {path} cannot be read: {error}") from error
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Linked into place only when complete, so that two processes starting at once agree on one.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(make())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    return path.read_bytes()
