"""How results look to a person: rich renderables made from what commands found out; no I/O."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edge_cli.core.deployments import Deployment
from edge_cli.core.status import ComponentStatus, CoreStatus, IotCoreCounters, ServiceStatus
from edge_cli.logs.lines import Level, LogRecord
from edge_cli.screen.console import Screen

if TYPE_CHECKING:
    from edge_cli.core.greengrass_ipc import ComponentDetails

# LifecycleState in the SDK's model of Greengrass IPC.
_STATE_STYLES = {"RUNNING": "green", "FINISHED": "green", "ERRORED": "red", "BROKEN": "bold red"}
_DEPLOYMENT_STYLES = {"SUCCEEDED": "green", "FAILED": "red", "CANCELED": "yellow"}
_LEVEL_STYLES = {Level.WARN: "yellow", Level.ERROR: "red", Level.FATAL: "bold red"}
_SERVICES = {"iot-core": "IoT Core", "s3": "S3", "credentials": "credentials"}  # `CloudService`
_ROOM_FOR_NUMBERS = 90  # columns: the longest name of Amazon's, aws.greengrass.TokenExchangeService, and all
_TIME_OF_DAY = slice(11, 23)  # HH:MM:SS.mmm in an ISO instant


def state(word: str) -> Text:
    """A component's state in its colour."""
    return Text(word, _STATE_STYLES.get(word, "yellow"))


