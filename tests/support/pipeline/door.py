"""What a core under test starts as its MQTT broker: a door to a broker that outlives the core.

Run as `python door.py PORT -c FILE`, FILE being the configuration that the core has written for
mosquitto: it listens where that says and forwards every connection to PORT on loopback. The core's own broker
dies with it, and so would what it had acknowledged and not yet delivered; IoT Core does not. Two threads for
each connection; nothing of ours is imported, for the core waits until it listens.
"""

import re
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

_HOST = "127.0.0.1"
_PIECE_BYTES = 65536


def main(broker_port: int, configuration: Path) -> None:
    """Forward until killed."""
    listener = re.search(r"^listener (\d+)", configuration.read_text(), re.MULTILINE)
    assert listener, f"{configuration} names no listener"
    with socket.create_server((_HOST, int(listener[1])), backlog=16) as door:
        while True:
            client = door.accept()[0]
            broker = socket.create_connection((_HOST, broker_port))
            for source, target in ((client, broker), (broker, client)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=_forward, args=(source, target), daemon=True).start()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # either side may have gone
        while piece := source.recv(_PIECE_BYTES):
            target.sendall(piece)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[-1]))
