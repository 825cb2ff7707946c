"""What a local deployment asks for and what became of it: values only.

Words and shapes are those of greengrass-cli and of the IPC model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from local_core.runtime.definition import RunWith

JsonObject = dict[str, Any]

LOCAL_GROUP = "LOCAL_DEPLOYMENT"  # DeploymentDocumentConverter.LOCAL_DEPLOYMENT_GROUP_NAME
_THING_GROUP_PREFIX = "thinggroup/"  # DeploymentDocumentConverter.THING_GROUP_RESOURCE_NAME_PREFIX


class Status(StrEnum):
    """Where a deployment is, spelt as IPC spells it."""

    QUEUED = "QUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELED})


class DetailedStatus(StrEnum):
    """How a deployment ended, spelt as IPC spells it."""

    SUCCESSFUL = "SUCCESSFUL"
    FAILED_NO_STATE_CHANGE = "FAILED_NO_STATE_CHANGE"
    FAILED_ROLLBACK_NOT_REQUESTED = "FAILED_ROLLBACK_NOT_REQUESTED"
    FAILED_ROLLBACK_COMPLETE = "FAILED_ROLLBACK_COMPLETE"
    REJECTED = "REJECTED"


class FailurePolicy(StrEnum):
    """What is done when a deployment fails after it has begun to change something."""

    ROLLBACK = "ROLLBACK"
    DO_NOTHING = "DO_NOTHING"


@dataclass(frozen=True, slots=True)
class ConfigurationUpdate:
    """The change of one component's configuration.

    Attributes:
        merge: MERGE; None for nothing.
        reset: RESET: JSON pointers; `""` is everything.
    """

    merge: JsonObject | None = None
    reset: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeploymentRequest:
    """A local deployment.

    Attributes:
        recipe_directory: Recipes to be copied into the core's packages; None for none.
        artifact_directory: Holds `<component>/<version>/<file>`; None for none.
        root_components: Name -> version of what is wanted, on top of the group's earlier ones.
        root_components_to_remove: Names of those that are wanted no more.
        configuration: Name of a root component -> change of its configuration.
        run_with: Name -> user and limits to run it with.
        group_name: Thing group whose components these are; empty for those of no group.
        failure_policy: What is done when it fails.
    """

    recipe_directory: Path | None = None
    artifact_directory: Path | None = None
    root_components: Mapping[str, str] = field(default_factory=dict)
    root_components_to_remove: tuple[str, ...] = ()
    configuration: Mapping[str, ConfigurationUpdate] = field(default_factory=dict)
    run_with: Mapping[str, RunWith] = field(default_factory=dict)
    group_name: str = ""
    failure_policy: FailurePolicy = FailurePolicy.DO_NOTHING

    @property
    def group(self) -> str:
        """The group's name as the core keeps it."""
        return f"{_THING_GROUP_PREFIX}{self.group_name}" if self.group_name else LOCAL_GROUP


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a deployment failed.

    Attributes:
        cause: Text for a person: what, where, why, what to do.
        error_stack: The nucleus's DeploymentErrorCodes, from the general to the particular.
        error_types: Its DeploymentErrorTypes: whose fault it is.
    """

    cause: str
    error_stack: tuple[str, ...] = ()
    error_types: tuple[str, ...] = ()


@dataclass(slots=True)
class DeploymentRecord:
    """What is remembered of a deployment.

    Attributes:
        deployment_id: A UUID.
        created_on: Seconds since the epoch.
        status: Where it is.
        detailed_status: How it ended; None before, and for what has no word there.
        failure: Why it failed; None when it did not.
    """

    deployment_id: str
    created_on: float
    status: Status = Status.QUEUED
    detailed_status: DetailedStatus | None = None
    failure: Failure | None = None
