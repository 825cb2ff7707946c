"""100,000 bad frames: the server neither fails nor grows, and serves the SDK afterwards as before."""

import json
import os
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from local_core.ipc.eventstream import MAX_HEADERS_BYTES, MAX_PAYLOAD_BYTES, Headers, HeaderType, encode_frame
from local_core.ipc.messages import STREAM_ID, MessageType
from local_core.ipc.routes import KNOWN_OPERATIONS
from support.ipc import connect
from support.raw_ipc import RawClient, connect_message, message, number, request
from support.sample_ipc import SampleProcess, is_answered
from support.waiting import wait_until

FRAMES = 100_000
WARM_UP_FRAMES = 20_000
BATCH = 40  # connections at once
MAX_HARMLESS = 25  # frames of one connection before the one that ends it
MAX_GROWTH_BYTES = 5 * 1024 * 1024
WITHIN_S = 30.0
TAIL_PAYLOAD = b"is anybody still listening?"
TAIL = message(MessageType.PING, payload=TAIL_PAYLOAD)  # follows the frame that must end the connection


@dataclass
class Attack:
    """What one connection sends.

    Attributes:
        frames: In this order; the last ends the connection.
        answered: Streams on which the server must have answered.
    """

    frames: list[bytes] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)


class Fuzzer:
    """Makes attacks; the same seed makes the same ones."""

    def __init__(self, seed: int, token: str) -> None:
        self._random = random.Random(seed)  # noqa: S311  repeatable, not secret
        self._token = token

    def attack(self) -> Attack:
        """Some frames that hurt nobody, then one that must end the connection."""
        if self._random.random() < 0.2:
            return Attack([self._unwelcome()])
        attack = Attack([connect_message(self._token)])
        stream_id = 0
        for _ in range(self._random.randint(0, MAX_HARMLESS)):
            if self._random.random() < 0.2:
                attack.frames.append(
                    message(MessageType.PING, headers=self._headers(), payload=self._noise())
                )
            else:
                stream_id += 1
                attack.frames.append(self._call(stream_id))
                attack.answered.add(stream_id)
        attack.frames.append(self._random.choice(self._FATAL)(self, stream_id + 1))
        return attack

    def _call(self, stream_id: int) -> bytes:
        """A call that is answered, whatever its operation and its body are."""
        operation = self._random.choice(
            ["GetConfiguration", "PublishToIoTCore", "PublishToTopic", "SubscribeToTopic", "NoSuchOperation"]
        )
        body = self._noise() if self._random.random() < 0.3 else json.dumps(self._json()).encode()
        return request(stream_id, operation, body)

    def _unwelcome(self) -> bytes:
        """A first message that gets nobody in."""
        first: list[Callable[[], bytes]] = [
            lambda: connect_message("".join(self._random.choices("ABC0123", k=16))),
            lambda: connect_message(self._token, version=self._text()),
            lambda: message(MessageType.CONNECT, payload=json.dumps(self._json()).encode()),
            lambda: message(MessageType.CONNECT, headers=self._headers(), payload=self._noise()),
            lambda: request(1, self._random.choice(sorted(KNOWN_OPERATIONS)), self._json()),
            lambda: message(MessageType.PING),
            lambda: self._flipped(connect_message(self._token)),
            lambda: self._noise(12),
        ]
        return self._random.choice(first)()

    # ---- frames that end a connection ----

    def _cut(self, stream_id: int) -> bytes:
        frame = request(stream_id, "UpdateState", self._json())
        return frame[: self._random.randint(1, len(frame) - 1)]

    def _bit_flipped(self, stream_id: int) -> bytes:
        return self._flipped(request(stream_id, "GetConfiguration", self._json()))

    def _wrong_prelude_crc(self, stream_id: int) -> bytes:
        frame = request(stream_id, "GetConfiguration", {})
        return frame[:8] + struct.pack(">I", self._random.getrandbits(32)) + frame[12:]

    def _wrong_message_crc(self, stream_id: int) -> bytes:
        return request(stream_id, "GetConfiguration", {})[:-4] + struct.pack(
            ">I", self._random.getrandbits(32)
        )

    def _oversized(self, _: int) -> bytes:
        headers_bytes = self._random.choice([0, MAX_HEADERS_BYTES + 1, self._random.getrandbits(32)])
        total_bytes = self._random.choice([0, 15, MAX_PAYLOAD_BYTES + 17 + headers_bytes, 0xFFFFFFFF])
        lengths = struct.pack(">II", total_bytes & 0xFFFFFFFF, headers_bytes)
        return lengths + struct.pack(">I", zlib.crc32(lengths))

    def _pure_noise(self, _: int) -> bytes:
        return self._noise(12)

    def _random_header_bytes(self, _: int) -> bytes:
        headers = self._noise(1)
        lengths = struct.pack(">II", 16 + len(headers), len(headers))
        body = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers
        return body + struct.pack(">I", zlib.crc32(body))

    def _no_message_headers(self, _: int) -> bytes:
        return encode_frame(self._headers(), self._noise())

    def _wrong_stream(self, stream_id: int) -> bytes:
        wrong = self._random.choice([0, -1, stream_id + 1, stream_id + 1000, 2**31 - 1, -(2**31)])
        return request(wrong, "GetConfiguration", {})

    def _wrong_type(self, stream_id: int) -> bytes:
        kind = self._random.choice([1, 2, 4, 5, 6, 7, 8, 99, -1, 2**31 - 1])
        return message(kind, stream_id, headers=self._headers(), payload=self._noise())

    def _no_operation(self, stream_id: int) -> bytes:
        return message(
            MessageType.APPLICATION_MESSAGE, stream_id, headers=self._headers(), payload=self._noise()
        )

    def _second_connect(self, _: int) -> bytes:
        return connect_message(self._token)

    _FATAL: tuple[Callable[["Fuzzer", int], bytes], ...] = (
        _cut,
        _bit_flipped,
        _wrong_prelude_crc,
        _wrong_message_crc,
        _oversized,
        _pure_noise,
        _random_header_bytes,
        _no_message_headers,
        _wrong_stream,
        _wrong_type,
        _no_operation,
        _second_connect,
    )

    # ---- random pieces ----

    def _flipped(self, frame: bytes) -> bytes:
        changed = bytearray(frame)
        changed[self._random.randrange(len(changed))] ^= 1 << self._random.randrange(8)
        return bytes(changed)

    def _noise(self, min_bytes: int = 0) -> bytes:
        return self._random.randbytes(self._random.randint(min_bytes, min_bytes + 60))

    def _text(self) -> str:
        return "".join(chr(self._random.choice([65, 0x7F, 0xE4, 0x20AC, 0x1F600])) for _ in range(8))

    def _headers(self) -> Headers:
        headers: Headers = {}
        for _ in range(self._random.randint(0, 4)):
            kind = self._random.choice(
                [HeaderType.STRING, HeaderType.BYTES, HeaderType.INT64, HeaderType.TRUE]
            )
            value: Any = {
                HeaderType.STRING: self._text(),
                HeaderType.BYTES: self._noise(),
                HeaderType.INT64: self._random.getrandbits(63),
                HeaderType.TRUE: True,
            }[kind]
            headers[self._text()] = (kind, value)
        return headers

    def _json(self, depth: int = 0) -> Any:
        kind = self._random.randrange(8 if depth < 4 else 5)
        match kind:
            case 0:
                return None
            case 1:
                return self._random.choice([True, False, 0, -1, 2**63, 1e300, 0.1])
            case 2 | 3:
                return self._text()
            case 4:
                return self._random.choice(["topic", "keyPath", "publishMessage"])
            case 5:
                return [self._json(depth + 1) for _ in range(self._random.randint(0, 3))]
            case _:
                return self._json_object(depth)

    def _json_object(self, depth: int = 0) -> dict[str, Any]:
        keys = ["topic", "keyPath", "publishMessage", "topicName", self._text()]
        return {self._random.choice(keys): self._json(depth + 1) for _ in range(self._random.randint(0, 4))}


