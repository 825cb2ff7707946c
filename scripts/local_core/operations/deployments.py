"""CreateLocalDeployment, GetLocalDeploymentStatus, ListLocalDeployments, CancelLocalDeployment.

Source: CLIEventStreamAgent of aws-greengrass-cli. Allowed for the command itself, for others by a policy of
the service aws.greengrass.Cli. On the core's event loop.
"""

import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from local_core.deployments.deployment import (
    FINAL,
    ConfigurationUpdate,
    DeploymentRecord,
    DeploymentRequest,
    FailurePolicy,
)
from local_core.deployments.queue import Deployments
from local_core.ipc.authorization import CLI, Authorizer
from local_core.ipc.rpc import (
    Call,
    JsonObject,
    Operation,
    RpcError,
    invalid_arguments,
    not_found,
    service_error,
)
from local_core.runtime.definition import RunWith

_ANYTHING = "*"  # AuthorizationHandler.ANY_REGEX
_RESOURCE_TYPE = "LocalDeployment"  # CLIEventStreamAgent.LOCAL_DEPLOYMENT_RESOURCE


class DeploymentOperations:
    """The deployment operations over one queue.

    Args:
        deployments: The core's.
        authorizer: Who may ask.
    """

    def __init__(self, deployments: Deployments, authorizer: Authorizer) -> None:
        self._deployments = deployments
        self._authorizer = authorizer

    def operations(self) -> list[Operation]:
        """What this family offers."""
        return [
            Operation("CreateLocalDeployment", self._create),
            Operation("GetLocalDeploymentStatus", self._get_status),
            Operation("ListLocalDeployments", self._list),
            Operation("CancelLocalDeployment", self._cancel),
        ]

    def _create(self, call: Call) -> JsonObject:
        self._authorizer.check(call.component, CLI, call.operation, _ANYTHING)
        request = _request(call.request)
        try:
            return {"deploymentId": self._deployments.create(request)}
        except OSError as error:
            raise service_error(f"The deployment could not be noted: {error}") from error

    def _get_status(self, call: Call) -> JsonObject:
        deployment_id = _deployment_id(call)
        self._authorizer.check(call.component, CLI, call.operation, deployment_id)
        record = self._deployments.find(deployment_id)
        if record is None:
            raise not_found("Cannot find deployment", _RESOURCE_TYPE, deployment_id)
        return {"deployment": _described(record, with_details=True)}

    def _list(self, call: Call) -> JsonObject:
        self._authorizer.check(call.component, CLI, call.operation, _ANYTHING)
        records = self._deployments.list()
        return {"localDeployments": [_described(record, with_details=False) for record in records]}

    def _cancel(self, call: Call) -> JsonObject:
        deployment_id = _deployment_id(call)
        self._authorizer.check(call.component, CLI, call.operation, _ANYTHING)
        record = self._deployments.find(deployment_id)
        if record is None:
            raise not_found(
                f"Cannot find the deployment id provided {deployment_id}", _RESOURCE_TYPE, deployment_id
            )
        if record.status in FINAL:
            return {"message": "Cancellation request is not processed because deployment is already finished"}
        self._deployments.cancel(deployment_id)
        return {"message": f"Cancel request submitted. Deployment ID: {deployment_id}"}


def _deployment_id(call: Call) -> str:
    try:
        return str(uuid.UUID(call.request.get("deploymentId")))
    except (ValueError, TypeError, AttributeError):
        raise invalid_arguments("Invalid deploymentId format received. DeploymentId is a UUID") from None


def _described(record: DeploymentRecord, *, with_details: bool) -> JsonObject:
    described: JsonObject = {
        "deploymentId": record.deployment_id,
        "status": record.status.value,
        # CLIEventStreamAgent.LOCAL_DEPLOYMENT_CREATED_ON_FORMATTER: dd-MM-uuuu HH:mm:ss z
        "createdOn": time.strftime("%d-%m-%Y %H:%M:%S UTC", time.gmtime(record.created_on)),
    }
    details: JsonObject = {}
    if record.detailed_status:
        details["detailedDeploymentStatus"] = record.detailed_status.value
    if record.failure:
        details["deploymentErrorStack"] = list(record.failure.error_stack)
        details["deploymentErrorTypes"] = list(record.failure.error_types)
        details["deploymentFailureCause"] = record.failure.cause
    return described | ({"deploymentStatusDetails": details} if with_details and details else {})


