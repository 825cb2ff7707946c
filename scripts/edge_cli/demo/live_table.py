"""What a terminal shows while a demo runs: one picture of the state, drawn over and over."""

from collections.abc import Sequence
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edge_cli.core.status import ComponentStatus
from edge_cli.core.topic_messages import TopicMessage
from edge_cli.demo.state import DemoState, Phase
from edge_cli.screen.console import Screen
from edge_cli.screen.views import crashes, duration, listing, plural, short_name, size, state
from edge_common.timestamps import format_timestamp
from local_core.settings import Flavor

_LATEST_ROWS = 5  # always that many, so that the picture does not jump
_VALUE_WIDTH = 8  # of a sensor's value, so that columns do not move


class LiveTable:
    """Draws the state in place; a context manager that leaves the last picture standing.

    Args:
        screen: The command's screen, on a terminal.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._live = Live(console=screen.console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def refresh(self, demo: DemoState, _readings: list[TopicMessage]) -> None:
        """Draw what is known now."""
        self._live.update(picture(self._screen, demo), refresh=True)


def picture(screen: Screen, demo: DemoState) -> RenderableType:
    """The whole picture."""
    parts: list[RenderableType] = [_title(demo), _steps(screen, demo)]
    components = (
        [component for component in demo.core["components"] if component["is_root"]] if demo.core else []
    )
    if components:
        parts += [Text(""), _components(components)]
    if demo.first_message_s is not None:
        parts += [
            Text(""),
            _arrivals(screen.console, demo),
            Text(""),
            _iot_core(screen, demo),
            _counters(demo),
        ]
    if demo.phase is not Phase.ENDED:
        parts += [Text(""), Text(_hint(demo), "dim")]
    return Padding(Group(*parts), (1, 0, 0, 0))


def _title(demo: DemoState) -> Text:
    title = Text("edge demo", "bold")
    if demo.core:
        core = demo.core
        title.append(f"  {core['thing_name']} · {core['flavor']} nucleus · {core['broker']}", "dim")
    return title


def _steps(screen: Screen, demo: DemoState) -> Text:
    line = Text()
    for step in demo.steps:
        if line:
            line.append("  ")
        if step.seconds is None:
            line.append(f"{step.doing or step.text} …", "cyan")
        else:
            line.append_text(Text.from_markup(screen.mark("ok")))
            line.append(f" {step.text} ")
            line.append(f"{step.seconds:.1f} s", "dim")
    if demo.first_message_s is not None:
        line.append(f"  first reading after {demo.first_message_s:.1f} s", "dim")
    elif demo.phase is Phase.AWAITING:
        line.append("  first reading …", "cyan")
    return line


def _components(components: Sequence[ComponentStatus]) -> Table:
    table = listing("Component", "Version", "State", "Crashes", right=("Crashes",))
    for component in components:
        table.add_row(
            short_name(component["name"]),
            component["version"],
            state(component["state"]),
            crashes(component),
        )
    return table


def _arrivals(console: Console, demo: DemoState) -> Table:
    """The latest readings, a column for each sensor, as many as there is room for."""
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Arrived (UTC)", no_wrap=True, style="dim")
    table.add_column("Reading", justify="right", no_wrap=True)
    readings = [message.content() for message in demo.latest]
    room = console.width - len("Arrived (UTC)  Reading  ")
    fields = []
    for field in readings[-1]["sensors"]:
        room -= max(len(field), _VALUE_WIDTH) + 2
        if room >= 0:
            fields.append(field)
            table.add_column(field, justify="right", no_wrap=True, min_width=_VALUE_WIDTH)
    columns = [numbers([reading["sensors"].get(field) for reading in readings]) for field in fields]
    for row, (message, reading) in enumerate(zip(demo.latest, readings, strict=True)):
        values = [column[row] for column in columns]
        table.add_row(format_timestamp(message.received_at)[11:23], f"#{reading['sequence']}", *values)
    for _ in range(_LATEST_ROWS - len(readings)):
        table.add_row()
    return table


def numbers(values: Sequence[object]) -> list[str]:
    """One sensor's values with the same number of decimals, two at most.

    >>> numbers([48.300000000000004, 49.0, None]), numbers([7, 8.0])
    (['48.3', '49.0', '-'], ['7', '8'])
    """
    measured = [value for value in values if isinstance(value, int | float)]
    decimals = max((_decimals(value) for value in measured), default=0)
    return [f"{value:.{decimals}f}" if isinstance(value, int | float) else "-" for value in values]


def _decimals(value: float) -> int:
    return len(f"{value:.2f}".rstrip("0").partition(".")[2])


def _iot_core(screen: Screen, demo: DemoState) -> Text:
    assert demo.core  # noqa: S101  readings have arrived, so there is a core
    waiting, waiting_bytes = demo.core["iot_core"]["spooled_messages"], demo.core["iot_core"]["spooled_bytes"]
    if demo.core["online"]:
        line = Text.from_markup(f"{screen.mark('on')} IoT Core [green]online[/]")
    else:
        line = Text.from_markup(f"{screen.mark('off')} IoT Core [yellow]offline[/]")
        line.append(f" for {demo.outage_s:.0f} s", "yellow")
    if demo.core["flavor"] == Flavor.LITE and not demo.core["online"]:
        line.append("   Lite holds nothing: readings wait in the outbox", "yellow")
    if waiting:
        verb = "waits" if waiting == 1 else "wait"
        line.append(f"   {plural(waiting, 'message')} {verb} on the core ({size(waiting_bytes)})", "yellow")
    return line


def _counters(demo: DemoState) -> Text:
    assert demo.balance  # noqa: S101  readings have arrived
    balance = demo.balance
    line = Text(f"  {plural(balance.produced, 'reading')} produced · {balance.delivered} arrived")
    if balance.waiting:
        line.append(f" · {balance.waiting} in the outbox", "yellow" if balance.waiting > 1 else "")
    has_ended = demo.phase is Phase.ENDED
    if has_ended:
        line.append(" · ").append(f"{balance.lost} lost", "red" if balance.lost else "")
    elif balance.lost:
        line.append(f" · {balance.lost} on the way")
    if has_ended or balance.duplicated:
        line.append(" · ").append(f"{balance.duplicated} duplicated", "yellow" if balance.duplicated else "")
    return line


def _hint(demo: DemoState) -> str:
    match demo.phase:
        case Phase.SETTING_UP | Phase.AWAITING:
            return "Ctrl-C stops everything."
        case Phase.DRAINING:
            return "Waiting for what is still on its way; then the publisher is stopped."
        case _ if demo.duration_s is None:
            return f"{duration(demo.watched_s)}. Ctrl-C ends it."
        case _:
            return f"{duration(max(0.0, demo.duration_s - demo.watched_s))} left. Ctrl-C ends it."
