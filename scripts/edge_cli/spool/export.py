"""`edge spool export`: what waits, or the dead letters, as JSON Lines."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from edge_cli.errors import CommandError
from edge_cli.spool import lines
from edge_cli.spool.letters import kept
from edge_cli.spool.places import Place
from edge_common.spool.findings import Damage
from edge_common.spool.inspection import look, walk


@dataclass(slots=True)
class Export:
    """One export while it runs; its counts are whole when `lines` has ended.

    Attributes:
        place: What is exported.
        dead: The dead letters instead of what waits.
        exported: How many records so far.
        damaged: Lanes and what is lost in them.
    """

    place: Place
    dead: bool
    exported: int = 0
    damaged: list[tuple[str, Damage]] = field(default_factory=list)

    def lines(self) -> Iterator[bytes]:
        """Every record, a line each, in the order of its lane, one lane after the other.

        Raises:
            CommandError: There are no dead letters here.
            EdgeError: Something cannot be read.
        """
        if self.dead:
            yield from self._letters()
            return
        for path in self.place.lanes:
            for piece in walk(look(path)):
                if isinstance(piece, Damage):
                    self.damaged.append((path.name, piece))
                    continue
                for number, record in enumerate(piece.records, piece.first):
                    self.exported += 1
                    yield lines.of_record(path.name, number, record)

    def require_whole(self) -> None:
        """Return only when nothing had to be left out.

        Raises:
            CommandError: Some records are damaged.
        """
        lost = sum(damage.last - damage.first + 1 for _, damage in self.damaged)
        if lost:
            lane, first = self.damaged[0]
            raise CommandError(
                f"{lost} damaged records were left out, the first of them number {first.first} in {lane}; "
                f"{self.exported} were exported. Where they were: scripts/edge spool verify {self.place.path}"
            )

    def _letters(self) -> Iterator[bytes]:
        if self.place.dead is None:
            raise CommandError(
                f"{self.place.path} has no folder of dead letters: nothing was dead-lettered there."
            )
        for letter in kept(look(self.place.dead)):
            if isinstance(letter, Damage):
                self.damaged.append((self.place.dead.name, letter))
            else:
                self.exported += 1
                yield lines.of_letter(letter)


def write(export: Export, path: Path) -> None:
    """Write every line into the file `path`, which appears when all are in it.

    Raises:
        CommandError: It lies inside what is exported, or cannot be written.
        EdgeError: Something cannot be read.
    """
    if path.resolve().is_relative_to(export.place.path.resolve()):
        raise CommandError(
            f"{path} lies inside {export.place.path}, where nothing is changed. Name another file."
        )
    if not path.absolute().parent.is_dir():
        raise CommandError(f"--out {path}: there is no folder {path.absolute().parent}.")
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.writelines(export.lines())
        partial.replace(path)
    except OSError as error:
        raise CommandError(f"--out {path}: cannot be written: {error.strerror}. Name another.") from error
    finally:
        with suppress(OSError):
            partial.unlink()
