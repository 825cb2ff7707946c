"""Greengrass IPC as greengrass-cli uses it: deployments, components, local messages. The only user of awsiot.

Calls are made by the caller's thread, each with a deadline; local messages arrive on one thread of the SDK's
executor, in order.
"""

import contextlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import awsiot.greengrasscoreipc
from awsiot.eventstreamrpc import AccessDeniedError
from awsiot.greengrasscoreipc import model
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

from edge_cli.configuration_option import as_document
from edge_cli.core.access import read_access
from edge_cli.core.deployments import Deployment, DeploymentRequest, RunWith
from edge_cli.core.topic_messages import TopicMessage
from edge_cli.errors import CommandError
from local_core.layout import Layout

CALL_TIMEOUT_S = 10.0  # the SDK has none: a core that hangs would hang the command for ever


@dataclass(frozen=True, slots=True)
class ComponentDetails:
    """A component as the core describes it; `configuration` is its effective one, {} where none was given."""

    name: str
    version: str
    state: str
    configuration: dict[str, Any]


class CoreConnection:
    """One IPC connection; a context manager that closes what it opened.

    Args:
        root: The core's folder.

    Raises:
        CommandError: No core answers there, or it does not accept the token.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        access = read_access(root)
        try:
            connection = awsiot.greengrasscoreipc.connect(
                ipc_socket=access.socket_path, authtoken=access.token, timeout=CALL_TIMEOUT_S
            )
        except AccessDeniedError:
            raise CommandError(
                f"The core on {root} does not accept the token in {Layout(root).cli_ipc_info}. "
                f"It is an earlier core's: restart this one (scripts/edge core down; scripts/edge core up)."
            ) from None
        except Exception as error:  # noqa: BLE001  the SDK raises bare CRT errors, RuntimeError, TimeoutError
            raise CommandError(
                f"No core answers on {access.socket_path} ({str(error) or type(error).__name__}). "
                f"Is it running? scripts/edge core status --root {root}"
            ) from None
        # One thread: the SDK's default pool hands events over out of order.
        self._client = GreengrassCoreIPCClientV2(connection, executor=ThreadPoolExecutor(max_workers=1))
        self._subscriptions: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Streams first: the SDK complains about its closed executor otherwise. A connection that the core has
        # ended fails to close, and is closed all the same.
        for ending in (*self._subscriptions, self._client):
            with contextlib.suppress(TimeoutError):
                ending.close().exception(CALL_TIMEOUT_S)

    def create_deployment(self, request: DeploymentRequest) -> str:
        """Submit a deployment; returns its id. The core works on it after the answer.

        Raises:
            CommandError: The core refused it.
        """
        answer = self._call(
            "CreateLocalDeployment",
            self._client.create_local_deployment_async,
            group_name=request.group,
            root_component_versions_to_add=request.merge or None,
            root_components_to_remove=list(request.remove) or None,
            component_to_configuration=as_document(request.update_config) or None,
            component_to_run_with_info=_run_with(request.run_with) or None,
            recipe_directory_path=str(request.recipe_folder) if request.recipe_folder else None,
            artifacts_directory_path=str(request.artifact_folder) if request.artifact_folder else None,
            failure_handling_policy=request.failure_policy.value,
        )
        return str(answer.deployment_id)

    def deployment(self, deployment_id: str) -> Deployment:
        """How one deployment fares.

        Raises:
            CommandError: The core knows no such deployment.
        """
        answer = self._call(
            "GetLocalDeploymentStatus",
            self._client.get_local_deployment_status_async,
            deployment_id=deployment_id,
        )
        return _deployment(answer.deployment)

    def deployments(self) -> list[Deployment]:
        """List the core's recent local deployments."""
        answer = self._call("ListLocalDeployments", self._client.list_local_deployments_async)
        return [_deployment(deployment) for deployment in answer.local_deployments or []]

    def cancel_deployment(self, deployment_id: str) -> str:
        """Cancel a deployment that is still under way; returns the core's words.

        Raises:
            CommandError: It cannot be cancelled any more, or is not known.
        """
        answer = self._call(
            "CancelLocalDeployment", self._client.cancel_local_deployment_async, deployment_id=deployment_id
        )
        return str(answer.message or "")

    def components(self) -> list[ComponentDetails]:
        """Every component on the core, by name."""
        answer = self._call("ListComponents", self._client.list_components_async)
        return sorted((_component(c) for c in answer.components or []), key=lambda details: details.name)

    def component(self, name: str) -> ComponentDetails:
        """One component.

        Raises:
            CommandError: There is no such component.
        """
        answer = self._call(
            "GetComponentDetails", self._client.get_component_details_async, component_name=name
        )
        return _component(answer.component_details)

    def restart_component(self, name: str) -> None:
        """Restart a component; returns when the core has accepted it.

        Raises:
            CommandError: The core refused or failed.
        """
        answer = self._call("RestartComponent", self._client.restart_component_async, component_name=name)
        _require_success(f"restart of {name}", answer.restart_status, answer.message)

    def stop_component(self, name: str) -> None:
        """Stop a component; returns when the core has accepted it.

        Raises:
            CommandError: The core refused or failed.
        """
        answer = self._call("StopComponent", self._client.stop_component_async, component_name=name)
        _require_success(f"stop of {name}", answer.stop_status, answer.message)

    def publish_local(self, topic: str, payload: bytes) -> None:
        """Publish to the core's local pub/sub: a JSON object as JSON, anything else as bytes.

        Raises:
            CommandError: The core refused it.
        """
        try:
            content = json.loads(payload)
        except ValueError:
            content = None
        message = (
            model.PublishMessage(json_message=model.JsonMessage(message=content))
            if isinstance(content, dict)
            else model.PublishMessage(binary_message=model.BinaryMessage(message=payload))
        )
        self._call(
            "PublishToTopic", self._client.publish_to_topic_async, topic=topic, publish_message=message
        )

    def subscribe_local(
        self, topic_filter: str, on_message: Callable[[TopicMessage], None], on_end: Callable[[], None]
    ) -> None:
        """Listen on the core's local pub/sub until the connection is closed.

        Args:
            topic_filter: Topic, with `+` and a final `#` as wildcards.
            on_message: Called on the SDK's executor thread, in order.
            on_end: Called once, on that thread, when the core ended the stream or the connection was lost.

        Raises:
            CommandError: The core refused it.
        """

        def forward(event: Any) -> None:
            on_message(_local_message(event, topic_filter))

        _, subscription = self._call(
            "SubscribeToTopic",
            self._client.subscribe_to_topic_async,
            topic=topic_filter,
            receive_mode=model.ReceiveMode.RECEIVE_ALL_MESSAGES,
            on_stream_event=forward,
            on_stream_error=lambda _error: True,
            on_stream_closed=on_end,
        )
        self._subscriptions.append(subscription)

    def _call(self, operation: str, start: Callable[..., Any], **members: Any) -> Any:
        """Start a call and wait for its answer; with a stream, for the answer and the stream."""
        try:
            started = start(**members)
        except RuntimeError as lost:  # ConnectionClosedError: the SDK does not even begin
            raise self._connection_lost(operation, lost) from None
        future = started[0] if isinstance(started, tuple) else started
        try:
            error = future.exception(CALL_TIMEOUT_S)
        except TimeoutError:
            raise CommandError(
                f"{operation}: the core on {self._root} did not answer within {CALL_TIMEOUT_S:g} s. "
                f"Its log: {Layout(self._root).logs / 'greengrass.log'}"
            ) from None
        if isinstance(error, model.GreengrassCoreIPCError):
            message = getattr(error, "message", None) or "no message"
            kind = type(error).__name__
            raise CommandError(f"{operation}: {message.rstrip('.')} ({kind}).{_where_to_look(members)}")
        if error is not None:
            # Whatever else the SDK or its C library has to say, it says of the connection.
            raise self._connection_lost(operation, error)
        return started if isinstance(started, tuple) else future.result()

    def _connection_lost(self, operation: str, error: BaseException) -> CommandError:
        return CommandError(
            f"{operation}: the connection to the core on {self._root} was lost ({type(error).__name__}). "
            f"Is it still running? scripts/edge core status --root {self._root}"
        )


