"""The README's picture, `.github/images/demo.svg`: the live table of a real demo while IoT Core is away.

`python -m edge_cli.readme.picture` runs the demo that the README shows and draws it anew.
"""

import io
import re

from rich.console import Console
from rich.text import Text

from edge_cli.core.topic_messages import TopicMessage
from edge_cli.demo.demo import DemoOptions, run
from edge_cli.demo.live_table import picture
from edge_cli.demo.state import DemoState, Phase
from edge_cli.project import PROJECT
from edge_cli.screen.console import Screen

PICTURE = PROJECT / ".github" / "images" / "demo.svg"
OPTIONS = DemoOptions(duration_s=20, outage_s=6)
COMMAND = "scripts/edge demo --duration 20 --outage 6"
# What a reader has: nothing is fetched.
_FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


class _Painter:
    """Draws while IoT Core is away; the last drawing stays."""

    svg = ""

    def refresh(self, demo: DemoState, _readings: list[TopicMessage]) -> None:
        if demo.phase is not Phase.OUTAGE:
            return
        screen = Screen(as_json=False)
        screen.console = Console(width=80, record=True, file=io.StringIO(), force_terminal=True)
        screen.console.print(Text(f"$ {COMMAND}"), picture(screen, demo), sep="\n")
        self.svg = self_contained(screen.console.export_svg(title="", unique_id="demo"))


def self_contained(svg: str) -> str:
    """`svg` as rich exports it, with the fonts of whoever looks at it and with every space kept."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;]+;", f"font-family: {_FONTS};", svg)
    return svg.replace("<svg ", '<svg xml:space="preserve" ', 1)


def main() -> None:
    """Run the demo and write the picture."""
    painter = _Painter()
    run(OPTIONS, painter)
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(painter.svg, encoding="utf-8")


if __name__ == "__main__":
    main()
