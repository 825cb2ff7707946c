"""The runtime of a core (components and deployments) without cloud: real recipes, real `sh`, short waits.

Runs in a thread of its own, so that tests and SDK clients may block.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from local_core.deployments.deployment import FINAL, DeploymentRecord, DeploymentRequest, Status
from local_core.deployments.host import DeploymentHost
from local_core.deployments.queue import Deployments
from local_core.ipc.authorization import Authorizer
from local_core.ipc.server import IpcServer
from local_core.ipc.tokens import Tokens
from local_core.layout import Layout
from local_core.model.configuration import ConfigurationStore
from local_core.operations.component_updates import ComponentUpdates
from local_core.operations.components import ComponentOperations
from local_core.operations.deployments import DeploymentOperations
from local_core.operations.lifecycle import LifecycleOperations
from local_core.processes.children import Children
from local_core.runtime.access_control import access_control_of
from local_core.runtime.environment import CoreVariables
from local_core.runtime.states import State
from local_core.runtime.supervisor import ComponentHost, ComponentStatus, Supervisor
from local_core.settings import CoreSettings, Flavor
from support.loops import LoopThread
from support.waiting import wait_until

JsonObject = dict[str, Any]

WITHIN_S = 30.0
THING_NAME = "thing-under-test"


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the runtime under test waits for what, in seconds.

    Attributes:
        stop_grace_s: Between SIGTERM and SIGKILL.
        settle_poll_s: Between two looks at whether a deployment's components have come to rest.
        consent_timeout_s: For components to consent to an update.
        validation_timeout_s: For components to report on a configuration.
    """

    stop_grace_s: float = 5.0
    settle_poll_s: float = 0.05
    consent_timeout_s: float = 10.0
    validation_timeout_s: float = 10.0


