"""How a look into a spool appears to a person: rich renderables; no I/O."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edge_cli import views
from edge_cli.console import Screen
from edge_cli.spool.documents import DeadLetters, Lane, Survey
from edge_cli.spool.places import User
from edge_cli.spool.requeue import Requeued
from edge_cli.spool.verify import Checked, Verdict
from edge_common.spool.findings import Cause, Damage

_SHOWN_DAMAGE = 20
_CAUSES = {
    Cause.CHECKSUM: "fails its checksum",
    Cause.UNREADABLE: "cannot be read from the disk",
    Cause.MISSING: "its file is missing",
}


def in_use(user: User) -> str:
    """Who is at work there while we look."""
    command = f": {user.command}" if user.command else ""
    return f"in use by a running component (process {user.pid}{command}): a picture of this moment"


def survey(found: Survey) -> RenderableType:
    """What is in an outbox or a spool."""
    parts: list[RenderableType] = [_title(found)]
    rows: list[tuple[str, RenderableType]] = []
    if found.lanes:
        rows.append(("Records", _sum_line(found)))
    rows += [("Frozen batch", _frozen_line(lane)) for lane in found.lanes if lane.note_bytes]
    quarantined = sum(lane.quarantined_bytes for lane in found.lanes)
    if quarantined:
        rows.append(("Quarantine", f"{views.size(quarantined)} of damaged bytes, kept aside"))
    if rows:
        parts.append(_inset(views.facts(rows)))
    if found.lanes:
        parts.append(_inset(_lane_table(found.lanes)))
    if found.dead_letters is not None:
        parts += _dead_letters(found, found.dead_letters)
    return Group(*parts)


def verdict(screen: Screen, found: Verdict) -> RenderableType:
    """What reading everything has come to."""
    table = views.listing(
        "Spool", "Frames", "Records", "Read", "Damaged", right=("Frames", "Records", "Read", "Damaged")
    )
    for spool in found.spools:
        table.add_row(
            spool.spool,
            str(spool.frames),
            str(spool.records),
            views.size(spool.frame_bytes),
            _worrying(spool.damaged_records, "red"),
        )
    faults = [line for spool in found.spools for line in _faults(spool)]
    sentence = "Every frame passes its checks." if found.whole else "Damage was found; all the rest is whole."
    end = Text.from_markup(screen.mark("ok" if found.whole else "fail")).append(f" {sentence}", "default")
    notes = [
        Text(f"{spool.spool}: an unfinished frame at the end, of which nothing was acknowledged", "dim")
        for spool in found.spools
        if spool.unfinished
    ]
    return Group(table, *(Text(line, "red") for line in faults), *notes, end)


def requeued(outcome: Requeued) -> str:
    """What was put back, in a sentence."""
    if not outcome.count:
        said = f"No dead letter in {outcome.path} can go back."
    else:
        where = ", ".join(f"{count} to {lane}" for lane, count in sorted(outcome.requeued.items()))
        began = "Would put back" if outcome.dry_run else "Put back"
        said = f"{began} {views.plural(outcome.count, 'dead letter')}: {where}."
    if outcome.kept:
        staying = ", ".join(f"{code} {count}" for code, count in sorted(outcome.kept.items()))
        said += f" {sum(outcome.kept.values())} stay ({staying})."
    if outcome.damaged:
        said += f" {outcome.damaged} are damaged."
    return said


def _title(found: Survey) -> Text:
    title = Text.assemble((found.kind.capitalize(), "bold"), f" {found.path}")
    if found.in_use_by is not None:
        title.append(f"\n{in_use(found.in_use_by)}", "yellow")
    return title


def _sum_line(found: Survey) -> Text:
    line = Text(f"{found.taken} taken in = ")
    line.append(f"{found.delivered} delivered + {found.waiting} waiting")
    for count, word in ((found.dropped, "dropped"), (found.damaged, "damaged"), (found.dead, "given up")):
        line.append(" + ")
        line.append(f"{count} {word}", "red" if count else "")
    return line


def _frozen_line(lane: Lane) -> Text:
    if lane.frozen is None:
        return Text(f"{lane.lane}: {lane.note_bytes} bytes that this program does not know", "yellow")
    frozen = lane.frozen
    line = Text(f"{lane.lane} {frozen.first} to {frozen.last} as {frozen.name}")
    return line.append(f", since {frozen.frozen_at}, SHA-256 {frozen.sha256[:16]}…", "dim")


def _lane_table(lanes: Sequence[Lane]) -> Table:
    numbers = ("Waiting", "Dropped", "Damaged", "On disk")
    table = views.listing("Lane", "Waiting", "Oldest", "Dropped", "Damaged", "On disk", right=numbers)
    for lane in lanes:
        oldest = Text("-", "dim")
        if lane.oldest is not None:
            oldest = Text(f"number {lane.oldest.number}")
            oldest.append(f", {lane.oldest.timestamp}" if lane.oldest.timestamp else "")
        table.add_row(
            lane.lane,
            str(lane.records),
            oldest,
            _worrying(lane.dropped, "yellow"),
            _worrying(lane.damaged, "red"),
            views.size(lane.size_bytes),
        )
    return table


def _dead_letters(found: Survey, dead: DeadLetters) -> list[RenderableType]:
    if not dead.letters:
        ever = f" ({dead.ever} were, once)" if dead.ever else ""
        return [_inset(Text(f"No dead letters{ever}.", "dim"))]
    table = views.listing("Dead letters", "Count", "Latest", "Its reason", right=("Count",))
    for reason in dead.reasons:
        table.add_row(
            Text(reason.code, "red"), str(reason.letters), reason.latest or "-", Text(reason.reason)
        )
    advice = (
        f"See them:      scripts/edge spool export {found.path} --dead\n"
        f"Put them back: scripts/edge spool requeue {found.path}"
    )
    lost = f"{dead.dropped} letters gave way to newer ones, {dead.damaged} are damaged."
    losses = [_inset(Text(lost, "yellow"))] if dead.dropped or dead.damaged else []
    return [_inset(table), *losses, _inset(Text(advice, "dim"))]


def _faults(spool: Checked) -> list[str]:
    lines = [f"{spool.spool}: {_damage_line(damage)}" for damage in spool.damaged[:_SHOWN_DAMAGE]]
    if len(spool.damaged) > _SHOWN_DAMAGE:
        lines.append(
            f"{spool.spool}: {len(spool.damaged) - _SHOWN_DAMAGE} more ranges; --json lists them all"
        )
    if spool.rotten_journal_copies:
        lines.append(
            f"{spool.spool}: {spool.rotten_journal_copies} of 4 copies of release.journal fail their check"
        )
    if spool.rotten_format:
        lines.append(f"{spool.spool}: the file `format` fails its check; the next start makes it anew")
    return lines


def _damage_line(damage: Damage) -> str:
    count = damage.last - damage.first + 1
    what = f"record {damage.first}" if count == 1 else f"records {damage.first} to {damage.last} ({count})"
    where = (
        f" in {damage.segment}, {damage.size_bytes} bytes from byte {damage.offset}" if damage.segment else ""
    )
    return f"{what}: {_CAUSES[damage.cause]}{where}"


def _worrying(count: int, style: str) -> Text:
    return Text(str(count), style if count else "")


def _inset(content: RenderableType) -> Padding:
    return Padding(content, (1, 0, 0, 2), expand=False)
