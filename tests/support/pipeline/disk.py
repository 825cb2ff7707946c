"""What a component's outbox holds, as `edge spool` sees it from outside, whether it runs or not."""

import json
from dataclasses import dataclass
from pathlib import Path

from edge_cli.spool import places, survey
from edge_cli.spool.documents import Survey
from edge_cli.spool.export import Export
from support.pipeline.table import ReadingId


@dataclass(frozen=True, slots=True)
class Held:
    """One outbox at one moment.

    Attributes:
        counts: What `edge spool show` says.
        waiting: The readings that wait; all of them but those that are delivered while this is made.
        numbers: Their numbers, in any lane.
    """

    counts: Survey
    waiting: frozenset[ReadingId]
    numbers: frozenset[int]


def counts_of(outbox: Path) -> Survey:
    """The counts alone, which cost no reading of what waits."""
    return survey.take(places.find(outbox))


def held(outbox: Path) -> Held:
    """Look into an outbox; look at the far end afterwards, for its component may be at work.

    Raises:
        AssertionError: Its counts do not add up, or anything is lost in it.
    """
    counts = counts_of(outbox)
    parts = (counts.waiting, counts.delivered, counts.dropped, counts.damaged, counts.dead)
    assert counts.taken == sum(parts), counts
    assert (counts.dropped, counts.damaged, counts.dead) == (0, 0, 0), counts
    export = Export(places.find(outbox), dead=False)
    lines = [json.loads(line) for line in export.lines()]
    assert export.damaged == []
    return Held(
        counts,
        frozenset((line["record"]["boot_id"], line["record"]["sequence"]) for line in lines),
        frozenset(line["number"] for line in lines),
    )
