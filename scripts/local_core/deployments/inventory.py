"""What a core must know again after a restart: which components it has, who wants them, past deployments.

One JSON file, replaced at each change. Recipes and artifacts are in `packages`, configurations in their own
store.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from local_core.deployments.deployment import FINAL, DeploymentRecord, DetailedStatus, Failure, Status
from local_core.model.atomic_file import write_atomically
from local_core.runtime.definition import RunWith

_LOG = logging.getLogger(__name__)

JsonObject = dict[str, Any]

_FILE_FORMAT = 1
_MAX_DEPLOYMENTS = 100


@dataclass(frozen=True, slots=True)
class Installed:
    """A component as it was deployed last.

    Attributes:
        version: Its version.
        run_with: User and limits asked for.
    """

    version: str
    run_with: RunWith


@dataclass(slots=True)
class Inventory:
    """The content of the file; changed by deployments, then saved.

    Attributes:
        path: The file.
        groups: Group -> root component -> version.
        components: Every component that is there -> how it was deployed; built-in ones are not among them.
        built_ins: Built-in components that are in use -> version.
        deployments: Newest last; the oldest are forgotten.
        former_configurations: What each component had before the deployment that is being applied; to be put
            back when the core ends before it is noted how that came out. Empty otherwise.
    """

    path: Path
    groups: dict[str, dict[str, str]] = field(default_factory=dict)
    components: dict[str, Installed] = field(default_factory=dict)
    built_ins: dict[str, str] = field(default_factory=dict)
    deployments: list[DeploymentRecord] = field(default_factory=list)
    former_configurations: dict[str, JsonObject] = field(default_factory=dict)

    @property
    def roots(self) -> frozenset[str]:
        """Every component that is wanted by name."""
        return frozenset(name for group in self.groups.values() for name in group)

    def find(self, deployment_id: str) -> DeploymentRecord | None:
        """The deployment of that id; None when there is none, or it was forgotten."""
        return next((each for each in self.deployments if each.deployment_id == deployment_id), None)

    def begin_change(self, configurations: dict[str, JsonObject]) -> None:
        """Note on disk what the components' configurations are, before a deployment changes them.

        Raises:
            OSError: Nothing is noted.
        """
        self.former_configurations = configurations
        try:
            self.save()
        except OSError:
            self.former_configurations = {}
            raise

    def end_change(self, components: dict[str, Installed]) -> None:
        """The deployment has been applied, or undone: these components are there. To be saved."""
        self.components = components
        self.former_configurations = {}

    def save(self) -> None:
        """Write the file.

        Raises:
            OSError: It is as it was before.
        """
        final = [each for each in self.deployments if each.status in FINAL]
        forgotten = final[: max(0, len(self.deployments) - _MAX_DEPLOYMENTS)]
        self.deployments = [each for each in self.deployments if each not in forgotten]
        content = {
            "format": _FILE_FORMAT,
            "groups": self.groups,
            "components": {name: asdict(installed) for name, installed in self.components.items()},
            "built_ins": self.built_ins,
            "deployments": [asdict(record) for record in self.deployments],
            "former_configurations": self.former_configurations,
        }
        write_atomically(self.path, json.dumps(content, indent=1).encode())


def read_inventory(path: Path) -> Inventory:
    """The inventory at `path`; empty when there is none.

    A file that cannot be read is set aside and logged: the core starts without components. Deployments that
    had not ended when the core did are FAILED.
    """
    try:
        content = json.loads(path.read_bytes())
        inventory = _decoded(path, content)
    except FileNotFoundError:
        return Inventory(path)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        aside = path.with_name(f"{path.name}.damaged")
        path.replace(aside)
        _LOG.error(
            "%s is damaged (%s) and was set aside as %s; the core starts without components: deploy again",
            path,
            error,
            aside.name,
        )
        return Inventory(path)
    for record in inventory.deployments:
        if record.status not in FINAL:
            record.status = Status.FAILED
            record.failure = Failure(
                "The core ended before this deployment did. Create it again",
                ("DEPLOYMENT_FAILURE", "DEPLOYMENT_INTERRUPTED"),
            )
    return inventory


def _decoded(path: Path, content: Mapping[str, Any]) -> Inventory:
    if content["format"] != _FILE_FORMAT:
        raise ValueError(f"format {content['format']!r}, this core writes {_FILE_FORMAT}")
    components = {
        name: Installed(each["version"], RunWith(**each["run_with"]))
        for name, each in content["components"].items()
    }
    deployments = [_decoded_record(each) for each in content["deployments"]]
    former_configurations = dict(content.get("former_configurations", {}))
    return Inventory(
        path, content["groups"], components, content["built_ins"], deployments, former_configurations
    )


def _decoded_record(content: Mapping[str, Any]) -> DeploymentRecord:
    failure, detailed = content["failure"], content["detailed_status"]
    return DeploymentRecord(
        deployment_id=content["deployment_id"],
        created_on=content["created_on"],
        status=Status(content["status"]),
        detailed_status=DetailedStatus(detailed) if detailed else None,
        failure=Failure(failure["cause"], tuple(failure["error_stack"]), tuple(failure["error_types"]))
        if failure
        else None,
    )
