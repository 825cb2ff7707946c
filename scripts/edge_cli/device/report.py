"""What came of a local deployment; shapes only."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge_cli.device.nucleus import Installed
from edge_cli.fleet.difference import Difference
from edge_cli.logs.lines import LogRecord


@dataclass(frozen=True, slots=True)
class LogEnd:
    """What a log has got since the deployment: whose, and the records."""

    log: str
    records: Sequence[LogRecord]


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it.

    Attributes:
        board: What a person calls it.
        nucleus: Which kind.
        differences: What changes, or would.
        warnings: What a person should know.
        grants_reset: Those whose grants go back to the recipe's.
        removed: Those taken away.
        deployment_id: The nucleus's; None when nothing was done.
        status: The nucleus's word; None when nothing was done or waited for.
        reasons: What the nucleus says of its failure.
        components: Those deployed, with their states where the nucleus tells.
        logs: What the logs that show why have got since, where something failed.
    """

    board: str
    nucleus: str
    differences: Sequence[Difference]
    warnings: Sequence[str]
    grants_reset: Sequence[str]
    removed: Sequence[str]
    deployment_id: str | None = None
    status: str | None = None
    reasons: Sequence[str] = ()
    components: Sequence[Installed] = ()
    logs: Sequence[LogEnd] = ()
