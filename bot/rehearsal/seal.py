"""The seal on what the rehearsal keeps: nothing that a person sent lies readable on the disk."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class WrongKey(Exception):
    """The store was sealed with another key, or was altered: give the right key, or remove the store to start anew."""

    def __init__(self) -> None:
        super().__init__("the rehearsal's store does not open with this key")


class Seal:
    """AES-256-GCM with one key. `about` binds what is sealed to its place, so that rows cannot be swapped."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)

    def close(self, clear: bytes, about: str) -> bytes:
        """Seal some bytes."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, clear, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """Open what `close` sealed. Raises WrongKey."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())
        except InvalidTag as error:
            raise WrongKey from error
