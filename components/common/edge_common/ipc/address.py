"""Where the core is and who this process is to it: the environment that a core gives its components."""

import os
from dataclasses import dataclass, field
from typing import Self

from edge_common.errors import ConfigError

SOCKET_VARIABLE = "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT"
TOKEN_VARIABLE = "SVCUID"  # noqa: S105  the name of a variable, no secret
_MAX_PATH_BYTES = 107  # sun_path of unix(7), without the final NUL


@dataclass(frozen=True, slots=True)
class CoreAddress:
    """What a connection needs.

    Attributes:
        socket_path: The core's Unix socket.
        token: This process's whole identity; new at every start by the core.
    """

    socket_path: str
    token: str = field(repr=False)

    @classmethod
    def of(cls, socket_path: str | None, token: str | None) -> Self:
        """The given values, and what the environment says for those that are None.

        Raises:
            ConfigError: One of them is nowhere, or the path cannot be a socket's.
        """
        path = socket_path or os.environ.get(SOCKET_VARIABLE, "")
        secret = token or os.environ.get(TOKEN_VARIABLE, "")
        missing = [name for name, value in ((SOCKET_VARIABLE, path), (TOKEN_VARIABLE, secret)) if not value]
        faults = [
            f"{name} is not set: this process was not started by a Greengrass core. "
            "Deploy the component, or run it with `scripts/edge run`."
            for name in missing
        ]
        if len(path.encode()) > _MAX_PATH_BYTES:
            faults.append(
                f"{SOCKET_VARIABLE} {path!r} has {len(path.encode())} bytes; a socket's path has at most "
                f"{_MAX_PATH_BYTES}. Move the core's root to a shorter path."
            )
        if faults:
            raise ConfigError(faults)
        return cls(path, secret)
