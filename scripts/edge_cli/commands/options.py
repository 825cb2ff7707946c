"""Options that several commands share, and the shape of their help."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from edge_cli.project import default_root


def examples(*lines: str) -> str:
    """The end of a command's help: each example on a line of its own, as it is typed."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


class Sections(TyperGroup):
    """A group whose help lists its commands under headings; called without a command it shows its help.

    A command's heading is its `rich_help_panel`. The help is drawn without rich, which would cost 0.15 s.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """No arguments at all means `--help`."""
        return super().parse_args(ctx, args or ["--help"])

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """One list for each heading, in the order of definition, with one common left edge."""
        sections: dict[str, list[tuple[str, str]]] = {}
        width = max(len(name) for name in self.commands)
        for name in self.list_commands(ctx):
            command = self.commands[name]
            heading = getattr(command, "rich_help_panel", None) or "Commands"
            text = command.get_short_help_str(formatter.width - width - 6)
            sections.setdefault(heading, []).append((name.ljust(width), text))
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def group(help_text: str) -> typer.Typer:
    """An empty group of commands in the style of all of them."""
    return typer.Typer(
        cls=Sections,
        help=help_text,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


Root = Annotated[
    Path,
    typer.Option(
        "--root",
        metavar="DIR",
        default_factory=default_root,
        show_default=False,
        help="Folder of the core. Default: $EDGE_ROOT, then .edge/core in the project.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change and change nothing.")]
