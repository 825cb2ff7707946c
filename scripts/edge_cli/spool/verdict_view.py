"""How the verdict of `edge spool verify` appears to a person: rich renderables; no I/O."""

from rich.console import Group, RenderableType
from rich.text import Text

from edge_cli.screen import views
from edge_cli.screen.console import Screen
from edge_cli.spool.verify import Checked, Verdict
from edge_cli.spool.views import worrying
from edge_common.spool.findings import Cause, Damage
from edge_common.spool.journal import COPIES

_SHOWN_DAMAGE = 20
_CAUSES = {
    Cause.CHECKSUM: "fails its checksum",
    Cause.UNREADABLE: "cannot be read from the disk",
    Cause.MISSING: "its file is missing",
}


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
            worrying(spool.damaged_records, "red"),
        )
    faults = [line for spool in found.spools for line in _faults(spool)]
    sentence = (
        "Every frame passes its checks." if found.whole else "Damage was found; everything else is intact."
    )
    end = Text.from_markup(screen.mark("ok" if found.whole else "fail")).append(f" {sentence}", "default")
    if not found.whole:
        end.append(f"\n{_what_follows(found)}", "default")
    notes = [
        Text(f"{spool.spool}: an unfinished frame at the end, of which nothing was acknowledged", "dim")
        for spool in found.spools
        if spool.unfinished
    ]
    return Group(table, *(Text(line, "red") for line in faults), *notes, end)


def _what_follows(found: Verdict) -> str:
    """What becomes of what is damaged, and what there is to do."""
    lost = sum(spool.damaged_records for spool in found.spools)
    if lost:
        verb = "is" if lost == 1 else "are"
        return (
            f"{views.plural(lost, 'record')} {verb} lost. There is nothing to do: the component skips and "
            "counts what is damaged, and delivers the rest."
        )
    if any(spool.rotten_journal_copies == COPIES for spool in found.spools):
        return "No record is lost; the next start mends it, and may deliver again what was delivered last."
    return "No record is lost; the next start of the component mends it."


def _faults(spool: Checked) -> list[str]:
    lines = [f"{spool.spool}: {_damage_line(damage)}" for damage in spool.damaged[:_SHOWN_DAMAGE]]
    if len(spool.damaged) > _SHOWN_DAMAGE:
        lines.append(
            f"{spool.spool}: {len(spool.damaged) - _SHOWN_DAMAGE} more ranges; --json lists them all"
        )
    if spool.rotten_journal_copies:
        lines.append(
            f"{spool.spool}: {spool.rotten_journal_copies} of {COPIES} copies of release.journal fail their "
            "check"
        )
    if spool.rotten_format:
        lines.append(f"{spool.spool}: the file `format` fails its check; the next start creates it again")
    return lines


def _damage_line(damage: Damage) -> str:
    count = damage.last - damage.first + 1
    what = f"record {damage.first}" if count == 1 else f"records {damage.first} to {damage.last} ({count})"
    where = (
        f" in {damage.segment}, {damage.size_bytes} bytes from byte {damage.offset}" if damage.segment else ""
    )
    return f"{what}: {_CAUSES[damage.cause]}{where}"
