"""One message as somebody listening sees it, and its text for people and programs; pure."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edge_common.timestamps import format_timestamp

_SHOWN_BYTES = 16


@dataclass(frozen=True, slots=True)
class TopicMessage:
    """A message that arrived.

    Attributes:
        received_at: When it arrived here, UTC.
        topic: Concrete topic.
        payload: As it came.
    """

    received_at: datetime
    topic: str
    payload: bytes

    def content(self) -> Any:
        """The payload decoded as JSON; None when it is not JSON (or JSON's null)."""
        try:
            return json.loads(self.payload)
        except ValueError:
            return None

    def text(self) -> str:
        """The payload on one line: text, control characters spelt out; else its length and first bytes."""
        try:
            text = self.payload.decode().replace("\r", "").replace("\n", " ")
        except UnicodeDecodeError:
            more = "…" if len(self.payload) > _SHOWN_BYTES else ""
            return f"<{len(self.payload)} bytes: {self.payload[:_SHOWN_BYTES].hex(' ')}{more}>"
        # Whoever publishes must not drive the terminal of who listens.
        return "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode()
            for character in text
        )

    def document(self) -> dict[str, Any]:
        """For programs: `payload` is the JSON, or the text, or else `payload_base64` has the bytes."""
        document: dict[str, Any] = {"received_at": format_timestamp(self.received_at), "topic": self.topic}
        try:
            text = self.payload.decode()
        except UnicodeDecodeError:
            return document | {"payload_base64": base64.b64encode(self.payload).decode()}
        try:
            return document | {"payload": json.loads(text)}
        except ValueError:
            return document | {"payload": text}