def facts(rows: Sequence[tuple[str, RenderableType]]) -> Table:
    """Names and values, one pair on a line."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return table


def listing(*headings: str, right: Sequence[str] = ()) -> Table:
    """An empty table without lines, only quiet headings; columns named in `right` are numbers.

    The first column names what the row is about. It is never folded: people copy it.
    """
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        justify: JustifyMethod = "right" if heading in right else "left"
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=heading == headings[0])
    return table


def component_table(components: Sequence[ComponentStatus], width: int) -> RenderableType:
    """The components of a core, with their restarts and processes where there is room for that.

    Args:
        components: What the core says of them.
        width: Columns of the terminal.
    """
    if not components:
        return Text("No components. Deploy some: scripts/edge deployment create --help", "dim")
    numbers = ("Restarts", "Crashes", "Process") if width >= _ROOM_FOR_NUMBERS else ()
    table = listing("Component", "Version", "State", *numbers, right=numbers)
    for component in components:
        if not numbers:
            word = state(component["state"])
            if component["crashes"]:
                word.append(f", crashes: {component['crashes']}", "yellow")
            table.add_row(component["name"], component["version"], word)
            continue
        process = Text("-", "dim") if component["pid"] is None else Text(str(component["pid"]))
        table.add_row(
            component["name"],
            component["version"],
            state(component["state"]),
            str(component["restarts"]),
            crashes(component),
            process,
        )
    return table


def crashes(component: ComponentStatus) -> Text:
    """How often it has failed."""
    return Text(str(component["crashes"]), "yellow" if component["crashes"] else "")


def services(names: Iterable[str]) -> str:
    """Services of the cloud in a sentence.

    >>> services(["iot-core", "s3", "credentials"]), services(["s3"])
    ('IoT Core, S3 and credentials', 'S3')
    """
    *first, last = (_SERVICES[name] for name in names)
    return f"{', '.join(first)} and {last}" if first else last


def iot_core_line(counters: IotCoreCounters) -> Text:
    """The link to IoT Core in one line; what should worry is coloured."""
    line = Text(f"{counters['published']} to IoT Core · {counters['delivered']} from it to components")
    waiting = counters["spooled_messages"]
    line.append(f" · {waiting} waiting ({size(counters['spooled_bytes'])})", "yellow" if waiting else "")
    line.append(f" · {counters['in_flight']} in flight")
    line.append(f" · {counters['dropped']} dropped", "red" if counters["dropped"] else "")
    line.append(f" · {plural(counters['subscriptions'], 'subscription')}")
    return line


def core(screen: Screen, status: CoreStatus) -> RenderableType:
    """A running core: what it is, where it listens, what runs on it."""
    iot_core = Text("online", "green") if status["online"] else Text("offline", "yellow")
    away = status["away"]
    broker = f", {status['endpoints']['mqtt']} ({status['broker']})"
    bucket = f"{status['endpoints']['s3']}, bucket {status['bucket']}"
    processes = status["services"]
    rows: list[tuple[str, RenderableType]] = [
        ("Thing", f"{status['thing_name']} in {status['region']}"),
        ("Nucleus", f"{status['flavor']}, process {status['pid']}, up {duration(status['uptime_s'])}"),
        (
            "IoT Core",
            iot_core.append_text(_since(away, "iot-core")).append_text(_endpoint(broker, processes["mqtt"])),
        ),
        ("S3", _endpoint(bucket, processes["s3"]).append_text(_since(away, "s3", ", out of reach"))),
        (
            "Credentials",
            Text(status["endpoints"]["token_exchange"]).append_text(
                _since(away, "credentials", ", no new ones")
            ),
        ),
        ("IPC", status["endpoints"]["ipc"]),
        ("Messages", iot_core_line(status["iot_core"])),
    ]
    title = Text.from_markup(f"{screen.mark('on')} [bold]Core[/] on ") + Text(status["root"])
    return Group(
        title,
        Padding(facts(rows), (0, 0, 1, 2), expand=False),
        Padding(component_table(status["components"], screen.console.width), (0, 0, 0, 2), expand=False),
    )


def _since(away: Mapping[str, str], service: str, what: str = "") -> Text:
    """What is not there, since when; empty when it is there."""
    return Text(f"{what} since {away[service]}", "yellow") if service in away else Text()


def _endpoint(where: str, service: ServiceStatus) -> Text:
    line = Text(where)
    if service["state"] != "running":
        line.append(", down", "red")
    if service["restarts"]:
        line.append(f", died and was started again: {plural(service['restarts'], 'time')}", "yellow")
    return line


def deployment(outcome: Deployment) -> RenderableType:
    """One deployment, with the reasons when it failed."""
    title = Text(f"{outcome.deployment_id}: ")
    title.append(outcome.status, _DEPLOYMENT_STYLES.get(outcome.status, "yellow"))
    rows: list[tuple[str, RenderableType]] = []
    if outcome.created_on:
        rows.append(("Created", outcome.created_on))
    if outcome.detailed_status:
        rows.append(("Outcome", outcome.detailed_status))
    if outcome.failure_cause:
        rows.append(("Cause", Text(outcome.failure_cause, "red")))
    if outcome.error_types:
        rows.append(("Kinds", ", ".join(outcome.error_types)))
    if outcome.error_stack:
        rows.append(("Errors", "\n".join(outcome.error_stack)))
    return Group(title, Padding(facts(rows), (0, 0, 0, 2), expand=False)) if rows else title


def deployment_table(outcomes: Sequence[Deployment]) -> RenderableType:
    """Several deployments."""
    if not outcomes:
        return Text("No local deployments yet. Make one: scripts/edge deployment create --help", "dim")
    table = listing("Deployment", "Status", "Created")
    for outcome in outcomes:
        status = Text(outcome.status, _DEPLOYMENT_STYLES.get(outcome.status, "yellow"))
        table.add_row(outcome.deployment_id, status, outcome.created_on or "")
    return table


def components(found: "Sequence[ComponentDetails]") -> RenderableType:
    """Components as greengrass-cli lists them."""
    if not found:
        return Text("No components. Deploy some: scripts/edge deployment create --help", "dim")
    table = listing("Component", "Version", "State")
    for component in found:
        table.add_row(component.name, component.version, state(component.state))
    return table


def component(details: "ComponentDetails") -> RenderableType:
    """One component with its effective configuration."""
    configuration = Text(json.dumps(details.configuration, indent=2, ensure_ascii=False))
    return facts(
        [
            ("Component Name", details.name),
            ("Version", details.version),
            ("State", state(details.state)),
            ("Configuration", configuration),
        ]
    )


def log_record(record: LogRecord, source_width: int) -> Text:
    """A log record for people: time of day, level, component, message.

    The nucleus's own context is shown only where there is no message.

    Args:
        record: What to show.
        source_width: Width of the component's column; 0 leaves it out.
    """
    if not record.timestamp:
        return Text(record.raw)
    level = record.effective_level
    style = _LEVEL_STYLES.get(level, "")
    line = Text().append(record.timestamp[_TIME_OF_DAY].rstrip("Z").ljust(12), "dim")
    line.append(f" {level.name:<5}", style or "dim")
    if source_width:
        line.append(f" {short_name(record.source):<{source_width}}", "cyan")
    event = "" if record.event in ("", "stdout", "stderr") else f"{record.event} "
    line.append(f" {event}", "dim")
    if record.message:
        line.append(record.text, style)
    else:
        line.append(record.context, style or "dim")
    for continuation in record.continuation:
        line.append(f"\n    {continuation}", style or "dim")
    return line


def short_name(component_name: str) -> str:
    """The last part of a component's name.

    >>> short_name("com.example.MqttPublisher")
    'MqttPublisher'
    """
    return component_name.rpartition(".")[2]


def plural(count: int, noun: str) -> str:
    """A number and what it counts.

    >>> plural(1, "message"), plural(0, "message")
    ('1 message', '0 messages')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def size(size_bytes: int) -> str:
    """Bytes for people.

    >>> size(999), size(2_621_440)
    ('999 B', '2.6 MB')
    """
    number = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if number < 1000:  # noqa: PLR2004  steps of the decimal prefixes
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def duration(seconds: float) -> str:
    """Seconds for people.

    >>> duration(7.4), duration(192), duration(7_300)
    ('7 s', '3 min 12 s', '2 h 1 min')
    """
    whole = int(seconds)
    if whole < 60:  # noqa: PLR2004  seconds in a minute
        return f"{whole} s"
    if whole < 3600:  # noqa: PLR2004  seconds in an hour
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
