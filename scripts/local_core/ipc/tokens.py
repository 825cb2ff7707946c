"""Who is who: the token that a component process is started with is its whole identity."""

import secrets
import string

TOKEN_LENGTH = 16  # upper-case letters and digits, as the classic nucleus makes them
_ALPHABET = string.ascii_uppercase + string.digits


class Tokens:
    """Tokens issued to component processes and to the command; lost with the core, as on a device."""

    def __init__(self) -> None:
        self._component_by_token: dict[str, str] = {}

    def issue(self, component: str) -> str:
        """A new token for `component`; its earlier ones stop being valid."""
        self.revoke(component)
        token = "".join(secrets.choice(_ALPHABET) for _ in range(TOKEN_LENGTH))
        self._component_by_token[token] = component
        return token

    def revoke(self, component: str) -> None:
        """Forget every token of `component`; open connections stay, as on the nucleus."""
        self._component_by_token = {
            token: owner for token, owner in self._component_by_token.items() if owner != component
        }

    def revoke_all_but(self, component: str) -> None:
        """Forget every token but those of `component`."""
        self._component_by_token = {
            token: owner for token, owner in self._component_by_token.items() if owner == component
        }

    def component_of(self, token: str) -> str | None:
        """Name of the component that owns `token`; None when nobody does."""
        return self._component_by_token.get(token)
