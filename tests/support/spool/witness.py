"""The oracle of the spool's trials: what a worker said before it died, held against what is there afterwards.

It knows acknowledgements from a pipe or a log only, nothing of files.
"""

import zlib
from dataclasses import dataclass, field

from edge_common.spool import Spool, SpoolFullError, Statistics
from support.spool.spooling import adds_up, records_of


def acknowledged(number: int, record: bytes) -> bytes:
    """The line a worker writes once `append` has returned."""
    return b"A %d %d\n" % (number, zlib.crc32(record))


def releasing(through: int) -> bytes:
    """The line a worker writes before it calls `release`."""
    return b"I %d\n" % through


def released(through: int) -> bytes:
    """The line a worker writes once `release` has returned."""
    return b"R %d\n" % through


def noting(note: bytes) -> bytes:
    """The line a worker writes before it calls `remember`."""
    return b"M %s\n" % note.hex().encode()


def noted(note: bytes) -> bytes:
    """The line a worker writes once `remember` has returned."""
    return b"N %s\n" % note.hex().encode()


def broken(fault: str) -> bytes:
    """The line of a worker that has seen for itself that something is wrong."""
    return b"F %s\n" % fault.encode()


@dataclass
class Witness:
    """What was promised so far; `judge` compares, over as many crashes as one likes."""

    acknowledged: dict[int, int] = field(default_factory=dict)
    may_be_released: int = -1
    is_released: int = -1
    may_be_noted: set[bytes] = field(default_factory=lambda: {b""})
    seen: list[str] = field(default_factory=list)
    acknowledged_ever: int = 0
    delivered: int = 0
    dropped: int = 0

    def hear(self, said: bytes) -> None:
        """Take in whole lines; what the worker's death cut short was not said."""
        for line in said.split(b"\n")[:-1]:
            word, _, said_of = line.partition(b" ")
            if word in {b"M", b"N"}:
                self._hear_note(bytes.fromhex(said_of.decode()), is_sure=word == b"N")
                continue
            if word == b"F":
                self.seen.append(said_of.decode())
                continue
            number, *rest = said_of.split()
            if word == b"A":
                if int(number) in self.acknowledged:
                    self.seen.append(f"number {int(number)} was given twice")
                self.acknowledged[int(number)] = int(rest[0])
                self.acknowledged_ever += 1
            elif word == b"I":
                self.may_be_released = max(self.may_be_released, int(number))
                self._hear_note(b"", is_sure=False)
            else:
                self.is_released = max(self.is_released, int(number))
                self._hear_note(b"", is_sure=True)

    def judge(self, spool: Spool, *, may_drop: bool = False) -> list[str]:
        """Every promise that is broken; then forget what is released."""
        faults: list[str] = []
        found = records_of(spool, 1000)
        now = spool.statistics()
        for number, checksum in self.acknowledged.items():
            if number >= now.released and number not in found:
                faults.append(f"lost {number}")
            elif number in found and zlib.crc32(found[number]) != checksum:
                faults.append(f"other bytes under {number}")
        if self.acknowledged and now.next_number <= max(self.acknowledged):
            faults.append(f"number {now.next_number} is given again")
        if list(found) != list(range(now.released, now.next_number)):
            faults.append(f"not in order from {now.released} to {now.next_number}: {list(found)[:50]}")
        if spool.note not in self.may_be_noted:
            faults.append(f"the note is {spool.note!r}, and none of {self.may_be_noted}")
        self.may_be_noted = {spool.note}
        faults += self._wrong_counts(now, may_drop=may_drop)
        self.delivered, self.dropped = now.delivered, now.dropped
        self.acknowledged = {n: c for n, c in self.acknowledged.items() if n >= now.released}
        faults += self._take_in(spool)
        faults += self.seen
        self.seen = []
        return faults

    def _hear_note(self, note: bytes, *, is_sure: bool) -> None:
        self.may_be_noted = {note} if is_sure else {note, *self.may_be_noted}

    def _wrong_counts(self, now: Statistics, *, may_drop: bool) -> list[str]:
        wrong = {
            "a release is forgotten": now.released <= self.is_released,
            "gone without a release": not may_drop
            and (now.released > self.may_be_released + 1 or now.dropped > 0),
            "counts damage": now.damaged > 0,
            "does not add up": not adds_up(now),
            "counts went back": now.delivered < self.delivered or now.dropped < self.dropped,
        }
        return [f"{fault}: {self.is_released}, {now}" for fault, is_so in wrong.items() if is_so]

    def _take_in(self, spool: Spool) -> list[str]:
        """Liveness: a fresh record is taken in and read, if need be after making room."""
        record = b"fresh"
        try:
            number = spool.append(record)
        except SpoolFullError:
            through = spool.statistics().next_number - 1
            self.hear(releasing(through))
            spool.release(through)
            self.hear(released(through))
            self.acknowledged.clear()
            number = spool.append(record)
        self.hear(acknowledged(number, record))
        return [] if spool.read(number - 1, 1, 100).records == (record,) else ["a fresh record is not there"]
