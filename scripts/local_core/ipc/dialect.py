"""In what the two nuclei differ as servers of IPC, as data. What they answer to calls: `operations`."""

from dataclasses import dataclass

from local_core.ipc.eventstream import LITE_MAX_FRAME_BYTES, MAX_FRAME_BYTES


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one nucleus treats its clients.

    Attributes:
        max_frame_bytes: A client that sends a longer frame is cut off.
        acknowledges_refusal: Whether a refused CONNECT is answered by a CONNECT_ACK without acceptance; if
            not, the connection just ends, which the SDK reports as a closed socket.
    """

    max_frame_bytes: int
    acknowledges_refusal: bool


CLASSIC = Dialect(MAX_FRAME_BYTES, acknowledges_refusal=True)

# client_ready in modules/ggipcd/src/ipc_server.c of Lite gives up the connection without a word.
LITE = Dialect(LITE_MAX_FRAME_BYTES, acknowledges_refusal=False)
