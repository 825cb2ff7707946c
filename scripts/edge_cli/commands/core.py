"""`scripts/edge core …`: the words; starting and stopping are in daemon."""

# ruff: noqa: PLC0415  a command imports what it needs when it runs, so that `--help` answers at once
# ruff: noqa: PLR0913  a command has as many parameters as it has options

from pathlib import Path
from typing import Annotated, Any

import typer

from edge_cli.commands.options import AsJson, Root, examples, group
from edge_cli.errors import CommandError
from edge_cli.project import default_root
from edge_cli.screen.reporting import reporting
from local_core.cloud.services import CloudService
from local_core.settings import CoreSettings, Flavor

_DEFAULTS = CoreSettings(root=Path())

app = group("Control the local core: start, inspect, cut off from the cloud, stop.")
faults = group("Inject faults that occur on real cores and in real clouds.")
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
        typer.Option(help="Nucleus to imitate."),
    ] = _DEFAULTS.flavor,
    thing: Annotated[str, typer.Option(metavar="NAME", help="Thing name.")] = _DEFAULTS.thing_name,
    region: Annotated[
        str, typer.Option(metavar="NAME", help="AWS region that components see.")
    ] = _DEFAULTS.region,
    mqtt_port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="Port of the broker; 0 takes a free one.")
    ] = _DEFAULTS.mqtt_port,
    s3_port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="Port of S3; 0 takes a free one.")
    ] = _DEFAULTS.s3_port,
    interpolate_component_configuration: Annotated[
        bool,
        typer.Option(
            "--interpolate-component-configuration",
            help="Replace {iot:thingName} in configurations, like the nucleus option of this name.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start a core in the background and wait until it is ready.

    The core includes an MQTT broker that plays IoT Core and a stand-in for S3. It listens on loopback only
    and
    runs until `scripts/edge core down`. Components and configuration of an earlier run in this folder come
    back.

    Lite has no spooler, refuses what it cannot deliver immediately, and reads YAML values as strings.
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
    """Stop the core, its components, its broker and its S3 stand-in."""
    with reporting(as_json=as_json) as screen:
        from edge_cli.core import daemon
        from edge_cli.core.daemon import Ending

        with screen.working("Stopping the core and its components"):
            stop = daemon.stop(root)
        log = root / "logs" / "greengrass.log"
        words = {
            Ending.NOT_RUNNING: f"No core runs on {root}.",
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
    """Show what runs on the core, where it listens, what it delivered."""
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
        CloudService | None, typer.Option(help="Cut off this service only. Default: the whole cloud.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Cut off the cloud until `core online`: IoT Core, S3, and new credentials.

    IoT Core: its link breaks. The classic nucleus spools what components publish with QoS 1, up to 2.5 MiB;
    Lite refuses it. S3: every connection ends without an answer. Credentials: those already given out stay
    valid until they expire; no new ones are given out.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli.screen.views import services

        answer = _control(root, "offline", only=only)
        back = f"scripts/edge core online{_option(root)}"
        screen.tell(answer, f"Cut off: {services(answer['away'])}. To restore it: {back}")


@app.command(rich_help_panel="Make trouble", epilog=examples("scripts/edge core online"))
def online(*, root: Root, as_json: AsJson = False) -> None:
    """Restore what `core offline` has cut off; deliver what was spooled."""
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
        screen.tell(answer, f"IPC was restarted: {dropped} dropped; components must connect again.")


@faults.command(
    epilog=examples(
        "scripts/edge core fault mute-subscription com.example.MqttSubscriber",
        "scripts/edge core fault mute-subscription com.example.MqttSubscriber '+/+/+'",
    )
)
def mute_subscription(
    *,
    component: Annotated[
        str, typer.Argument(metavar="COMPONENT", help="Component whose subscriptions are silenced.")
    ],
    topic_filter: Annotated[
        str | None, typer.Argument(metavar="FILTER", help="Topic filter of the subscription. Default: all.")
    ] = None,
    root: Root,
    as_json: AsJson = False,
) -> None:
    """Silence subscriptions to IoT Core and to local topics.

    There is no error and the stream stays open, but no messages come: a component must notice by itself.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli.screen.views import plural

        muted = _control(root, "mute_subscription", component=component, topic_filter=topic_filter)
        count = muted["muted_subscriptions"]
        if not count:
            of_it = f" to '{topic_filter}'" if topic_filter else ""
            raise CommandError(
                f"{component} has no subscription{of_it}. What runs: scripts/edge core status{_option(root)}"
            )
        screen.tell(muted, f"Muted {plural(count, 'subscription')} of {component}.")


@faults.command(
    epilog=examples(
        "scripts/edge core fault mute-answers com.example.MqttPublisher",
        "scripts/edge core fault mute-answers com.example.MqttPublisher PublishToIoTCore",
    )
)
def mute_answers(
    *,
    component: Annotated[
        str, typer.Argument(metavar="COMPONENT", help="Component whose calls are not answered.")
    ],
    operation: Annotated[
        str | None, typer.Argument(metavar="OPERATION", help="Operation that is not answered. Default: all.")
    ] = None,
    root: Root,
    as_json: AsJson = False,
) -> None:
    """Withhold the answers to a component, until `core restart-ipc`.

    The component can connect and what it publishes arrives, but it gets no answer.
    """
    with reporting(as_json=as_json) as screen:
        muted = _control(root, "mute_answers", component=component, operation=operation)
        calls = f"calls of {operation}" if operation else "calls"
        screen.tell(
            muted,
            f"{component} gets no answers to its {calls}. "
            f"To end this: scripts/edge core restart-ipc{_option(root)}",
        )


@faults.command(epilog=examples("scripts/edge core fault expire-credentials"))
def expire_credentials(*, root: Root, as_json: AsJson = False) -> None:
    """Expire the credentials that the token exchange has given out."""
    with reporting(as_json=as_json) as screen:
        expired = _control(root, "expire_credentials")
        count = expired["expired_credentials"]
        screen.tell(expired, f"Expired: {count}." if count else "No credentials have been fetched yet.")


def _control(root: Path, command: str, **arguments: Any) -> dict[str, Any]:
    from edge_cli.core import daemon

    return daemon.ask(root, command, **arguments)


def _option(root: Path) -> str:
    """What names this core in a command line; nothing for the default one."""
    return "" if root == default_root() else f" --root {root}"