def _run_with(users: dict[str, RunWith]) -> dict[str, Any]:
    return {
        component: model.RunWithInfo(
            posix_user=run_with.posix_user,
            system_resource_limits=None
            if run_with.cpus is None and run_with.memory_kb is None
            else model.SystemResourceLimits(cpus=run_with.cpus, memory=run_with.memory_kb),
        )
        for component, run_with in users.items()
    }


def _deployment(answer: Any) -> Deployment:
    details = answer.deployment_status_details
    return Deployment(
        deployment_id=str(answer.deployment_id),
        status=str(answer.status),
        created_on=answer.created_on,
        detailed_status=details.detailed_deployment_status if details else None,
        error_stack=tuple(details.deployment_error_stack or ()) if details else (),
        error_types=tuple(details.deployment_error_types or ()) if details else (),
        failure_cause=details.deployment_failure_cause if details else None,
    )


def _component(answer: Any) -> ComponentDetails:
    return ComponentDetails(
        answer.component_name, answer.version or "", answer.state or "", answer.configuration or {}
    )


def _where_to_look(members: dict[str, Any]) -> str:
    lists = {"component_name": "component list", "deployment_id": "deployment list"}
    return "".join(f" Those there are: scripts/edge {lists[name]}" for name in members if name in lists)


def _require_success(what: str, outcome: str | None, message: str | None) -> None:
    if outcome != model.RequestStatus.SUCCEEDED:
        raise CommandError(
            f"The {what} failed: {message or 'the core gives no reason'}. See scripts/edge logs."
        )


def _local_message(event: Any, topic_filter: str) -> TopicMessage:
    if event.json_message is not None:
        context, payload = event.json_message.context, json.dumps(event.json_message.message).encode()
    else:
        context, payload = event.binary_message.context, bytes(event.binary_message.message or b"")
    # The topic is missing only on cores older than 2.6: there a filter without wildcards is the topic.
    return TopicMessage(datetime.now(UTC), context.topic if context else topic_filter, payload)
