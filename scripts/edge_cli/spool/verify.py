"""`edge spool verify`: reads all that waits and checks every frame of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_cli.spool.places import Place, User, user_of
from edge_common.spool.findings import Damage, Picture
from edge_common.spool.inspection import look, walk


@dataclass(frozen=True, slots=True)
class Checked:
    """One spool that was read whole.

    Attributes:
        spool: Name of its folder.
        frames: How many passed their check.
        records: How many records those hold.
        frame_bytes: How many bytes of frames passed.
        damaged: What is lost, in order.
        damaged_records: How many records those are.
        rotten_journal_copies: How many of the journal's four copies fail their check; one whole copy is
            enough.
        rotten_format: The line that names the format fails its check; the next opening makes it anew.
        unfinished: A frame was begun and is not whole: nothing of it was acknowledged.
    """

    spool: str
    frames: int
    records: int
    frame_bytes: int
    damaged: tuple[Damage, ...]
    damaged_records: int
    rotten_journal_copies: int
    rotten_format: bool
    unfinished: bool

    @property
    def is_whole(self) -> bool:
        """Nothing of it is damaged."""
        return not self.damaged and not self.rotten_journal_copies and not self.rotten_format


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `edge spool verify` says.

    Attributes:
        path: What was read.
        in_use_by: The process that has it open; None when nobody has.
        whole: Nothing is damaged.
        spools: Each of its spools.
    """

    path: str
    in_use_by: User | None
    whole: bool
    spools: tuple[Checked, ...]


def verify(place: Place, on_progress: Callable[[int, int], None]) -> Verdict:
    """Read everything that waits in `place`.

    Args:
        place: What to read.
        on_progress: Told how many records were read, and of how many.

    Raises:
        EdgeError: Something cannot be read at all, or is of a newer format.
    """
    user = user_of(place)
    pictures = [(path, look(path)) for path in place.spools]
    total = sum(picture.next_number - picture.released for _, picture in pictures)
    spools = []
    done = 0
    for path, picture in pictures:
        before = done

        def tell(number: int, before: int = before, released: int = picture.released) -> None:
            on_progress(before + number - released, total)

        spools.append(_check(path, picture, tell))
        done = before + picture.next_number - picture.released
    on_progress(total, total)
    return Verdict(str(place.path), user, all(spool.is_whole for spool in spools), tuple(spools))


def _check(path: Path, picture: Picture, on_number: Callable[[int], None]) -> Checked:
    frames = records = frame_bytes = 0
    damaged = []
    for piece in walk(picture):
        if isinstance(piece, Damage):
            damaged.append(piece)
        else:
            frames += 1
            records += len(piece.records)
            frame_bytes += piece.frame_bytes
        on_number(piece.last + 1)
    return Checked(
        spool=path.name,
        frames=frames,
        records=records,
        frame_bytes=frame_bytes,
        damaged=tuple(damaged),
        damaged_records=sum(damage.last - damage.first + 1 for damage in damaged),
        rotten_journal_copies=picture.rotten_copies,
        rotten_format=picture.rotten_format,
        unfinished=picture.unfinished,
    )
