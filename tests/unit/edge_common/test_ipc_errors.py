"""The SDK's exceptions in our words: what may be tried again, and what a person is told."""

import pytest

from edge_common.errors import PermanentError, TransientError
from edge_common.ipc.errors import Asked, translate

ASKED = Asked("PublishToIoTCore", "orangepi5-core-001/sensors/data")


@pytest.mark.parametrize(
    ("native", "told"),
    [
        ("4104 (AWS_ERROR_EVENT_STREAM_RPC_CONNECTION_CLOSED): closed.", "may have acted on it"),
        ("44 (AWS_ERROR_FILE_INVALID_PATH): Invalid file path.", "there is no socket at this path"),
        ("1047 (AWS_IO_SOCKET_CONNECTION_REFUSED): refused.", "nobody listens on this socket"),
        ("99 (AWS_ERROR_OTHER): something else.", "something else. Try again."),
    ],
)
def test_failures_of_the_native_layer_are_transient_and_in_plain_words(native: str, told: str) -> None:
    """It raises them as plain RuntimeError, a lost connection among them."""
    error = translate(RuntimeError(native), ASKED)

    assert isinstance(error, TransientError)
    assert told in error.reason
    assert ".." not in error.reason


def test_a_message_that_fits_into_no_frame_is_permanent() -> None:
    native = RuntimeError("4099 (AWS_ERROR_EVENT_STREAM_MESSAGE_FIELD_SIZE_EXCEEDED): too large.")

    assert isinstance(translate(native, ASKED), PermanentError)
