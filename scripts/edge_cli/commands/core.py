"""`scripts/edge core …`: the words; starting and stopping are in daemon."""

# ruff: noqa: PLC0415  a command imports what it needs when it runs, so that `--help` answers at once
# ruff: noqa: PLR0913  a command has as many parameters as it has options

from pathlib import Path
from typing import Annotated, Any

import typer

from edge_cli.commands.options import AsJson, Root, examples, group
from edge_cli.errors import CommandError
from edge_cli.screen.reporting import reporting
from local_core.cloud.services import CloudService
from local_core.settings import CoreSettings, Flavor

_DEFAULTS = CoreSettings(root=Path())

app = group("The local core: start it, look at it, take the cloud away from it.")
faults = group("Misbehave on request, as real cores and clouds do.")
app.add_typer(faults, name="fault", rich_help_panel="Make trouble")


@app.command(
    rich_help_panel="Start and stop",
    epilog=examples(
        "scripts/edge core up",
        "scripts/edge core up --flavor lite --thing bench-7",
        "scripts/edge core up --root .edge/second --mqtt-port 1883",
    ),
)
def up(
    *,
    root: Root,
    flavor: Annotated[
        Flavor,
        typer.Option(help="Which nucleus to behave as."),
    ] = _DEFAULTS.flavor,
    thing: Annotated[str, typer.Option(metavar="NAME", help="Thing name.")] = _DEFAULTS.thing_name,
    region: Annotated[
        str, typer.Option(metavar="NAME", help="AWS region that components are told.")
    ] = _DEFAULTS.region,
    mqtt_port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="Port of the broker; 0: a free one.")
    ] = _DEFAULTS.mqtt_port,
    s3_port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="Port of S3; 0: a free one.")
    ] = _DEFAULTS.s3_port,
    interpolate_component_configuration: Annotated[
        bool,
        typer.Option(
            "--interpolate-component-configuration",
            help="The nucleus option of that name: fill in {iot:thingName} in configurations.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start a core in the background; returns when it is ready.

    It brings an MQTT broker as IoT Core and an S3 stand-in, listens on loopback only, and runs until
    `scripts/edge core down`. Components and configuration of an earlier run on the same root come back.

    Lite has no spooler, refuses what it cannot deliver at once, and reads YAML values as strings.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli.core import daemon
        from edge_cli.screen import views

        settings = CoreSettings(
            root=root.resolve(),
            thing_name=thing,
            region=region,
            flavor=flavor,
            mqtt_port=mqtt_port,
            s3_port=s3_port,
            interpolate_component_configuration=interpolate_component_configuration,
        )
        with screen.working("Starting the core"):
            status = daemon.start(settings)
        screen.show(status, lambda: views.core(screen, status))


@app.command(rich_help_panel="Start and stop", epilog=examples("scripts/edge core down"))
def down(*, root: Root, as_json: AsJson = False) -> None:
    """Stop the core, its components, its broker and its S3."""
    with reporting(as_json=as_json) as screen:
        from edge_cli.core import daemon
        from edge_cli.core.daemon import Ending

        with screen.working("Stopping the core and its components"):
            stop = daemon.stop(root)
        log = root / "logs" / "greengrass.log"
        words = {
            Ending.NOT_RUNNING: f"No core was running on {root}.",
            Ending.STOPPED: f"Stopped the core on {root} (process {stop.pid}, {stop.seconds:.1f} s).",
            Ending.KILLED: f"Killed the core on {root} (process {stop.pid}): it had not ended "
            f"{stop.seconds:.0f} s after it was asked. Its log: {log}",
        }
        document = {"ending": stop.ending, "pid": stop.pid, "seconds": round(stop.seconds, 3)}
        screen.tell(document, words[stop.ending])


@app.command(
    rich_help_panel="Start and stop",
    epilog=examples("scripts/edge core status", "scripts/edge core status --json"),
)
def status(*, root: Root, as_json: AsJson = False) -> None:
    """What runs on the core, where it listens, what it delivered."""
    with reporting(as_json=as_json) as screen:
        from edge_cli.core import daemon
        from edge_cli.screen import views

        answer = daemon.status(root)
        screen.show(answer, lambda: views.core(screen, answer))


@app.command(
    rich_help_panel="Make trouble",
    epilog=examples(
        "scripts/edge core offline", "scripts/edge core offline --only s3", "scripts/edge core online"
    ),
)
def offline(
    *,
    root: Root,
    only: Annotated[
        CloudService | None, typer.Option(help="Only this service; without it the whole cloud.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take the cloud away, until `core online`: IoT Core, S3, and new credentials.

    IoT Core: its link breaks. The classic nucleus spools what components publish with QoS 1, up to 2.5 MiB;
    Lite refuses it. S3: every connection ends without an answer. Credentials: those that components have been
    given are good to their end; there are no others.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli.screen.views import services

        answer = _control(root, "offline", only=only)
        screen.tell(
            answer, f"Out of reach: {services(answer['away'])}. Bring it back: scripts/edge core online"
        )


@app.command(rich_help_panel="Make trouble", epilog=examples("scripts/edge core online"))
def online(*, root: Root, as_json: AsJson = False) -> None:
    """Bring back everything that `core offline` has taken away; what was spooled is delivered."""
    with reporting(as_json=as_json) as screen:
        from edge_cli.screen.views import services

        answer = _control(root, "online")
        back = answer["back"]
        screen.tell(answer, f"Within reach again: {services(back)}." if back else "Nothing was away.")


@app.command(rich_help_panel="Make trouble", epilog=examples("scripts/edge core restart-ipc"))
def restart_ipc(*, root: Root, as_json: AsJson = False) -> None:
    """Drop every IPC connection, as a restarting nucleus does."""
    with reporting(as_json=as_json) as screen:
        from edge_cli.screen.views import plural

        answer = _control(root, "restart_ipc")
        dropped = plural(answer["dropped_connections"], "connection")
        screen.tell(answer, f"IPC was restarted: {dropped} dropped; whoever had one must connect again.")


@faults.command(
    epilog=examples(
        "scripts/edge core fault mute-subscription com.example.MqttSubscriber",
        "scripts/edge core fault mute-subscription com.example.MqttSubscriber '+/+/+'",
    )
)
def mute_subscription(
    *,
    component: Annotated[str, typer.Argument(metavar="COMPONENT", help="Whose subscriptions.")],
    topic_filter: Annotated[
        str | None, typer.Argument(metavar="FILTER", help="Which one; without it all of them.")
    ] = None,
    root: Root,
    as_json: AsJson = False,
) -> None:
    """Let subscriptions die silently, to IoT Core and to local topics.

    No error, no close, only no messages any more: what a component must notice by itself.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli.screen.views import plural

        muted = _control(root, "mute_subscription", component=component, topic_filter=topic_filter)
        count = muted["muted_subscriptions"]
        if not count:
            of_it = f" to '{topic_filter}'" if topic_filter else ""
            raise CommandError(f"{component} has no subscription{of_it}. What runs: scripts/edge core status")
        screen.tell(muted, f"Muted {plural(count, 'subscription')} of {component}.")


@faults.command(
    epilog=examples(
        "scripts/edge core fault mute-answers com.example.MqttPublisher",
        "scripts/edge core fault mute-answers com.example.MqttPublisher PublishToIoTCore",
    )
)
def mute_answers(
    *,
    component: Annotated[str, typer.Argument(metavar="COMPONENT", help="Whose calls.")],
    operation: Annotated[
        str | None, typer.Argument(metavar="OPERATION", help="Of which operation; without it of all.")
    ] = None,
    root: Root,
    as_json: AsJson = False,
) -> None:
    """Do what a component asks and never answer, until `core restart-ipc`.

    It can connect, and what it publishes arrives; it learns nothing of it.
    """
    with reporting(as_json=as_json) as screen:
        muted = _control(root, "mute_answers", component=component, operation=operation)
        calls = f"calls of {operation}" if operation else "calls"
        screen.tell(
            muted, f"{component} gets no answers to its {calls}. End it: scripts/edge core restart-ipc"
        )


@faults.command(epilog=examples("scripts/edge core fault expire-credentials"))
def expire_credentials(*, root: Root, as_json: AsJson = False) -> None:
    """Let the credentials from the token exchange expire."""
    with reporting(as_json=as_json) as screen:
        expired = _control(root, "expire_credentials")
        count = expired["expired_credentials"]
        screen.tell(expired, f"Expired: {count}." if count else "Nobody had fetched any credentials yet.")


def _control(root: Path, command: str, **arguments: Any) -> dict[str, Any]:
    from local_core.control import request

    return request(root, command, **arguments)
