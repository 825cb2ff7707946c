"""Who may connect: the rules of the CONNECT message, as the nucleus's AuthenticationHandler has them."""

import orjson

from local_core.ipc.messages import VERSION, Message, MessageType, ProtocolError, string_header
from local_core.ipc.tokens import Tokens

PROTOCOL_VERSION = "0.1.0"  # of event-stream RPC; awsiot.eventstreamrpc.VERSION_STRING


class ConnectRefusedError(Exception):
    """The answer is a CONNECT_ACK without the flag of acceptance; the text says why, for the core's log."""


def component_of_connect(message: Message, tokens: Tokens) -> str:
    """Name of the component that the first message of a connection proves to come from.

    Raises:
        ProtocolError: The first message is no CONNECT.
        ConnectRefusedError: Wrong version, no JSON, or a token that nobody owns.
    """
    if message.type is not MessageType.CONNECT:
        raise ProtocolError(f"{message.type.name} came before CONNECT")
    version = string_header(message.headers, VERSION)
    if version != PROTOCOL_VERSION:
        raise ConnectRefusedError(f"CONNECT speaks version {version!r}, this core {PROTOCOL_VERSION!r}")
    try:
        body = orjson.loads(message.payload)
    except orjson.JSONDecodeError as error:
        raise ConnectRefusedError(f"the payload of CONNECT is no JSON: {error}") from error
    token = body.get("authToken") if isinstance(body, dict) else None
    component = tokens.component_of(token) if isinstance(token, str) else None
    if component is None:
        raise ConnectRefusedError("CONNECT carries no authToken that this core has issued")
    return component
