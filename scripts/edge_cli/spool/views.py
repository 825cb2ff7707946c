"""How a look into a spool appears to a person: rich renderables; no I/O."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edge_cli.screen import views
from edge_cli.spool.documents import DeadLetters, Lane, Survey
from edge_cli.spool.places import User
from edge_cli.spool.requeue import Requeued
from edge_common.outbox.config import OutboxConfig
from edge_common.outbox.dead_letters import LIVE_FOLDER

_USUAL_FOLDER: str = OutboxConfig.model_fields["folder"].default
_SECONDS = len("04:26:11")


def in_use(user: User) -> str:
    """Who is at work there while we look."""
    command = f": {user.command}" if user.command else ""
    return f"in use by a running component (process {user.pid}{command}): a picture of this moment"


def survey(found: Survey, today: str) -> RenderableType:
    """What is in an outbox or a spool.

    Args:
        found: What is in it.
        today: The date, UTC, as `2026-11-22`: times of that day are shown without it.
    """
    parts: list[RenderableType] = [_title(found)]
    rows: list[tuple[str, RenderableType]] = []
    if found.lanes:
        rows.append(("Records", _sum_line(found)))
    rows += [("Frozen batch", _frozen_line(lane)) for lane in found.lanes if lane.note_bytes]
    quarantined = sum(lane.quarantined_bytes for lane in found.lanes)
    if quarantined:
        rows.append(("Quarantine", f"{views.size(quarantined)} of damaged bytes, kept aside"))
    cap = f" of at most {views.size(found.max_bytes)}" if found.max_bytes is not None else ""
    rows.append(("On disk", f"{views.size(found.size_bytes)}{cap}"))
    parts.append(_inset(views.facts(rows)))
    if found.lanes:
        parts.append(_inset(_lane_table(found.lanes, today)))
    if any(lane.lane == LIVE_FOLDER for lane in found.lanes):
        parts.append(Padding(Text("What is in `live` goes first.", "dim"), (0, 0, 0, 2)))
    if found.dead_letters is not None:
        parts += _dead_letters(found, found.dead_letters, today)
    return Group(*parts)


def surveys(found: Sequence[Survey], root: Path, today: str) -> RenderableType:
    """The outboxes of the core on `root`, a line each; `today` as for `survey`."""
    if not found:
        return Text(f"No component keeps anything on {root}. Name a folder: scripts/edge spool DIR", "dim")
    numbers = ("Waiting", "Dead", "On disk")
    table = views.listing("Outbox of", "Waiting", "Oldest (UTC)", "Dead", "On disk", right=numbers)
    for outbox in found:
        letters = outbox.dead_letters.letters if outbox.dead_letters is not None else 0
        oldest = min(
            (lane.oldest.timestamp for lane in outbox.lanes if lane.oldest and lane.oldest.timestamp),
            default="",
        )
        table.add_row(
            str(Path(outbox.path).relative_to(root / "work")).removesuffix(f"/{_USUAL_FOLDER}"),
            str(outbox.waiting),
            _moment(oldest, today) or Text("-", "dim"),
            worrying(letters, "red"),
            views.size(outbox.size_bytes),
        )
    return Group(table, _inset(Text(f"More of one: scripts/edge spool {_short(Path(found[0].path))}", "dim")))


def requeued(outcome: Requeued) -> str:
    """What was put back, in a sentence."""
    if not outcome.count:
        is_empty = not outcome.kept and not outcome.damaged
        said = (
            f"{'There are no dead letters' if is_empty else 'No dead letter can go back'} in {outcome.path}."
        )
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


def worrying(count: int, style: str) -> Text:
    """A count, in that style unless it is 0."""
    return Text(str(count), style if count else "")


def _title(found: Survey) -> Text:
    title = Text.assemble((found.kind.capitalize(), "bold"), f" {found.path}")
    if found.in_use_by is not None:
        title.append(f"\n{in_use(found.in_use_by)}", "yellow")
    return title


def _sum_line(found: Survey) -> Text:
    line = Text(f"{found.taken} taken in = ")
    line.append(f"{found.delivered} delivered + {found.waiting} waiting")
    for count, word in (
        (found.dropped, "dropped"),
        (found.damaged, "damaged"),
        (found.dead, "dead-lettered"),
    ):
        if count:
            line.append(" + ").append(f"{count} {word}", "red")
    put_back = found.dead_letters.put_back if found.dead_letters is not None else 0
    if put_back:
        line.append(f" ({put_back} put back, counted again as taken in)", "dim")
    return line


def _frozen_line(lane: Lane) -> Text:
    if lane.frozen is None:
        return Text(f"{lane.lane}: {lane.note_bytes} bytes that this program does not know", "yellow")
    frozen = lane.frozen
    line = Text(f"{lane.lane} {frozen.first} to {frozen.last} as {frozen.name}")
    return line.append(f", since {frozen.frozen_at}, SHA-256 {frozen.sha256[:16]}…", "dim")


def _lane_table(lanes: Sequence[Lane], today: str) -> Table:
    numbers = ("Waiting", "Dropped", "Damaged", "On disk")
    table = views.listing("Lane", "Waiting", "Oldest (UTC)", "Dropped", "Damaged", "On disk", right=numbers)
    for lane in lanes:
        oldest = Text("-", "dim")
        if lane.oldest is not None:
            oldest = Text(f"#{lane.oldest.number}")
            oldest.append(f" {_moment(lane.oldest.timestamp, today)}" if lane.oldest.timestamp else "")
        table.add_row(
            lane.lane,
            str(lane.records),
            oldest,
            worrying(lane.dropped, "yellow"),
            worrying(lane.damaged, "red"),
            views.size(lane.size_bytes),
        )
    return table


def _dead_letters(found: Survey, dead: DeadLetters, today: str) -> list[RenderableType]:
    if not dead.letters:
        ever = f" ({dead.ever} {'was' if dead.ever == 1 else 'were'}, once)" if dead.ever else ""
        return [_inset(Text(f"No dead letters{ever}.", "dim"))]
    bound = f"; the oldest give way above {views.size(dead.max_bytes)}" if dead.max_bytes is not None else ""
    title = Text(f"Dead letters, {views.size(dead.size_bytes)}{bound}", "dim")
    reasons: list[RenderableType] = []
    for reason in dead.reasons:
        latest = f", the latest {_moment(reason.latest, today)} UTC" if reason.latest else ""
        reasons.append(Text.assemble((reason.code, "red"), f"  {reason.letters}{latest}"))
        reasons.append(Padding(Text(reason.reason), (0, 0, 0, 2)))
    advice = (
        f"See them:      scripts/edge spool export {found.path} --dead\n"
        f"Put them back: scripts/edge spool requeue {found.path}"
    )
    lost = f"{dead.dropped} letters gave way to newer ones, {dead.damaged} are damaged."
    losses = [_inset(Text(lost, "yellow"))] if dead.dropped or dead.damaged else []
    return [_inset(Group(title, *reasons)), *losses, _inset(Text(advice, "dim"))]


def _moment(timestamp: str, today: str) -> str:
    """A time stamp for people: its seconds, and its date unless that is today's.

    >>> _moment("2026-11-22T04:26:11.123Z", "2026-11-22"), _moment("2026-11-22T04:26:11.123Z", "2026-11-23")
    ('04:26:11', '2026-11-22 04:26:11')
    """
    date, _, time = timestamp.partition("T")
    shown = time[:_SECONDS]
    return shown if date == today else f"{date} {shown}".strip()


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _inset(content: RenderableType) -> Padding:
    return Padding(content, (1, 0, 0, 2), expand=False)
