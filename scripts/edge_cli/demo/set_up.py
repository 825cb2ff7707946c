"""The steps of a demo's set-up: build, deploy, wait for the first reading; in the demo's thread."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_cli.building import build
from edge_cli.configuration_option import Change
from edge_cli.core.deployment_wait import await_outcome
from edge_cli.core.deployments import DeploymentRequest
from edge_cli.core.greengrass_ipc import CoreConnection
from edge_cli.demo.observation import Observation
from edge_cli.demo.state import DemoState, Phase, Step
from edge_cli.demo.workplace import Workplace
from edge_cli.errors import CommandError
from edge_cli.logs.files import last_words
from edge_cli.project import find_component

PUBLISHER = "com.example.MqttPublisher"
SUBSCRIBER = "com.example.MqttSubscriber"
# For the show: real readings of this machine, one each second, and an outbox that a small temporary folder
# has room for; an hour of readings takes 15 MB. Strings, as the recipes have them.
SHOW_SETTINGS = {
    "sensor": {"source": "host"},
    "publish_interval_s": "1",
    "outbox": {"max_bytes": str(16 << 20)},
}
DEPLOYMENT_TIMEOUT_S = 60.0
FIRST_READING_TIMEOUT_S = 30.0


@contextmanager
def step(state: DemoState, observation: Observation, text: str) -> Iterator[Step]:
    """Show one step of the set-up while it is under way, and what it took."""
    under_way = Step(text)
    state.steps.append(under_way)
    observation.tick(0)
    began = time.monotonic()
    yield under_way
    under_way.doing = ""
    under_way.seconds = time.monotonic() - began
    observation.tick(0)


def build_components(place: Workplace, state: DemoState, observation: Observation) -> dict[str, str]:
    """Build publisher and subscriber for this machine; returns component -> version.

    Raises:
        CommandError: They cannot be built.
    """
    with step(state, observation, "build") as under_way:

        def progress(sentence: str) -> None:
            under_way.doing = sentence
            observation.tick(0)

        built = [
            build(find_component(name), place.build_output, progress=progress)
            for name in (PUBLISHER, SUBSCRIBER)
        ]
    return {component.component: component.version for component in built}


def deploy(place: Workplace, versions: dict[str, str], state: DemoState, observation: Observation) -> None:
    """Deploy what was built, with the settings of the show; returns when the deployment is through.

    The core has then its own copy of what was built, and the temporary folder is a small one.

    Raises:
        CommandError: It failed, was cancelled, or took longer than DEPLOYMENT_TIMEOUT_S.
    """
    request = DeploymentRequest(
        recipe_folder=place.build_output / "recipes",
        artifact_folder=place.build_output / "artifacts",
        merge=versions,
        update_config={PUBLISHER: Change({"settings": SHOW_SETTINGS})},
    )
    with CoreConnection(place.root) as core:
        deployment_id = core.create_deployment(request)
        outcome = await_outcome(core, deployment_id, DEPLOYMENT_TIMEOUT_S, observation.tick)
    shutil.rmtree(place.build_output)
    observation.look_at_core()
    observation.tick(0)
    if outcome.status != "SUCCEEDED":
        _refuse_broken(place.root, state)
        raise CommandError(
            f"The deployment: {outcome.status}. {outcome.failure_cause or 'No cause is given.'}"
        )


def await_first_reading(root: Path, state: DemoState, observation: Observation) -> None:
    """Watch until a reading has arrived in the cloud.

    Raises:
        CommandError: A component does not run, or none has arrived within FIRST_READING_TIMEOUT_S.
    """
    state.phase = Phase.AWAITING
    deadline = time.monotonic() + FIRST_READING_TIMEOUT_S
    while state.first_message_s is None:
        _refuse_broken(root, state)
        if time.monotonic() >= deadline:
            raise CommandError(f"No reading has arrived in the cloud within {FIRST_READING_TIMEOUT_S:g} s.")
        observation.tick()


def _refuse_broken(root: Path, state: DemoState) -> None:
    """End the demo when a component does not run: its own last words say most about why."""
    components = state.core["components"] if state.core else []
    broken = [component["name"] for component in components if component["state"] == "BROKEN"]
    if broken:
        raise CommandError(
            "; ".join(f"{name} cannot run, it said: {last_words(root, name)}" for name in broken)
        )
