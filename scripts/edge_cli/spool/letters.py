"""Dead letters as they lie on the disk, read from outside."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_cli.spool import marks
from edge_common.errors import PermanentError
from edge_common.outbox import dead_letters
from edge_common.outbox.dead_letters import DeadLetter
from edge_common.spool.findings import Damage, Picture
from edge_common.spool.inspection import walk


@dataclass(frozen=True, slots=True)
class Kept:
    """One record of the dead letters' spool.

    Attributes:
        number: Its number there.
        content: Its bytes.
        letter: What they say; None when they are no dead letter that this program knows.
        fault: Why not; "" otherwise.
    """

    number: int
    content: bytes
    letter: DeadLetter | None
    fault: str

    @property
    def code(self) -> str:
        """The fixed word of the reason; `unknown` where it cannot be read."""
        return "unknown" if self.letter is None else self.letter.code


def kept(picture: Picture) -> Iterator[Kept | Damage]:
    """Every dead letter that was not put back, oldest first, and what is damaged among them.

    Raises:
        EdgeError: They cannot be read.
    """
    put_back = marks.read(picture.path)
    for piece in walk(picture):
        if isinstance(piece, Damage):
            yield piece
            continue
        for number, content in enumerate(piece.records, piece.first):
            if number not in put_back:
                yield _decode(number, content)


def _decode(number: int, content: bytes) -> Kept:
    try:
        return Kept(number, content, dead_letters.decode(content), "")
    except PermanentError as error:
        return Kept(number, content, None, error.reason)