class RuntimeUnderTest:
    """Context manager; leaving it ends every component.

    Args:
        root: The core's folder; `recipes` and `artifacts` beside it are what deployments name.
        flavor: Whose behaviour.
        waits: Shorter than the nucleus's own where a test would wait.
        interpolates: The nucleus option interpolateComponentConfiguration.
    """

    def __init__(
        self,
        root: Path,
        flavor: Flavor = Flavor.CLASSIC,
        waits: Waits = Waits(),
        *,
        interpolates: bool = False,
    ) -> None:
        self.layout = Layout(root)
        self.recipe_folder = root.parent / "recipes"
        self.artifact_folder = root.parent / "artifacts"
        self.environment: dict[str, str] = {}
        self._settings = CoreSettings(
            root, thing_name=THING_NAME, flavor=flavor, interpolate_component_configuration=interpolates
        )
        self._loop = LoopThread()
        self._tokens = Tokens()
        self.store = ConfigurationStore(self.layout.state / "configuration.json")
        self._authorizer = Authorizer(self.access_control, self.store.component_names)
        children = Children(self.layout.state / "children.json")
        host = ComponentHost(self.layout, children, self._tokens, self._variables, flavor, waits.stop_grace_s)
        self.supervisor = Supervisor(host)
        updates = ComponentUpdates(waits.consent_timeout_s, waits.validation_timeout_s)
        deployments_host = DeploymentHost(
            self._settings,
            self.layout,
            self.store,
            self.supervisor,
            updates,
            self._authorizer.forget,
            waits.settle_poll_s,
        )
        self.deployments = Deployments(deployments_host)
        operations = (
            LifecycleOperations(self.supervisor, self._authorizer),
            ComponentOperations(self.supervisor, self.store, self._authorizer),
            DeploymentOperations(self.deployments, self._authorizer),
            updates,
        )
        self._ipc = IpcServer(
            self.layout.ipc_socket,
            self._tokens,
            [operation for family in operations for operation in family.operations()],
        )

    def __enter__(self) -> Self:
        for folder in (self.recipe_folder, self.artifact_folder, self.layout.root):
            folder.mkdir(parents=True, exist_ok=True)
        self._loop.__enter__()
        self._loop.run(self._ipc.start())
        self._loop.run(self.deployments.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._loop.run(self.deployments.stop())
        self._loop.run(self.supervisor.stop_all())
        self._loop.run(self._ipc.stop())
        self._loop.__exit__(kind, error, where)

    @property
    def ipc_socket(self) -> Path:
        """What clients connect to."""
        return self._ipc.address

    def token(self, name: str) -> str:
        """A token for a client that plays `name` in place of its process."""
        return self._loop.call(self._tokens.issue, name)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call something in the core's thread."""
        return self._loop.call(function, *arguments)

    def write_recipe(
        self,
        name: str,
        lifecycle: Mapping[str, Any],
        version: str = "1.0.0",
        *,
        artifacts: Sequence[JsonObject] = (),
        **sections: Any,
    ) -> Path:
        """A recipe file for this machine in the recipe folder; its path.

        Args:
            name: Component name.
            lifecycle: The manifest's.
            version: Component version.
            artifacts: The manifest's.
            **sections: Further top-level sections, e.g. `ComponentDependencies`.
        """
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            **sections,
            "Manifests": [
                {
                    "Platform": {"os": "linux", "runtime": "*"},
                    "Lifecycle": dict(lifecycle),
                    "Artifacts": list(artifacts),
                }
            ],
        }
        path = self.recipe_folder / f"{name}-{version}.yaml"
        path.write_text(yaml.safe_dump(recipe, sort_keys=False))
        return path

    def artifact_path(self, name: str, version: str, file_name: str) -> Path:
        """Where an artifact belongs that a deployment is to take; its folder is made."""
        path = self.artifact_folder / name / version / file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def submit(self, roots: Mapping[str, str], **further: Any) -> str:
        """Queue a deployment of both folders; its id."""
        request = DeploymentRequest(self.recipe_folder, self.artifact_folder, roots, **further)
        deployment_id: str = self._loop.call(self.deployments.create, request)
        return deployment_id

    def deploy(self, roots: Mapping[str, str], **further: Any) -> DeploymentRecord:
        """Carry out a deployment to its end."""
        return self.wait_for_end(self.submit(roots, **further))

    def deployed(self, roots: Mapping[str, str], **further: Any) -> None:
        """Carry out a deployment that must succeed."""
        record = self.deploy(roots, **further)
        assert record.status is Status.SUCCEEDED, record

    def wait_for_end(self, deployment_id: str) -> DeploymentRecord:
        """The deployment once it has ended."""

        def ended() -> DeploymentRecord | None:
            record = self._loop.call(self.deployments.find, deployment_id)
            return record if record and record.status in FINAL else None

        return wait_until(ended, WITHIN_S, f"end of deployment {deployment_id}")

    def status(self, name: str) -> ComponentStatus | None:
        """The component as it is now; None when it is not there."""
        statuses = self._loop.call(self.supervisor.status)
        return next((status for status in statuses if status.name == name), None)

    def wait_for_state(self, name: str, state: State) -> ComponentStatus:
        """The component once it is in `state`."""

        def reached() -> ComponentStatus | None:
            status = self.status(name)
            return status if status and status.state == state else None

        return wait_until(reached, WITHIN_S, f"{name} in {state}")

    def wait_for_log(self, name: str, text: str) -> str:
        """The component's log once it holds `text`."""
        wait_until(lambda: text in self.log(name), WITHIN_S, f"{text!r} in the log of {name}")
        return self.log(name)

    def log(self, name: str) -> str:
        """The component's log now; empty when there is none."""
        path = self.layout.logs / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def work_file(self, name: str, file_name: str) -> Path:
        """A file in the component's working folder."""
        return self.layout.work(name) / file_name

    def wait_for_text(self, name: str, file_name: str, text: str = "") -> str:
        """What a file in the working folder holds, once it holds a whole line with `text` in it."""
        path = self.work_file(name, file_name)

        def written() -> str | None:
            content = path.read_text() if path.exists() else ""
            return content if content.endswith("\n") and text in content else None

        return wait_until(written, WITHIN_S, f"{text!r} in {path}")

    def access_control(self, component: str) -> JsonObject:
        """What the core lets the component do."""
        return access_control_of(component, self.store, self.layout, self._settings)

    def _variables(self) -> CoreVariables:
        return CoreVariables(
            ipc_socket=self._ipc.address,
            thing_name=THING_NAME,
            region="eu-test-1",
            nucleus_version="2.17.0",
            home=self.layout.root / "home",
            credentials_uri="http://127.0.0.1:1/2016-11-01/credentialprovider/",
            extra=self.environment,
        )


def process_has_ended(pid: int) -> bool:
    """Whether no such process lives any more; a zombie does not live."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_for_process_end(pid: int) -> None:
    """Until it has ended."""
    wait_until(lambda: process_has_ended(pid), WITHIN_S, f"end of process {pid}")
