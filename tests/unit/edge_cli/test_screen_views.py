"""How tables and log lines look on terminals of several widths, and in which colours."""

import io

from rich.console import Console, RenderableType

from edge_cli.core.status import ComponentStatus
from edge_cli.logs.lines import Level, LogRecord
from edge_cli.screen import views

NAME = "aws.greengrass.TokenExchangeService"


def _drawn(view: RenderableType, width: int, *, coloured: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=coloured, highlight=False)
    with console.capture() as drawn:
        console.print(view)
    return drawn.get()


def _status(crashes: int) -> ComponentStatus:
    return ComponentStatus(
        name=NAME, version="2.0.3", state="BROKEN", restarts=1, crashes=crashes, pid=4711, is_root=True
    )


def test_name_of_a_component_is_never_folded_and_its_crashes_never_hidden() -> None:
    for width in (60, 80, 120):
        said = _drawn(views.component_table([_status(3)], width), width)
        assert f"{NAME}  2.0.3" in said
        assert "3" in said.partition(f"{NAME}  2.0.3")[2]


def test_deployment_id_is_never_folded() -> None:
    table = views.listing("Deployment", "Status", "Created")
    identifier = "5f3c0000-0000-4000-8000-000000000001"
    table.add_row(identifier, "SUCCEEDED", "22-11-2026 04:26:11")
    assert identifier in _drawn(table, 60)


def test_what_a_component_says_at_info_is_not_dim() -> None:
    record = LogRecord("a", "2026-11-22T04:26:11.123Z", Level.INFO, "stdout", "started", "", "")
    said = _drawn(views.log_record(record, 0), 80, coloured=True)
    dim = "\x1b[2m"
    assert said.startswith(f"{dim}04:26:11.123")
    assert said.endswith("started\n")
