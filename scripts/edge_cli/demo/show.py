"""`edge demo` on the screen: live on a terminal, in lines elsewhere; then the summary and the report."""

import json
from pathlib import Path

import typer
from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from edge_cli.demo import demo
from edge_cli.demo.live_table import LiveTable
from edge_cli.demo.plain_lines import PlainLines
from edge_cli.demo.report import Report
from edge_cli.errors import CommandError
from edge_cli.exit_codes import ExitCode
from edge_cli.screen.console import Screen
from local_core.settings import Flavor


def options(
    duration_s: float | None, outage_s: float | None, flavor: Flavor, root: Path | None
) -> demo.DemoOptions:
    """The options of the command line."""
    return demo.DemoOptions(duration_s=duration_s, outage_s=outage_s, flavor=flavor, root=root)


def show(screen: Screen, chosen: demo.DemoOptions, report_path: Path | None) -> None:
    """Run a demo, print its summary, write its report.

    Raises:
        CommandError: The demo could not be set up, or the report cannot be written.
        KeyboardInterrupt: Ctrl-C or SIGTERM came before the first reading.
        typer.Exit: With 1: something was lost that should not have been.
    """
    if report_path and not report_path.absolute().parent.is_dir():
        raise CommandError(f"--report {report_path}: there is no folder {report_path.absolute().parent}.")
    try:
        with LiveTable(screen) if screen.is_terminal else PlainLines(screen) as pictures:
            report = demo.run(chosen, pictures)
    except KeyboardInterrupt:
        screen.note("Stopped before anything was counted; everything has been taken down again.")
        raise
    if report_path:
        report_path.write_text(json.dumps(report.document(), indent=2) + "\n", encoding="utf-8")
    screen.show(report.document(), lambda: summary(screen, report, report_path))
    if not report.is_good:
        raise typer.Exit(ExitCode.NOT_DONE)


def summary(screen: Screen, report: Report, report_path: Path | None) -> Group:
    """What it came to, in sentences."""
    first, *others = report.sentences()
    head = Text.from_markup(f"{screen.mark('ok' if report.is_good else 'fail')} ") + Text(first, "bold")
    if report_path:
        others.append(f"Report: {report_path}")
    return Group(Text(""), head, *(Padding(Text(line), (0, 0, 0, 2), expand=False) for line in others))
