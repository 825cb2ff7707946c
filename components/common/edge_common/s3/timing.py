"""How long a request may take. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long one request may take; all in seconds, > 0.

    Attributes:
        connect_s: To connect, and for each 16 KiB of a body to leave: a slow line may take its time. The SDK
            sends a body only when S3 has said that it wants it (Expect: 100-continue), or after a second.
        read_s: Silence while an answer is awaited. S3 may take minutes to put many parts together, but it
            sends blanks meanwhile.
        credentials_s: For the token exchange to take a connection, and again to answer.
    """

    connect_s: float = 10.0
    read_s: float = 30.0
    credentials_s: float = 5.0
