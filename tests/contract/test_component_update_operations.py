"""What deployments ask of components over IPC, answered by the unmodified SDK."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import (
    ConfigurationValidityReport,
    ConfigurationValidityStatus,
    InvalidArgumentsError,
    ResourceNotFoundError,
    ServiceError,
)

from local_core.deployments.deployment import ConfigurationUpdate, DetailedStatus, Status
from local_core.runtime.builtin import CLI
from support.ipc import connect
from support.refusals import refused
from support.runtime import RuntimeUnderTest, Waits

NAME, OTHER = "com.example.X", "com.example.Other"
RUN = {"run": {"Script": "exec sleep 1000"}}
EVENT_TIMEOUT_S = 10.0
UPDATE = {NAME: ConfigurationUpdate({"a": 2})}


class Component:
    """A client that plays a component; its events wait in order until a test takes them."""

    def __init__(self, client: GreengrassCoreIPCClientV2) -> None:
        self.client = client
        self._events: queue.Queue[Any] = queue.Queue()
        self._handles: list[Any] = []

    def subscribe(self, operation: Callable[..., Any]) -> None:
        """Open a stream of events."""
        _, handle = operation(on_stream_event=self._events.put, on_stream_error=lambda _: False)
        self._handles.append(handle)

    def next_event(self) -> Any:
        """The next event; fails the test when none comes."""
        return self._events.get(timeout=EVENT_TIMEOUT_S)

    def close_streams(self) -> None:
        """End every subscription."""
        for handle in self._handles:
            handle.close().result(EVENT_TIMEOUT_S)
        self._handles.clear()

    def defer(self, deployment_id: str, recheck_after_ms: int) -> None:
        """Answer a PreComponentUpdateEvent."""
        self.client.defer_component_update(deployment_id=deployment_id, recheck_after_ms=recheck_after_ms)

    def report(self, deployment_id: str, status: str, message: str | None = None) -> None:
        """Answer a ValidateConfigurationUpdateEvent."""
        report = ConfigurationValidityReport(status=status, deployment_id=deployment_id, message=message)
        self.client.send_configuration_validity_report(configuration_validity_report=report)


@contextmanager
def playing(core: RuntimeUnderTest, name: str) -> Iterator[Component]:
    with connect(core.ipc_socket, core.token(name)) as client:
        component = Component(client)
        yield component
        component.close_streams()


@pytest.fixture
def core(tmp_path: Path) -> Iterator[RuntimeUnderTest]:
    waits = Waits(consent_timeout_s=1.0, validation_timeout_s=1.0)
    with RuntimeUnderTest(tmp_path / "core", waits=waits) as runtime:
        for name in (NAME, OTHER):
            runtime.write_recipe(name, RUN, ComponentConfiguration={"DefaultConfiguration": {"a": 1}})
        runtime.deployed({NAME: "1.0.0"})
        yield runtime


def status_of(core: RuntimeUnderTest, deployment_id: str) -> Status:
    record = core.call(core.deployments.find, deployment_id)
    status: Status = record.status
    return status


def test_component_defers_an_update_until_it_is_ready(core: RuntimeUnderTest) -> None:
    with playing(core, NAME) as component:
        component.subscribe(component.client.subscribe_to_component_updates)
        deployment_id = core.submit({OTHER: "1.0.0"})

        first = component.next_event().pre_update_event
        assert (first.deployment_id, first.is_ggc_restarting) == (deployment_id, False)
        component.defer(deployment_id, recheck_after_ms=200)
        assert component.next_event().pre_update_event.deployment_id == deployment_id
        assert status_of(core, deployment_id) is Status.IN_PROGRESS
        assert core.status(OTHER) is None
        component.defer(deployment_id, recheck_after_ms=0)

        assert component.next_event().post_update_event.deployment_id == deployment_id
        assert core.wait_for_end(deployment_id).status is Status.SUCCEEDED


def test_component_that_does_not_answer_holds_an_update_up_only_so_long(core: RuntimeUnderTest) -> None:
    with playing(core, NAME) as component:
        component.subscribe(component.client.subscribe_to_component_updates)

        core.deployed({OTHER: "1.0.0"})

        deployment_id = component.next_event().pre_update_event.deployment_id
        with refused(ServiceError, "Time limit to respond to PreComponentUpdateEvent exceeded"):
            component.defer(deployment_id, recheck_after_ms=1000)


def test_component_that_goes_away_holds_nothing_up(tmp_path: Path) -> None:
    with RuntimeUnderTest(tmp_path / "core", waits=Waits(consent_timeout_s=3600)) as core:
        core.write_recipe(NAME, RUN)
        core.deployed({NAME: "1.0.0"})
        with playing(core, NAME) as component:
            component.subscribe(component.client.subscribe_to_component_updates)
            deployment_id = core.submit({NAME: "1.0.0"})
            component.next_event()
            component.close_streams()

            assert core.wait_for_end(deployment_id).status is Status.SUCCEEDED


def test_deferred_deployment_can_be_cancelled(core: RuntimeUnderTest) -> None:
    with playing(core, NAME) as component:
        component.subscribe(component.client.subscribe_to_component_updates)
        deployment_id = core.submit({OTHER: "1.0.0"})
        component.next_event()
        component.defer(deployment_id, recheck_after_ms=3_600_000)

        core.call(core.deployments.cancel, deployment_id)

        assert core.wait_for_end(deployment_id).status is Status.CANCELED
        assert component.next_event().post_update_event.deployment_id == deployment_id
        assert core.status(OTHER) is None


def test_deferral_without_subscription_or_deployment_is_refused(core: RuntimeUnderTest) -> None:
    with playing(core, NAME) as component:
        with refused(InvalidArgumentsError, "not subscribed to component update events"):
            component.defer("any", recheck_after_ms=1)
        component.subscribe(component.client.subscribe_to_component_updates)
        with refused(InvalidArgumentsError, "the deployment ID provided was null"):
            component.client.defer_component_update(recheck_after_ms=1)


def test_only_components_are_told_of_updates(core: RuntimeUnderTest) -> None:
    with playing(core, CLI) as command, pytest.raises(ResourceNotFoundError):
        command.subscribe(command.client.subscribe_to_component_updates)


@pytest.mark.parametrize(
    ("answer", "status", "value"),
    [
        (ConfigurationValidityStatus.ACCEPTED, Status.SUCCEEDED, 2),
        (ConfigurationValidityStatus.REJECTED, Status.FAILED, 1),
    ],
)
def test_component_decides_whether_its_new_configuration_is_valid(
    core: RuntimeUnderTest, answer: str, status: Status, value: int
) -> None:
    with playing(core, NAME) as component:
        component.subscribe(component.client.subscribe_to_validate_configuration_updates)
        deployment_id = core.submit({NAME: "1.0.0"}, configuration=UPDATE)

        event = component.next_event().validate_configuration_update_event
        assert (event.configuration, event.deployment_id) == ({"a": 2}, deployment_id)
        component.report(deployment_id, answer, "the reason")

        record = core.wait_for_end(deployment_id)
        assert record.status is status
        assert core.store.get(NAME, ["a"]) == value


def test_rejection_is_the_deployment_s_failure_and_changes_nothing(core: RuntimeUnderTest) -> None:
    with playing(core, NAME) as component:
        component.subscribe(component.client.subscribe_to_validate_configuration_updates)
        deployment_id = core.submit({NAME: "1.0.0"}, configuration=UPDATE)
        component.next_event()
        component.report(deployment_id, ConfigurationValidityStatus.REJECTED, "a must be odd")

        record = core.wait_for_end(deployment_id)

        assert record.detailed_status is DetailedStatus.FAILED_NO_STATE_CHANGE
        assert record.failure
        assert record.failure.cause == (
            "Components reported that their to-be-deployed configuration is invalid "
            f"{{ name = {NAME}, message = a must be odd }}"
        )


def test_component_that_does_not_report_in_time_has_rejected(core: RuntimeUnderTest) -> None:
    with playing(core, NAME) as component:
        component.subscribe(component.client.subscribe_to_validate_configuration_updates)

        record = core.deploy({NAME: "1.0.0"}, configuration=UPDATE)

        assert record.failure
        assert (
            f"No report within 1 s on whether the new configuration is valid: {NAME}" in record.failure.cause
        )
        with refused(InvalidArgumentsError, "either timed out or was never made"):
            component.report(record.deployment_id, ConfigurationValidityStatus.ACCEPTED)


def test_component_is_not_asked_about_what_does_not_change_or_comes_with_another_version(
    core: RuntimeUnderTest,
) -> None:
    with playing(core, NAME) as component:
        component.subscribe(component.client.subscribe_to_validate_configuration_updates)
        core.write_recipe(NAME, RUN, "1.1.0")

        core.deployed({NAME: "1.0.0"}, configuration={NAME: ConfigurationUpdate({"a": 1})})
        core.deployed({NAME: "1.1.0"}, configuration=UPDATE)

        assert core.store.get(NAME, ["a"]) == 2


def test_report_that_nobody_asked_for_is_refused(core: RuntimeUnderTest) -> None:
    with playing(core, NAME) as component:
        with refused(InvalidArgumentsError, "either timed out or was never made"):
            component.report("any", ConfigurationValidityStatus.ACCEPTED)
        with refused(InvalidArgumentsError, "the deployment ID provided was null"):
            component.client.send_configuration_validity_report(
                configuration_validity_report=ConfigurationValidityReport(status="ACCEPTED")
            )
