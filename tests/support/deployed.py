"""Our components as a user deploys them: built from their sources and recipes, on a whole core."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from edge_cli.building import Built, build
from edge_cli.project import components
from support.core import RunningCore
from support.ipc import connect
from support.waiting import wait_until

DEPLOY_DEADLINE_S = 60.0


def build_for_here(packages: Collection[str], output: Path) -> list[Built]:
    """Build components for this machine; what has not changed since comes from the project's build cache."""
    return [build(component, output) for component in components() if component.package in packages]


def deploy(core: RunningCore, settings_by_package: Mapping[str, Mapping[str, Any]]) -> None:
    """Build and deploy components, and wait until the deployment has succeeded.

    Args:
        core: A running core; the build goes beside its root.
        settings_by_package: Package, e.g. `mqtt_publisher` -> what is merged into its `settings`.

    Raises:
        AssertionError: The deployment did not succeed.
    """
    output = core.root.parent / "build"
    built = build_for_here(settings_by_package, output)
    names = {component.package: component.name for component in components()}
    deploy_built(
        core,
        output,
        built,
        {names[package]: settings for package, settings in settings_by_package.items()},
    )


def deploy_built(
    core: RunningCore,
    output: Path,
    built: Collection[Built],
    settings_by_name: Mapping[str, Mapping[str, Any]],
) -> None:
    """Deploy what has been built, and wait until the deployment has succeeded.

    Args:
        core: A running core.
        output: The folder of the build.
        built: What of it.
        settings_by_name: Component, e.g. `com.example.MqttPublisher` -> what is merged into its `settings`.

    Raises:
        AssertionError: The deployment did not succeed; holds the components' logs.
    """
    with connect(Path(core.endpoints["ipc"]), core.cli_token) as cli:
        deployment_id = cli.create_local_deployment(
            recipe_directory_path=str(output / "recipes"),
            artifacts_directory_path=str(output / "artifacts"),
            root_component_versions_to_add={one.component: one.version for one in built},
            component_to_configuration={
                name: {"MERGE": {"settings": dict(settings)}} for name, settings in settings_by_name.items()
            },
        ).deployment_id

        def ended() -> str | None:
            deployment = cli.get_local_deployment_status(deployment_id=deployment_id).deployment
            status: str = deployment.status
            return status if status in {"SUCCEEDED", "FAILED", "CANCELED"} else None

        status = wait_until(ended, DEPLOY_DEADLINE_S, "the deployment has ended")
    assert status == "SUCCEEDED", [log_of(core, one.component) for one in built]


def log_of(core: RunningCore, name: str) -> str:
    """What a component has logged so far."""
    path = core.root / "logs" / f"{name}.log"
    return path.read_text() if path.exists() else ""


def readings_of(payloads: list[bytes]) -> list[tuple[str, int]]:
    """(boot_id, sequence) of each payload that is a reading."""
    decoded = [json.loads(payload) for payload in payloads]
    return [(message["boot_id"], message["sequence"]) for message in decoded if "sequence" in message]
