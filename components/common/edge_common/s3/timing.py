"""How long a request may take. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long one request may take; all in seconds, > 0.

    The defaults keep a promise: after a fault clears, what waits goes on within 30 s. A try that hangs ends
    after `whole_s`, and the wait behind it is 12 s at most (`edge_common.outbox.DeliveryBackoff`).

    Attributes:
        connect_s: To connect, and for each 16 KiB of a body to leave: a slow line may take its time. The SDK
            sends a body only when S3 has said that it wants it (Expect: 100-continue), or after a second.
        read_s: Silence while an answer is awaited.
        credentials_s: For the token exchange to take a connection, and again to answer.
        whole_s: For everything from fetching credentials to the end of the answer, whoever trickles on the
            way. A body has its own time besides, as a line of 64 kbit/s needs it.
        together_read_s: `read_s` while S3 puts the parts of a file together: it may take minutes, and sends
            blanks meanwhile (S3 API Reference, CompleteMultipartUpload).
        together_s: `whole_s` for that.
    """

    connect_s: float = 10.0
    read_s: float = 10.0
    credentials_s: float = 5.0
    whole_s: float = 15.0
    together_read_s: float = 60.0
    together_s: float = 300.0