def batches(fuzzer: Fuzzer, frames: int) -> Iterator[list[Attack]]:
    """Batches of attacks with `frames` frames at least in all."""
    sent = 0
    while sent < frames:
        batch = [fuzzer.attack() for _ in range(BATCH)]
        yield batch
        sent += sum(len(attack.frames) for attack in batch)


def carry_out(address: Path, batch: list[Attack]) -> None:
    """Send a batch over as many connections: all its calls are answered, and nothing after the last frame."""
    clients = [RawClient(address) for _ in batch]
    for client, attack in zip(clients, batch, strict=True):
        client.send(*attack.frames, TAIL)
        client.end()
    for client, attack in zip(clients, batch, strict=True):
        with client:
            answers = client.receive_all()
        assert attack.answered <= {number(answer, STREAM_ID) for answer in answers}
        assert TAIL_PAYLOAD not in (answer.payload for answer in answers)


def test_a_hundred_thousand_bad_frames_do_no_harm(tmp_path: Path) -> None:
    seed = int(os.environ.get("IPC_FUZZ_SEED", "20261122"))
    print(f"IPC_FUZZ_SEED={seed}")  # noqa: T201  pytest shows it when the test fails
    with SampleProcess(tmp_path) as server:
        fuzzer = Fuzzer(seed, server.token)
        process = psutil.Process(server.pid)
        for batch in batches(fuzzer, WARM_UP_FRAMES):
            carry_out(server.address, batch)
        wait_until(lambda: server.connection_count() == 0, WITHIN_S, "every connection has ended")
        bytes_before, files_before = process.memory_info().rss, process.num_fds()

        for batch in batches(fuzzer, FRAMES - WARM_UP_FRAMES):
            carry_out(server.address, batch)
        wait_until(lambda: server.connection_count() == 0, WITHIN_S, "every connection has ended")

        assert process.memory_info().rss - bytes_before < MAX_GROWTH_BYTES
        assert process.num_fds() == files_before
        with connect(server.address, server.token) as client:
            assert is_answered(client)
    assert server.log.read_text() == ""
