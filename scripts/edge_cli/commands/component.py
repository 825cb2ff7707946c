"""`scripts/edge component …`: greengrass-cli's words and flags."""

# ruff: noqa: PLC0415  a command imports what it needs when it runs, so that `--help` answers at once

from dataclasses import asdict
from typing import Annotated

import typer

from edge_cli.commands.options import AsJson, Root, examples, group
from edge_cli.core.deployments import parse_names
from edge_cli.screen.reporting import reporting

app = group("Inspect and control components, as greengrass-cli does.")

Name = Annotated[str, typer.Option("--name", "-n", metavar="NAME", help="The component's name.")]
Names = Annotated[
    list[str], typer.Option("--names", "-n", metavar="NAME[,NAME]", help="Component names; repeatable.")
]


@app.command("list", epilog=examples("scripts/edge component list", "scripts/edge component list --json"))
def list_components(*, root: Root, as_json: AsJson = False) -> None:
    """List the components on the core, with version and state."""
    with reporting(as_json=as_json) as screen:
        from edge_cli.core.greengrass_ipc import CoreConnection
        from edge_cli.screen import views

        with CoreConnection(root) as core:
            found = core.components()
        screen.show([asdict(component) for component in found], lambda: views.components(found))


@app.command(epilog=examples("scripts/edge component details -n com.example.MqttPublisher"))
def details(*, name: Name, root: Root, as_json: AsJson = False) -> None:
    """Show one component, with the configuration in effect."""
    with reporting(as_json=as_json) as screen:
        from edge_cli.core.greengrass_ipc import CoreConnection
        from edge_cli.screen import views

        with CoreConnection(root) as core:
            found = core.component(name)
        screen.show(asdict(found), lambda: views.component(found))


@app.command(epilog=examples("scripts/edge component restart -n com.example.MqttPublisher"))
def restart(*, names: Names, root: Root, as_json: AsJson = False) -> None:
    """Restart components; their state shows in `component list`."""
    with reporting(as_json=as_json) as screen:
        from edge_cli.core.greengrass_ipc import CoreConnection

        chosen = parse_names(names)
        with CoreConnection(root) as core:
            for name in chosen:
                core.restart_component(name)
        screen.tell({"restarted": chosen}, f"Restarting {', '.join(chosen)}.")


@app.command(epilog=examples("scripts/edge component stop -n com.example.MqttPublisher"))
def stop(*, names: Names, root: Root, as_json: AsJson = False) -> None:
    """Stop components until they are restarted or deployed again."""
    with reporting(as_json=as_json) as screen:
        from edge_cli.core.greengrass_ipc import CoreConnection

        chosen = parse_names(names)
        with CoreConnection(root) as core:
            for name in chosen:
                core.stop_component(name)
        screen.tell({"stopped": chosen}, f"Stopping {', '.join(chosen)}.")
