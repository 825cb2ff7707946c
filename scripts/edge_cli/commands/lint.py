"""`edge lint`: its options and its help. What it does is in `edge_cli.lint`, imported when it runs."""

# ruff: noqa: PLC0415  a command imports what it needs when it runs, so that `--help` answers at once

from pathlib import Path
from typing import Annotated

import typer

from edge_cli.commands.options import AsJson, examples
from edge_cli.exit_codes import ExitCode
from edge_cli.screen.reporting import reporting

EPILOG = examples(
    "scripts/edge lint",
    "scripts/edge lint recipes/com.example.MqttPublisher.yaml",
    "scripts/edge lint greengrass-build/recipes --json",
    "scripts/edge lint --rules",
)


def lint(
    *,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH",
            help="Recipe, gdk-config.json, deployment.json, template, a folder of these or of a component.",
        ),
    ] = None,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find mistakes in recipes and grants that schemas accept.

    Reads recipes as both nuclei do and compares them with the code: grants, topics, dependencies, settings,
    artifacts,
    names. Compares gdk-config.json with what GDK demands. What cfn-lint finds in the templates of
    scripts/cloud has its codes. Each finding has file, line, column, code, why, and what to do. Exits with 1
    when one of them is an error.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli.lint import view
        from edge_cli.lint.finding import Severity
        from edge_cli.lint.linting import lint as lint_files

        if rules:
            screen.show(view.rules_document(), view.rules_view)
            return
        report = lint_files(paths or ())
        screen.show(view.document(report), lambda: view.view(report))
        if any(finding.severity is Severity.ERROR for finding in report.findings):
            raise typer.Exit(ExitCode.NOT_DONE)
