"""`edge spool requeue`: dead letters go back into the queue; the only command here that changes anything.

The order is: the record is appended to its lane, and on disk; then its letter is released, or marked where
older letters stay. A kill in between means that it is put back once more the next time, and delivered twice.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from edge_cli.errors import CommandError
from edge_cli.spool import bounds, marks
from edge_cli.spool.letters import Kept, kept
from edge_cli.spool.places import Place, user_of
from edge_common.clock import SystemClock
from edge_common.errors import EdgeError
from edge_common.outbox.config import OutboxConfig
from edge_common.outbox.dead_letters import REQUEUE_FOLDERS
from edge_common.outbox.storage import Storage
from edge_common.spool import OnFull, Spool, SpoolFullError
from edge_common.spool.findings import Damage
from edge_common.spool.inspection import look

_AT_ONCE = 1000  # letters between two releases: what a kill may repeat


@dataclass(frozen=True, slots=True)
class Requeued:
    """What was put back, or would be.

    Attributes:
        path: The outbox.
        dry_run: Nothing was changed.
        requeued: How many by the lane they went to.
        codes: How many of those by the code of their reason.
        kept: How many stay, by the code of their reason.
        damaged: How many letters are damaged and cannot be put back.
    """

    path: str
    dry_run: bool
    requeued: dict[str, int]
    codes: dict[str, int]
    kept: dict[str, int]
    damaged: int

    @property
    def count(self) -> int:
        """How many letters."""
        return sum(self.requeued.values())


@dataclass(frozen=True, slots=True)
class Plan:
    """Which letters go back, decided before anything is opened.

    Attributes:
        chosen: Those letters, oldest first.
        outcome: What will have come of it.
    """

    chosen: tuple[Kept, ...]
    outcome: Requeued


def plan(place: Place, code: str | None, *, dry_run: bool) -> Plan:
    """Choose letters, by reading only.

    Args:
        place: The outbox.
        code: Only those with this reason; None for all.
        dry_run: Said in the outcome.

    Raises:
        CommandError: It is no outbox, has no dead letters, or none with this code.
        EdgeError: It cannot be read.
    """
    if not place.is_outbox or place.dead is None or not place.lanes:
        raise CommandError(
            f"{place.path} is not an outbox with dead letters and the lanes they came from. Name the "
            "folder that "
            f"holds `dead` and its neighbours, which is called {OutboxConfig().folder} by default."
        )
    lanes = {path.name for path in place.lanes}
    chosen: list[Kept] = []
    staying: Counter[str] = Counter()
    damaged = 0
    for letter in kept(look(place.dead)):
        if isinstance(letter, Damage):
            damaged += letter.last - letter.first + 1
        elif _target(letter) in lanes and code in {None, letter.code}:
            chosen.append(letter)
        else:
            staying[letter.code] += 1
    if code is not None and not chosen:
        there_are = ", ".join(f"{word} ({count})" for word, count in sorted(staying.items())) or "none at all"
        raise CommandError(
            f"There is no dead letter with the code '{code}' that can go back. There are: {there_are}."
        )
    outcome = Requeued(
        path=str(place.path),
        dry_run=dry_run,
        requeued=dict(Counter(_target(letter) for letter in chosen)),
        codes=dict(Counter(letter.code for letter in chosen)),
        kept=dict(staying),
        damaged=damaged,
    )
    return Plan(tuple(chosen), outcome)


def carry_out(place: Place, chosen: tuple[Kept, ...], max_bytes: int | None) -> None:
    """Put the chosen letters back.

    Args:
        place: The outbox; no component may have it open.
        chosen: Letters that `plan` has found in it, at least one.
        max_bytes: The outbox's cap; None for the one that its component has noted.

    Raises:
        CommandError: A component has it open, nobody knows its cap, or there is no room; says how many went
            back before.
        EdgeError: The disk fails, or the folder is not this user's.
    """
    if place.dead is None:
        raise AssertionError("a plan has dead letters")
    _require_unused(place)
    config, shares = bounds.opened_with(place, max_bytes)
    # Opened once as the component would: it makes good what a kill has left between a letter and its release.
    Storage(config, shares, SystemClock()).close()
    put_back = 0
    with ExitStack() as opened:
        dead = opened.enter_context(Spool(place.dead, shares.dead))
        lanes = {
            name: opened.enter_context(Spool(place.path / name, replace(limits, on_full=OnFull.REJECT)))
            for name, limits in shares.lanes.items()
            if name in {_target(letter) for letter in chosen}
        }
        for start in range(0, len(chosen), _AT_ONCE):
            group = chosen[start : start + _AT_ONCE]
            try:
                for name, lane in lanes.items():
                    lane.append_many([_record(letter) for letter in group if _target(letter) == name])
                _settle(place.dead, dead, [letter.number for letter in group])
            except EdgeError as error:
                advice = " For a larger cap: --max-bytes." if isinstance(error, SpoolFullError) else ""
                raise CommandError(
                    f"{put_back} of {len(chosen)} dead letters went back, then: {error.reason}{advice}"
                ) from error
            put_back += len(group)


def in_the_way(place: Place) -> str:
    """Why nothing can be put back now, and what to do; "" when nothing is in the way.

    Raises:
        EdgeError: It cannot be read.
    """
    user = user_of(place)
    if user is None:
        return ""
    return (
        f"{place.path} is in use by process {user.pid} ({user.command}), and two may not write there. "
        f"Stop that component first: {_how_to_stop(place.path)}"
    )


def _settle(folder: Path, dead: Spool, numbers: Iterable[int]) -> None:
    """Release letters whose records are on disk in their lane; mark those that older ones stand before."""
    released = dead.statistics().released
    noted = marks.read(folder)
    marked = marks.Marks.of([*noted.numbers_from(released), *numbers])
    if released in marked:
        dead.release(next(last for first, last in marked.ranges if first == released))
    rest = marks.Marks.of(marked.numbers_from(dead.statistics().released))
    if rest != noted:  # a full disk takes no mark, and where no letter stays none is needed
        marks.write(folder, rest)


def _target(letter: Kept) -> str:
    """Folder of the lane that a letter goes to; "" when nobody knows."""
    return "" if letter.letter is None else REQUEUE_FOLDERS.get(letter.letter.lane, "")


def _record(letter: Kept) -> bytes:
    if letter.letter is None:
        raise AssertionError("a letter that has a target can be read")
    return letter.letter.record


def _require_unused(place: Place) -> None:
    if reason := in_the_way(place):
        raise CommandError(reason)


def _how_to_stop(outbox: Path) -> str:
    """The words that stop the component whose work folder this is in; work folders are ROOT/work/NAME."""
    work = outbox.resolve().parent
    if work.parent.name != "work":
        return "end that process, or `greengrass-cli component stop -n NAME`"
    return (
        f"scripts/edge component stop -n {work.name} --root {work.parent.parent}, on a device "
        f"`greengrass-cli component stop -n {work.name}`; afterwards `component restart -n {work.name}`"
    )
