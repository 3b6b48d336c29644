"""The user's token for the Hugging Face hub: kept in the system's keyring, and read where others left it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from app.core.errors import UserError
from app.core.log import logger
from app.inference.generator import Cancelled, never
from app.services.hub.client import HubClient, check_written
from app.services.hub.failures import Request, described
from app.services.hub.interruptible import Paused, call

SERVICE = "griffin-desk"
"""Of the entry in the keyring."""
_ACCOUNT = "huggingface.co"
_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")

_log = logger("tokens")


class TokenError(UserError):
    """There is no keyring that a token can be kept in, or it refuses (code no-keyring)."""

    default_code = "no-keyring"


@dataclass(frozen=True, slots=True)
class FoundToken:
    """A token, and where it is."""

    token: str = field(repr=False)
    place: str
    """keyring, environment or hugging face's own file."""

    @property
    def in_words(self) -> str:
        """The place, for messages: `the token from …`."""
        return {"keyring": "the keyring", "environment": "the environment (HF_TOKEN)"}.get(
            self.place, "Hugging Face's own file"
        )


class Keyring(Protocol):
    """What the store needs of the package keyring."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


class TokenStore:
    """Where the token is. Nothing here asks the network."""

    def __init__(self, *, environment: Mapping[str, str] | None = None, keyring: Keyring | None = None) -> None:
        """environment, keyring: the process's own and the system's where they are None."""
        self._environment = os.environ if environment is None else environment
        self._keyring = keyring

    def find(self) -> FoundToken | None:
        """The token of the keyring, else HF_TOKEN, else the one that Hugging Face's own tools keep in their file."""
        if token := self._from_keyring():
            return FoundToken(token, "keyring")
        if self._environment.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() in ("1", "ON", "YES", "TRUE"):
            return None
        for variable in _VARIABLES:
            if token := self._environment.get(variable, "").strip():
                return FoundToken(token, "environment")
        if token := _from_file():
            return FoundToken(token, "hugging face's own file")
        return None

    def keep(self, token: str) -> None:
        """Put a token into the keyring, in the place of an older one. UserError (hub-token) where it can be none."""
        token = check_written(token)
        keyring = self._usable_keyring()
        try:
            keyring.set_password(SERVICE, _ACCOUNT, token)
        except Exception as error:  # each system's keyring has errors of its own
            raise _refusal("could not be kept in", error) from None

    def forget(self) -> bool:
        """Take the token out of the keyring; False where none was there. Those of other programs stay."""
        keyring = self._chosen_keyring()
        if keyring is None:
            return False
        try:
            if keyring.get_password(SERVICE, _ACCOUNT) is None:
                return False
            keyring.delete_password(SERVICE, _ACCOUNT)
        except Exception as error:
            raise _refusal("could not be taken out of", error) from None
        return True

    def _from_keyring(self) -> str:
        try:
            return (self._usable_keyring().get_password(SERVICE, _ACCOUNT) or "").strip()
        except TokenError:
            return ""
        except Exception as error:  # locked, or its service does not answer: the other places may have one
            _log.info("the keyring was not read: %s", type(error).__name__)
            return ""

    def _usable_keyring(self) -> Keyring:
        keyring = self._chosen_keyring()
        if keyring is None:
            raise TokenError(
                "this system has no keyring that a token can be kept in: set the environment variable HF_TOKEN to it "
                "instead"
            )
        return keyring

    def _chosen_keyring(self) -> Keyring | None:
        """None where the system has none."""
        if self._keyring is not None:
            return self._keyring
        import keyring
        from keyring.backends import fail, null

        try:
            backend: Any = keyring.get_keyring()
        except Exception as error:
            raise _refusal("could not be kept in", error) from None
        if isinstance(backend, fail.Keyring | null.Keyring):
            return None
        chosen: Keyring = backend
        return chosen


def check_token(token: str, *, client: HubClient | None = None, cancelled: Cancelled = never) -> str:
    """The name of the account that a token belongs to, as the hub says. UserError (hub-token) for a bad one.

    Also what every request to the hub may raise; Paused where it was called off.
    """
    client = client or HubClient()
    try:
        return call(lambda: client.account(token), cancelled)
    except Paused:
        raise
    except Exception as error:
        raise described(error, Request(client)) from None


def _from_file() -> str:
    from huggingface_hub import constants

    try:
        return Path(constants.HF_TOKEN_PATH).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _refusal(what: str, error: Exception) -> TokenError:
    # Not its message: nobody knows what another program puts into it.
    return TokenError(
        f"the token {what} the system's keyring ({type(error).__name__}): unlock it and try again, or set the "
        "environment variable HF_TOKEN instead"
    )
