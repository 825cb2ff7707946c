"""ValidateAuthorizationToken: how Stream Manager asks whose token a client has shown it."""

from local_core.ipc.rpc import Call, JsonObject, Operation, RpcError, unauthorized
from local_core.ipc.tokens import Tokens

# AuthenticationHandler of the classic nucleus lets nobody else ask.
STREAM_MANAGER = "aws.greengrass.StreamManager"


class AuthorizationTokens:
    """Says whether a token belongs to a component of this core.

    Args:
        tokens: The core's.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def operations(self) -> list[Operation]:
        """What this family offers."""
        return [Operation("ValidateAuthorizationToken", self._validate)]

    def _validate(self, call: Call) -> JsonObject:
        if call.component != STREAM_MANAGER:
            raise unauthorized(f"{call.component} is not authorized to perform {call.operation}")
        token = call.request.get("token")
        if not isinstance(token, str) or self._tokens.component_of(token) is None:
            raise RpcError("InvalidTokenError", "Token is not valid")
        return {"isValid": True}
