"""Kills a component's outbox again and again; run as a program, so that it may fork.

    python -m support.outbox.killing FOLDER CYCLES SEED batches|messages

Each cycle forks a worker with a real outbox, threads and all; kills it with SIGKILL at a random moment from
before opening to well into its work; and goes on with what is left. The far end is this process, at the other
end of a socket: it takes, fails, refuses, or takes and does not answer, by chance. In the end a far end that
is well gets the rest, and everything is counted. Prints one JSON object.
"""

import json
import os
import random
import select
import signal
import socket
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from edge_common import log
from edge_common.errors import EdgeError, PermanentError, RefusedError, TransientError
from edge_common.outbox import BatchOutbox, MessageOutbox, OutboxConfig, Parcel
from edge_common.outbox.config import MIN_MAX_BYTES
from edge_common.spool import SpoolFullError
from support.outbox.bench import BATCHING, LANES, WINDOW
from support.outbox.ends import IN_A_BLINK, POISON, context_of
from support.outbox.witness import Witness, arrived, parcel_of, put, putting, record_of
from support.spool.spooling import seeded

MAX_LIFE_S = 0.05
KILLED_WHILE_OPENING_SHARE = 0.3
PATIENCE_S = 30.0
PUTTERS = 2
POISONED_SHARE = 0.03
_ANSWER_BYTES = 1
_TAKEN, _FAILED, _REFUSED, _POISON = b"T", b"F", b"R", b"P"


class SocketSink:
    """Sends a line for each parcel or message and waits for one byte."""

    prepare = staticmethod(parcel_of)

    def __init__(self, far_end: socket.socket) -> None:
        self._far_end = far_end

    def send(self, sent: Any) -> Any:
        """See `BatchSink` and `MessageSink`."""
        if isinstance(sent, Parcel):
            error = self._ask(arrived(sent.name, sent.body.split(b"\n")), POISON in sent.body)
            if error is not None:
                raise error
            return None
        return [self._ask(arrived("", [record]), POISON in record) for record in sent]

    def _ask(self, line: bytes, poisoned: bool) -> EdgeError | None:  # noqa: FBT001  one of two things that are sent
        self._far_end.sendall(b"%s%s" % (_POISON if poisoned else b"", line))
        match self._far_end.recv(_ANSWER_BYTES):
            case b"T":
                return None
            case b"R":
                return RefusedError("refused", code="refused")
            case b"P":
                return PermanentError("poison", code="poison")
            case _:
                return TransientError("away")


def work(folder: Path, cycle: int, said: int, far_end: socket.socket, *, batches: bool) -> None:
    """Put and deliver until killed."""
    serial = cycle * 100_000
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # logs are nobody's concern here
    config = OutboxConfig(folder=str(folder), max_bytes=MIN_MAX_BYTES, min_free_bytes=0, on_full="reject")
    sink = SocketSink(far_end)
    outbox = (
        BatchOutbox(config, BATCHING, sink, context_of(), IN_A_BLINK)
        if batches
        else MessageOutbox(config, sink, WINDOW, context_of(), IN_A_BLINK)
    )
    with outbox:
        for putter in range(PUTTERS):
            chance = seeded(cycle * PUTTERS + putter)
            arguments = (outbox, serial + putter, chance, said)
            threading.Thread(target=_put, args=arguments, daemon=True).start()
        signal.pause()


def _put(outbox: BatchOutbox | MessageOutbox, serial: int, chance: random.Random, said: int) -> None:
    while True:
        poisoned = chance.random() < POISONED_SHARE
        record = record_of(serial, poisoned=poisoned, size_bytes=chance.choice((1, 30, 200, 3000)))
        os.write(said, putting(serial))
        with suppress(SpoolFullError):
            outbox.put(record)
            os.write(said, put(serial, poisoned=poisoned))
        serial += PUTTERS


class FarEnd:
    """What is at the other end of the socket for one life of the worker."""

    def __init__(self, witness: Witness, chance: random.Random) -> None:
        self._witness = witness
        self._chance = chance
        self._rest = b""
        self.tries = 0
        self.lost_answers = 0

    def hear(self, content: bytes) -> bytes:
        """Take whole lines; one byte of answer for each."""
        *lines, self._rest = (self._rest + content).split(b"\n")
        return b"".join(map(self._answer, lines))

    def _answer(self, line: bytes) -> bytes:
        self.tries += 1
        draw = self._chance.random()
        if draw < 0.1:
            return _FAILED
        if draw < 0.15:
            return _REFUSED
        if line.startswith(_POISON):
            return _POISON
        self._witness.hear(line + b"\n")
        if draw < 0.25:
            self.lost_answers += 1
            return _FAILED
        return _TAKEN


def live_and_die(
    folder: Path, witness: Witness, chance: random.Random, cycle: int, *, batches: bool
) -> FarEnd:
    """One life of a worker; its far end."""
    heard, said = os.pipe()
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            os.close(heard)
            ours.close()
            work(folder, cycle, said, theirs, batches=batches)
        finally:
            os._exit(1)
    os.close(said)
    theirs.close()
    far_end = FarEnd(witness, chance)
    lines = []
    if chance.random() > KILLED_WHILE_OPENING_SHARE:
        select.select([heard], [], [], PATIENCE_S)  # until the first put: a busy machine takes its time
    end_s = time.monotonic() + chance.uniform(0, MAX_LIFE_S)
    ends = (heard, ours.fileno())
    with closing(ours):
        while (left_s := end_s - time.monotonic()) > 0:
            for ready in select.select(ends, [], [], left_s)[0]:
                if ready != heard:
                    ours.sendall(far_end.hear(ours.recv(1 << 16)))
                else:
                    lines.append(os.read(heard, 1 << 16))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with os.fdopen(heard, "rb") as rest:
        lines.append(rest.read())
    witness.hear(b"".join(lines))
    return far_end


def main(folder: Path, cycles: int, seed: int, *, batches: bool) -> None:
    """Run the trial and print what came of it."""
    chance = seeded(seed)
    witness = Witness()
    ends = [live_and_die(folder, witness, chance, cycle, batches=batches) for cycle in range(cycles)]
    may_repeat = LANES * WINDOW * cycles + sum(end.lost_answers for end in ends)
    faults = witness.judge(folder, batches=batches, may_repeat=may_repeat)
    report = {
        "kills": cycles,
        "put": len(witness.good),
        "poison": len(witness.poison),
        "sent": sum(end.tries for end in ends),
        "seed": seed,
        "faults": faults[:20],
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    log.configure({log.LEVEL_VARIABLE: "ERROR"})
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), batches=sys.argv[4] == "batches")