def _request(request: JsonObject) -> DeploymentRequest:
    return DeploymentRequest(
        recipe_directory=_folder(request, "recipeDirectoryPath", "InvalidRecipeDirectoryPathError"),
        artifact_directory=_folder(request, "artifactsDirectoryPath", "InvalidArtifactsDirectoryPathError"),
        root_components=_texts(request, "rootComponentVersionsToAdd"),
        root_components_to_remove=tuple(_list_of_texts(request, "rootComponentsToRemove")),
        configuration={
            name: _configuration_update(name, update)
            for name, update in _object(request, "componentToConfiguration").items()
        },
        run_with={
            name: _run_with(name, info)
            for name, info in _object(request, "componentToRunWithInfo").items()
            if info is not None
        },
        group_name=_text(request, "groupName"),
        failure_policy=_failure_policy(request),
    )


def _folder(request: JsonObject, key: str, error_shape: str) -> Path | None:
    text = _text(request, key)
    if not text:
        return None
    folder = Path(text).expanduser()
    if not folder.is_absolute() or not folder.is_dir():
        raise RpcError(error_shape, f"{text} is not the absolute path of a folder that the core can read")
    return folder


def _configuration_update(name: str, update: object) -> ConfigurationUpdate:
    if not isinstance(update, Mapping) or not update.keys() <= {"MERGE", "RESET"}:
        raise invalid_arguments(
            f'The configuration update of {name} must be {{"MERGE": {{…}}, "RESET": ["/pointer", …]}}, '
            "both keys optional and in upper case"
        )
    merge, reset = update.get("MERGE"), update.get("RESET") or []
    if merge is not None and not isinstance(merge, dict):
        raise invalid_arguments(f"MERGE of {name} must be an object")
    if not isinstance(reset, list) or not all(isinstance(pointer, str) for pointer in reset):
        raise invalid_arguments(f"RESET of {name} must be a list of JSON pointers")
    return ConfigurationUpdate(merge, tuple(reset))


def _run_with(name: str, info: object) -> RunWith:
    if not isinstance(info, Mapping):
        raise invalid_arguments(f"componentToRunWithInfo of {name} must be an object")
    limits = info.get("systemResourceLimits") or {}
    try:
        cpus, memory_kb = limits.get("cpus"), limits.get("memory")
        return RunWith(
            posix_user=info.get("posixUser"),
            cpus=None if cpus is None else float(cpus),
            memory_kb=None if memory_kb is None else int(memory_kb),
        )
    except (ValueError, TypeError, AttributeError):
        raise invalid_arguments(
            f'systemResourceLimits of {name} must be {{"cpus": number, "memory": kilobytes}}'
        ) from None


def _failure_policy(request: JsonObject) -> FailurePolicy:
    text = _text(request, "failureHandlingPolicy") or FailurePolicy.DO_NOTHING
    try:
        return FailurePolicy(text)
    except ValueError:
        known = ", ".join(policy.value for policy in FailurePolicy)
        raise invalid_arguments(f"failureHandlingPolicy is {text!r}; it must be one of {known}") from None


def _object(request: JsonObject, key: str) -> Mapping[str, object]:
    value = request.get(key) or {}
    if not isinstance(value, Mapping):
        raise invalid_arguments(f"{key} must be an object")
    return value


def _texts(request: JsonObject, key: str) -> dict[str, str]:
    texts = {name: text for name, text in _object(request, key).items() if isinstance(text, str)}
    if len(texts) < len(_object(request, key)):
        raise invalid_arguments(f"{key} must be an object of texts: component name -> version")
    return texts


def _list_of_texts(request: JsonObject, key: str) -> list[str]:
    value = request.get(key) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise invalid_arguments(f"{key} must be a list of component names")
    return value


def _text(request: JsonObject, key: str) -> str:
    value = request.get(key) or ""
    if not isinstance(value, str):
        raise invalid_arguments(f"{key} must be a text")
    return value
