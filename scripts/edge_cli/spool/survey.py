"""`edge spool show`: looks at what is in an outbox or a spool at this moment."""

from contextlib import closing
from datetime import UTC
from pathlib import Path

from edge_cli.spool import marks
from edge_cli.spool.bounds import cap_of, letters_cap
from edge_cli.spool.documents import DeadLetters, Frozen, Lane, Oldest, Reason, Survey
from edge_cli.spool.letters import kept
from edge_cli.spool.places import Place, user_of
from edge_common import strict_json
from edge_common.outbox import note
from edge_common.spool.findings import Damage, Found, Picture
from edge_common.spool.inspection import look, walk
from edge_common.timestamps import format_timestamp


def take(place: Place) -> Survey:
    """Look at every spool of `place`, one after the other: what moves on in between is counted where it was.

    Raises:
        EdgeError: One cannot be read, or is of a newer format.
    """
    user = user_of(place)
    cap = cap_of(place)
    dead = _dead_letters(place.dead, letters_cap(place, cap)) if place.dead is not None else None
    lanes = tuple(_lane(path) for path in place.lanes)
    taken, waiting = sum(lane.next_number for lane in lanes), sum(lane.records for lane in lanes)
    dropped, damaged = sum(lane.dropped for lane in lanes), sum(lane.damaged for lane in lanes)
    released = taken - waiting - dropped - damaged
    # As the component counts: a lane may have been removed by hand, and not its dead letters.
    given_up = min(dead.ever, released) if dead is not None else 0
    return Survey(
        path=str(place.path),
        kind="outbox" if place.is_outbox else "spool",
        in_use_by=user,
        taken=taken,
        waiting=waiting,
        delivered=released - given_up,
        dropped=dropped,
        damaged=damaged,
        dead=given_up,
        size_bytes=sum(lane.size_bytes for lane in lanes) + (dead.size_bytes if dead is not None else 0),
        max_bytes=cap.max_bytes if cap is not None else None,
        lanes=lanes,
        dead_letters=dead,
    )


def _lane(path: Path) -> Lane:
    picture = look(path)
    return Lane(
        lane=path.name,
        records=picture.records,
        size_bytes=picture.size_bytes,
        oldest=_oldest(picture),
        next_number=picture.next_number,
        released=picture.released,
        dropped=picture.dropped,
        damaged=picture.damaged + picture.missing,
        quarantined_bytes=picture.quarantined_bytes,
        frozen=_frozen(picture.note),
        note_bytes=len(picture.note),
    )


def _oldest(picture: Picture) -> Oldest | None:
    with closing(walk(picture)) as pieces:
        for piece in pieces:
            if isinstance(piece, Found):
                return Oldest(piece.first, _timestamp(piece.records[0]))
    return None


def _timestamp(record: bytes) -> str | None:
    reading, _ = strict_json.parse(record)
    timestamp = reading.get("timestamp") if isinstance(reading, dict) else None
    return timestamp if isinstance(timestamp, str) else None


def _frozen(content: bytes) -> Frozen | None:
    found = note.decode(content)
    if found is None:
        return None
    moment = format_timestamp(found.frozen_at.astimezone(UTC))
    return Frozen(found.first, found.last, found.name, found.sha256, moment)


def _dead_letters(path: Path, max_bytes: int | None) -> DeadLetters:
    picture = look(path)
    reasons: dict[str, Reason] = {}
    lost = 0
    for letter in kept(picture):
        if isinstance(letter, Damage):
            lost += letter.last - letter.first + 1
            continue
        former = reasons.get(letter.code)
        told = letter.letter
        reasons[letter.code] = Reason(
            letter.code,
            letters=former.letters + 1 if former else 1,
            latest=told.time if told else None,
            reason=told.reason if told else letter.fault,
        )
    return DeadLetters(
        letters=sum(reason.letters for reason in reasons.values()),
        ever=picture.next_number,
        put_back=picture.delivered + sum(1 for _ in marks.read(path).numbers_from(picture.released)),
        damaged=picture.damaged + lost,
        dropped=picture.dropped,
        size_bytes=picture.size_bytes,
        max_bytes=max_bytes,
        reasons=tuple(sorted(reasons.values(), key=lambda reason: (-reason.letters, reason.code))),
    )
