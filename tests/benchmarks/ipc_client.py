"""A client of the IPC benchmark: the unmodified SDK in a process of its own.

    python ipc_client.py pipelined|one_by_one SOCKET TOKEN CALLS

Connects, warms up, prints a line, waits for a line on stdin, makes the calls, and prints what it measured as
JSON: `start_s` and `end_s` on the machine's monotonic clock, `latencies_s` of each call made one by one.
"""

import collections
import json
import sys
import time
from concurrent.futures import Future
from typing import Any

import awsiot.greengrasscoreipc
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

DEPTH = 64  # calls in flight at once when pipelined
PAYLOAD_BYTES = 166  # a reading as JSON
TOPIC = "orangepi5-core-001/sensors/data"
WARM_UP_CALLS = 200
TIMEOUT_S = 60.0


def publish_async(client: GreengrassCoreIPCClientV2) -> "Future[Any]":
    """One PublishToIoTCore; its future."""
    published: Future[Any] = client.publish_to_iot_core_async(
        topic_name=TOPIC, qos="1", payload=b"x" * PAYLOAD_BYTES
    )
    return published


def pipelined(client: GreengrassCoreIPCClientV2, calls: int) -> list[float]:
    """As fast as possible with DEPTH calls in flight; latencies mean nothing here."""
    flying: collections.deque[Future[Any]] = collections.deque()
    for _ in range(calls):
        if len(flying) == DEPTH:
            flying.popleft().result(TIMEOUT_S)
        flying.append(publish_async(client))
    for future in flying:
        future.result(TIMEOUT_S)
    return []


def one_by_one(client: GreengrassCoreIPCClientV2, calls: int) -> list[float]:
    """Each call after the answer to the one before; seconds of each."""
    latencies_s = []
    for _ in range(calls):
        before_s = time.perf_counter()
        publish_async(client).result(TIMEOUT_S)
        latencies_s.append(time.perf_counter() - before_s)
    return latencies_s


def main() -> None:
    """See the module."""
    how, socket, token, calls = sys.argv[1:]
    work = {"pipelined": pipelined, "one_by_one": one_by_one}[how]
    connection = awsiot.greengrasscoreipc.connect(ipc_socket=socket, authtoken=token)
    client = GreengrassCoreIPCClientV2(client=connection, executor=None)
    work(client, WARM_UP_CALLS)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    start_s = time.monotonic()
    latencies_s = work(client, int(calls))
    end_s = time.monotonic()
    json.dump({"start_s": start_s, "end_s": end_s, "latencies_s": latencies_s}, sys.stdout)
    client.close().result(TIMEOUT_S)


if __name__ == "__main__":
    main()
