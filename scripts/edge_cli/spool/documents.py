"""What `edge spool show` says, as data; `--json` prints it as it is. Pure."""

from dataclasses import dataclass

from edge_cli.spool.places import User


@dataclass(frozen=True, slots=True)
class Oldest:
    """The record that has waited longest.

    Attributes:
        number: Its number.
        timestamp: When it was taken, by its own field `timestamp`; None when it has none.
    """

    number: int
    timestamp: str | None


@dataclass(frozen=True, slots=True)
class Frozen:
    """A batch that may be at the far end already: it is sent again under the same name until it is confirmed.

    Attributes:
        first: Number of its first record.
        last: Number of its last.
        name: What the far end knows it by, such as an S3 key.
        sha256: Of its bytes, in hex digits.
        frozen_at: When, in UTC.
    """

    first: int
    last: int
    name: str
    sha256: str
    frozen_at: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One spool of records that wait. Counts are of records.

    Attributes:
        lane: Name of its folder.
        records: How many wait.
        size_bytes: Of its files.
        oldest: What has waited longest; None when nothing waits.
        next_number: How many were ever taken in.
        released: How many are released: delivered, dead-lettered, dropped or damaged.
        dropped: Gave way to newer ones (ever).
        damaged: Lost to damage (ever), as far as is known: `edge spool verify` reads everything.
        quarantined_bytes: Of damaged frames kept aside.
        frozen: The batch that is being delivered; None when there is none.
        note_bytes: How long the note beside its release is; not 0 and no `frozen`: it says something else.
    """

    lane: str
    records: int
    size_bytes: int
    oldest: Oldest | None
    next_number: int
    released: int
    dropped: int
    damaged: int
    quarantined_bytes: int
    frozen: Frozen | None
    note_bytes: int


@dataclass(frozen=True, slots=True)
class Reason:
    """The dead letters of one code.

    Attributes:
        code: The fixed word.
        letters: How many.
        latest: When the last of them was dead-lettered; None when that cannot be read.
        reason: What was said of the last of them.
    """

    code: str
    letters: int
    latest: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead letters of an outbox.

    Attributes:
        letters: How many are kept now.
        ever: How many there ever were.
        put_back: How many of those went back into a lane (ever), where they count as taken in again.
        damaged: How many letters are lost to damage (ever), as far as is known.
        dropped: How many gave way to newer ones (ever).
        size_bytes: Of their files.
        max_bytes: At so many the oldest give way; None where the cap is not known.
        reasons: Those kept, by code, the most frequent first.
    """

    letters: int
    ever: int
    put_back: int
    damaged: int
    dropped: int
    size_bytes: int
    max_bytes: int | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """What `edge spool show` says.

    Attributes:
        path: What was looked into.
        kind: "outbox" or "spool".
        in_use_by: The process that has it open; None when nobody has.
        taken: Records ever taken in: those of the next five together.
        waiting: Not yet delivered.
        delivered: Confirmed by the far end.
        dropped: Gave way to newer ones.
        damaged: Lost to damage, as far as is known.
        dead: Dead-lettered, ever.
        size_bytes: Of all its files of records and letters together.
        max_bytes: The cap that its component has noted; None where none is known.
        lanes: Each spool of records.
        dead_letters: The dead letters; None where there is no spool of them.
    """

    path: str
    kind: str
    in_use_by: User | None
    taken: int
    waiting: int
    delivered: int
    dropped: int
    damaged: int
    dead: int
    size_bytes: int
    max_bytes: int | None
    lanes: tuple[Lane, ...]
    dead_letters: DeadLetters | None
