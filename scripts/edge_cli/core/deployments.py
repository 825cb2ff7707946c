"""What a local deployment asks for, read from greengrass-cli's own flags; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from edge_cli.configuration_option import Change, json_object
from edge_cli.errors import CommandError

# The states in which a deployment rests: DeploymentStatus in the SDK's model of Greengrass IPC.
FINAL_STATES = frozenset({"SUCCEEDED", "FAILED", "CANCELED"})


class FailurePolicy(StrEnum):
    """What happens to what was there when a deployment fails; greengrass-cli's words."""

    ROLLBACK = "ROLLBACK"
    DO_NOTHING = "DO_NOTHING"


@dataclass(frozen=True, slots=True)
class RunWith:
    """Who a component runs as: `posix_user` is `user` or `user:group`; limits in CPUs and kilobytes.

    None leaves a value as the core has it.
    """

    posix_user: str | None = None
    cpus: float | None = None
    memory_kb: int | None = None


@dataclass(frozen=True, slots=True)
class DeploymentRequest:
    """One local deployment.

    Attributes:
        recipe_folder: Recipes to hand to the core; None for none. Absolute, like `artifact_folder`.
        artifact_folder: `<component>/<version>/<files>` below it; None for none.
        merge: Component -> version, added to the root components or changed.
        remove: Root components to take away.
        update_config: Component -> what changes of its configuration.
        run_with: Component -> who it runs as.
        group: Thing group that the deployment stands for; None means LOCAL_DEPLOYMENT.
        failure_policy: What happens when it fails.
    """

    recipe_folder: Path | None = None
    artifact_folder: Path | None = None
    merge: dict[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    update_config: dict[str, Change] = field(default_factory=dict)
    run_with: dict[str, RunWith] = field(default_factory=dict)
    group: str | None = None
    failure_policy: FailurePolicy = FailurePolicy.DO_NOTHING


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the core says of a deployment; None and empty where it says nothing."""

    deployment_id: str
    status: str
    created_on: str | None = None
    detailed_status: str | None = None
    error_stack: tuple[str, ...] = ()
    error_types: tuple[str, ...] = ()
    failure_cause: str | None = None


def parse_merge(values: Sequence[str]) -> dict[str, str]:
    """`NAME=VERSION`, one in each value, as greengrass-cli takes it.

    >>> parse_merge(["com.example.A=1.0.0", "com.example.B=2.1.0"])
    {'com.example.A': '1.0.0', 'com.example.B': '2.1.0'}

    Raises:
        CommandError: A value is not of that form.
    """
    merge = {}
    for pair in values:
        name, _, version = pair.partition("=")
        if not name or not version:
            raise CommandError(
                f"--merge '{pair}' is not NAME=VERSION. Write e.g. --merge com.example.A=1.0.0"
            )
        merge[name] = version
    return merge


def parse_names(values: Sequence[str]) -> tuple[str, ...]:
    """`--names`: component names, repeated or joined by commas.

    >>> parse_names(["A,B", "C"])
    ('A', 'B', 'C')
    """
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def parse_run_with(users: Sequence[str], limits: str | None) -> dict[str, RunWith]:
    """`--runWith COMPONENT:posixUser=user[:group]` (repeated) and `--systemLimits` (JSON or a file).

    >>> parse_run_with(["A:posixUser=u:g"], '{"A": {"cpus": 1.5, "memory": 262144}}')
    {'A': RunWith(posix_user='u:g', cpus=1.5, memory_kb=262144)}

    Raises:
        CommandError: A value is not of that form.
    """
    posix_users = {}
    for value in users:
        matched = re.fullmatch(r"([^:=]+):posixUser=([^:]+(?::[^:]+)?)", value)
        if not matched:
            raise CommandError(f"--runWith '{value}' is not COMPONENT:posixUser=USER[:GROUP].")
        posix_users[matched[1]] = matched[2]
    shape = '{"COMPONENT": {"cpus": 1.5, "memory": 262144}} (memory in kB)'
    system_limits = json_object("--systemLimits", limits, shape)
    for component, limit in system_limits.items():
        numbers = isinstance(limit, dict) and all(
            isinstance(value, int | float) and not isinstance(value, bool) for value in limit.values()
        )
        if not numbers or not set(limit) <= {"cpus", "memory"}:
            raise CommandError(f"--systemLimits of {component} must be like {shape}")
    return {
        component: RunWith(
            posix_users.get(component),
            system_limits.get(component, {}).get("cpus"),
            system_limits.get(component, {}).get("memory"),
        )
        for component in posix_users | system_limits
    }


def existing_folder(flag: str, folder: Path | None) -> Path | None:
    """The folder as the core needs it, absolute: the core has another working folder.

    Raises:
        CommandError: It is not there.
    """
    if folder is None:
        return None
    if not folder.is_dir():
        raise CommandError(f"{flag} {folder} is not a folder. `scripts/edge build` makes greengrass-build/.")
    return folder.resolve()
