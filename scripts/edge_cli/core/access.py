"""The command's own identity on a core: token and socket in `<root>/cli_ipc_info/`, as on a device."""

import json
from dataclasses import dataclass
from pathlib import Path

from edge_cli.core.processes import refuse_another_users
from edge_cli.errors import CommandError
from local_core.layout import Layout


@dataclass(frozen=True, slots=True)
class Access:
    """How greengrass-cli may talk to one core: SVCUID and the path of the IPC socket."""

    token: str
    socket_path: str


def read_access(root: Path) -> Access:
    """The first readable file in `<root>/cli_ipc_info/`, as greengrass-cli reads it.

    Raises:
        CommandError: There is none: no core has run on this root, or another user's does.
    """
    folder = Layout(root).cli_ipc_info
    for path in sorted(folder.glob("*")):
        try:
            info = json.loads(path.read_text())
            return Access(info["cli_auth_token"], info["domain_socket_path"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # another user's, as greengrass-cli passes them over too
    refuse_another_users(root)
    raise CommandError(
        f"No core runs on {root}: {folder} holds no token that you may read. "
        f"Start one: scripts/edge core up --root {root}"
    )
