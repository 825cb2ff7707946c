"""Findings and rules as a person sees them, and as a program does."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_cli.lint.all_rules import ALL
from edge_cli.lint.finding import Finding, Severity
from edge_cli.lint.linting import Report

if TYPE_CHECKING:
    from rich.console import RenderableType

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


def document(report: Report) -> dict[str, Any]:
    """The report for programs; paths are absolute."""
    return {
        "files": [str(path) for path in report.files],
        "findings": [
            {
                "file": str(finding.spot.path),
                "line": finding.spot.line,
                "column": finding.spot.column,
                "code": finding.code,
                "severity": finding.severity.value,
                "text": finding.text,
            }
            for finding in report.findings
        ],
    }


def view(report: Report) -> "RenderableType":
    """One line for each finding, as compilers write them, and one that counts."""
    from rich.text import Text  # noqa: PLC0415  `--json` never pays for rich

    lines = Text()
    for finding in report.findings:
        lines.append(f"{_near(finding.spot.path)}:{finding.spot.line}:{finding.spot.column}: ", "cyan")
        lines.append(finding.severity.value, _STYLES[finding.severity])
        lines.append(f"[{finding.code}] {finding.text}\n")
    lines.append(_count(report))
    return lines


def rules_document() -> list[dict[str, str]]:
    """All rules, for programs."""
    return [{"code": rule.code, "severity": rule.severity.value, "finds": rule.summary} for rule in ALL]


def rules_view() -> "RenderableType":
    """All rules as a table."""
    from rich.table import Table  # noqa: PLC0415  `--json` never pays for rich

    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("code", "severity", "finds"):
        table.add_column(heading, no_wrap=heading != "finds")
    for row in rules_document():
        table.add_row(*(cell.replace("[", r"\[") for cell in row.values()))
    return table


def _near(path: Path) -> str:
    """The path from here when it lies below, else the whole one."""
    here = Path.cwd()
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)


def _count(report: Report) -> str:
    files = f"{len(report.files)} file{'s' * (len(report.files) != 1)}"
    if not report.findings:
        return f"{files}: nothing found by {len(ALL)} rules."
    errors, warnings = (_counted(report.findings, severity) for severity in Severity)
    return f"{errors}, {warnings} in {files}."


def _counted(findings: Sequence[Finding], severity: Severity) -> str:
    count = sum(finding.severity is severity for finding in findings)
    return f"{count} {severity.value}{'s' * (count != 1)}"
