"""The unmodified AWS SDK connected to an IPC socket, for every test that plays a component.

The SDK's client blocks its caller and calls back from threads of its own, so the server under test must run
in another thread (`support.loops.LoopThread`) or another process.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import awsiot.greengrasscoreipc
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

CLOSE_TIMEOUT_S = 10.0


@contextmanager
def connect(socket_path: Path, token: str) -> Iterator[GreengrassCoreIPCClientV2]:
    """A connected client whose events arrive in order (an executor of one thread); closed tidily at the end.

    Args:
        socket_path: What a component finds in AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT.
        token: What a component finds in SVCUID.

    Raises:
        awsiot.eventstreamrpc.AccessDeniedError: The server refused the token.
    """
    connection = awsiot.greengrasscoreipc.connect(ipc_socket=str(socket_path), authtoken=token)
    client = GreengrassCoreIPCClientV2(client=connection, executor=ThreadPoolExecutor(max_workers=1))
    try:
        yield client
    finally:
        # The connection first: it closes every open stream, and on_stream_closed still finds its executor.
        # A connection that was lost before has failed its future, which is no news here.
        connection.close().exception(CLOSE_TIMEOUT_S)
        client.close()
