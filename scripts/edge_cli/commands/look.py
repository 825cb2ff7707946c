"""`edge logs`, `edge tap`, `edge pub`: what is said and sent on a core."""

# ruff: noqa: PLC0415  a command imports what it needs when it runs, so that `--help` answers at once
# ruff: noqa: PLR0913  a command has as many parameters as it has options

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from edge_cli.commands.options import AsJson, Root, examples, group
from edge_cli.errors import CommandError
from edge_cli.logs.lines import Level
from edge_cli.screen.reporting import reporting

_LOOK = "Look and try"
_LEVELS = ", ".join(Level.__members__)

PlaceRoot = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="DIR",
        help="Folder of the core or nucleus. Default: $EDGE_ROOT or $GGC_ROOT_PATH, then that of this "
        "device, then that of the local core.",
    ),
]

app = group("")  # without a name of its own: its commands are edge's


@app.command(
    rich_help_panel=_LOOK,
    epilog=examples(
        "scripts/edge logs",
        "scripts/edge logs MqttPublisher -f",
        "scripts/edge logs --level WARN --lines 50",
        "scripts/edge logs greengrass --grep 'deployment.*FAILED'",
        "sudo scripts/edge logs MqttPublisher -f",
    ),
)
def logs(
    *,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A component's name or a part of it. Default: all."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow the logs as they grow.")] = False,
    level: Annotated[
        str | None,
        typer.Option(metavar="LEVEL", help=f"Show this level and above: {_LEVELS}."),
    ] = None,
    grep: Annotated[
        str | None, typer.Option(metavar="REGEX", help="Show only what matches this regular expression.")
    ] = None,
    lines: Annotated[
        int | None,
        typer.Option(
            "--lines", "-n", min=0, metavar="N", help="Show only the last N lines. Default with -f: 20."
        ),
    ] = None,
    lifecycle: Annotated[
        bool,
        typer.Option("--lifecycle/--no-lifecycle", help="With NAME: include the nucleus's lines about it."),
    ] = True,
    root: PlaceRoot = None,
    as_json: AsJson = False,
) -> None:
    """Show the logs of a core or nucleus and its components, in order of time.

    Where a component's lines begin with a level, that level counts. Times are UTC, as in the files.
    A component's lines are merged with the nucleus's lines about it. On a device this needs root; for
    Greengrass Lite it reads the journal.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli import place
        from edge_cli.logs import show
        from edge_cli.logs.lines import LogFilter

        chosen = None if level is None else Level.named(level)
        if level is not None and chosen is None:
            raise CommandError(f"'{level}' is not a valid level. Choose one of {_LEVELS}.")
        try:
            pattern = None if grep is None else re.compile(grep)
        except re.error as error:
            raise CommandError(f"--grep '{grep}' is not a regular expression: {error}.") from None
        shown = LogFilter(chosen, pattern)
        where = place.find(root)
        source: show.LogSource
        if where.kind is place.Kind.LITE:
            from edge_cli.logs.journal import JournalSource

            source = JournalSource(name)
        else:
            source = show.FileSource(where.root, name, with_life=lifecycle)
        if follow:
            count = 20 if lines is None else lines
            show.follow(screen, source, shown, count, fixed=name is not None)
        else:
            show.show(screen, source, shown, lines)


@app.command(
    rich_help_panel=_LOOK,
    epilog=examples(
        "scripts/edge tap '#'",
        "scripts/edge tap '+/sensors/data' --count 3 --json",
        "scripts/edge tap 'sensors/#' --local",
    ),
)
def tap(
    *,
    topic_filter: Annotated[
        str, typer.Argument(metavar="FILTER", help="Topic filter; + is one level, # all levels below.")
    ],
    local: Annotated[
        bool,
        typer.Option("--local/--cloud", help="Listen on the core's local pub/sub, or on the cloud's broker."),
    ] = False,
    count: Annotated[
        int | None,
        typer.Option("--count", "-n", min=1, metavar="N", help="End after N messages."),
    ] = None,
    duration: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="End after this time.")
    ] = None,
    root: Root,
    as_json: AsJson = False,
) -> None:
    """Show messages as they arrive.

    Ctrl-C ends it. Exits with 1 when --duration has passed and fewer messages than --count have arrived.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli.core import messaging

        side = messaging.Side(root, is_local=local)
        came = messaging.tap(screen, side, topic_filter, count=count, duration_s=duration)
        if count is not None and came < count:
            raise CommandError(f"{came} of {count} messages came on '{topic_filter}' within {duration:g} s.")


@app.command(
    rich_help_panel=_LOOK,
    epilog=examples(
        """scripts/edge pub orangepi5-core-001/commands/led '{"action": "on"}'""",
        """scripts/edge pub sensors/test '{"temperature": 31}' --local""",
        "generate | scripts/edge pub a/b -",
    ),
)
def pub(
    *,
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="Topic to send to, without wildcards.")],
    payload: Annotated[str, typer.Argument(metavar="JSON", help="Message to send; - reads it from stdin.")],
    local: Annotated[
        bool,
        typer.Option("--local/--cloud", help="Send on the core's local pub/sub, or from the cloud's side."),
    ] = False,
    qos: Annotated[
        int, typer.Option(min=0, max=1, metavar="0|1", help="MQTT quality of service, in the cloud.")
    ] = 1,
    retain: Annotated[
        bool, typer.Option("--retain", help="Retain the message on the cloud's broker.")
    ] = False,
    text: Annotated[
        bool, typer.Option("--text", help="Send the text as it is, even if it is not JSON.")
    ] = False,
    root: Root,
    as_json: AsJson = False,
) -> None:
    """Send one message, from the cloud or on local pub/sub."""
    with reporting(as_json=as_json) as screen:
        from edge_cli.core import messaging

        content = messaging.checked_payload(sys.stdin.read() if payload == "-" else payload, as_text=text)
        side = messaging.Side(root, is_local=local)
        messaging.publish(side, topic, content, qos=qos, retain=retain)
        screen.tell(
            {"topic": topic, "size_bytes": len(content), "local": local},
            f"Sent {len(content)} bytes to {topic} {side.words}.",
        )
