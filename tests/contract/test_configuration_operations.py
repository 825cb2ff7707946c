"""The configuration operations as the unmodified SDK sees them."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import (
    FailedUpdateConditionCheckError,
    InvalidArgumentsError,
    ResourceNotFoundError,
    ServiceError,
)

from local_core.model.configuration import ConfigurationStore
from local_core.operations.configuration import ConfigurationOperations
from support.loops import LoopThread
from support.refusals import refused
from support.served import Events, Served, served

ME, OTHER = "com.example.A", "com.example.B"
DEPLOYED = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LATER = DEPLOYED + dt.timedelta(hours=1)
CLOSE_DEADLINE_S = 10.0


@pytest.fixture
def store(tmp_path: Path) -> ConfigurationStore:
    configured = ConfigurationStore(tmp_path / "configuration.json")
    deployed_ms = round(DEPLOYED.timestamp() * 1000)
    mine = {"Settings": {"Limit": 28, "list": [1, "two"]}, "empty": {}, "accessControl": {"service": {}}}
    configured.deploy(ME, mine, None, [], deployed_ms)
    configured.deploy(OTHER, {"port": "8088"}, None, [], deployed_ms)
    return configured


@pytest.fixture
def core(store: ConfigurationStore, tmp_path: Path) -> Iterator[Served]:
    with LoopThread() as loop, served(loop, tmp_path, ConfigurationOperations(store).operations()) as core:
        yield core


@pytest.fixture
def me(core: Served) -> Iterator[GreengrassCoreIPCClientV2]:
    with core.component(ME) as client:
        yield client


# ---- GetConfiguration ----


def test_whole_configuration_is_read_without_a_key_path(me: GreengrassCoreIPCClientV2) -> None:
    key_paths: list[list[str] | None] = [None, []]
    for key_path in key_paths:
        answer = me.get_configuration(key_path=key_path)

        assert answer.component_name == ME
        assert answer.value["Settings"] == {"Limit": 28, "list": [1, "two"]}


@pytest.mark.parametrize(
    ("key_path", "value"),
    [
        (["Settings"], {"Limit": 28, "list": [1, "two"]}),
        (["settings", "LIMIT"], {"Limit": 28}),
        (["Settings", "list"], {"list": [1, "two"]}),
        (["empty"], {}),
    ],
)
def test_map_comes_as_it_is_and_a_value_below_its_key(
    me: GreengrassCoreIPCClientV2, key_path: list[str], value: dict[str, Any]
) -> None:
    assert me.get_configuration(key_path=key_path).value == value


def test_configuration_of_another_component_is_read(me: GreengrassCoreIPCClientV2) -> None:
    answer = me.get_configuration(component_name=OTHER, key_path=["port"])

    assert (answer.component_name, answer.value) == (OTHER, {"port": "8088"})


@pytest.mark.parametrize(
    ("component", "key_path"),
    [(None, ["gone"]), (None, ["Settings", "Limit", "x"]), ("com.example.Gone", [])],
)
def test_what_is_not_there_is_not_found(
    me: GreengrassCoreIPCClientV2, component: str | None, key_path: list[str]
) -> None:
    with refused(ResourceNotFoundError) as refusal:
        me.get_configuration(component_name=component, key_path=key_path)

    assert refusal.value.message == "Key not found"


# ---- UpdateConfiguration ----


def test_update_is_merged_and_read_back(me: GreengrassCoreIPCClientV2) -> None:
    me.update_configuration(key_path=["settings"], value_to_merge={"Limit": 30, "new": None}, timestamp=LATER)

    assert me.get_configuration(key_path=["Settings"]).value == {"Limit": 30, "list": [1, "two"], "new": None}


def test_update_without_key_path_is_merged_at_the_root(me: GreengrassCoreIPCClientV2) -> None:
    me.update_configuration(value_to_merge={"settings": {"limit": 31}, "added": True}, timestamp=LATER)

    value = me.get_configuration().value
    assert (value["Settings"]["Limit"], value["added"]) == (31, True)


def test_update_at_a_value_replaces_it_by_the_map(me: GreengrassCoreIPCClientV2) -> None:
    me.update_configuration(key_path=["Settings", "Limit"], value_to_merge={"high": 30}, timestamp=LATER)

    assert me.get_configuration(key_path=["Settings", "Limit"]).value == {"high": 30}


def test_update_makes_a_key_path_that_is_not_there_whatever_its_timestamp(
    me: GreengrassCoreIPCClientV2,
) -> None:
    long_ago = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)

    me.update_configuration(key_path=["new", "section"], value_to_merge={"a": 1}, timestamp=long_ago)

    assert me.get_configuration(key_path=["new"]).value == {"section": {"a": 1}}
    with refused(FailedUpdateConditionCheckError):
        me.update_configuration(key_path=["new", "section"], value_to_merge={"a": 2}, timestamp=long_ago)


def test_update_older_than_the_node_fails_its_condition_and_changes_nothing(
    me: GreengrassCoreIPCClientV2,
) -> None:
    me.update_configuration(key_path=["Settings"], value_to_merge={"Limit": 30}, timestamp=LATER)

    with refused(FailedUpdateConditionCheckError, "older") as refusal:
        me.update_configuration(
            key_path=["Settings"],
            value_to_merge={"list": []},
            timestamp=LATER - dt.timedelta(milliseconds=1),
        )

    assert refusal.value.message == "Proposed timestamp is older than the config's latest modified timestamp"
    assert me.get_configuration(key_path=["Settings"]).value == {"Limit": 30, "list": [1, "two"]}


@pytest.mark.parametrize(
    ("request_of", "message"),
    [
        ({"value_to_merge": {"a": 1}}, "Timestamp is required"),
        ({"timestamp": LATER}, "ValueToMerge is required"),
        (
            {"value_to_merge": {"accessControl": {}}, "timestamp": LATER},
            "Config update is not allowed for following fields [accessControl]",
        ),
        (
            {"value_to_merge": {"ACCESScontrol": {}}, "timestamp": LATER},
            "Config update is not allowed for following fields [accessControl]",
        ),
        (
            {"key_path": ["accessControl", "service"], "value_to_merge": {"p": {}}, "timestamp": LATER},
            "Config update is not allowed for following fields [accessControl]",
        ),
    ],
)
def test_update_that_breaks_a_rule_has_invalid_arguments(
    me: GreengrassCoreIPCClientV2, request_of: dict[str, Any], message: str
) -> None:
    with refused(InvalidArgumentsError) as refusal:
        me.update_configuration(**request_of)

    assert refusal.value.message == message
    assert me.get_configuration(key_path=["accessControl"]).value == {"service": {}}


def test_key_named_access_control_below_the_root_is_like_any_other(me: GreengrassCoreIPCClientV2) -> None:
    me.update_configuration(key_path=["Settings"], value_to_merge={"accessControl": 1}, timestamp=LATER)

    assert me.get_configuration(key_path=["Settings", "accessControl"]).value == {"accessControl": 1}


def test_update_through_a_value_has_invalid_arguments(me: GreengrassCoreIPCClientV2) -> None:
    with refused(InvalidArgumentsError, "'Limit' is a value"):
        me.update_configuration(key_path=["Settings", "Limit", "x"], value_to_merge={"a": 1}, timestamp=LATER)


def test_caller_without_a_configuration_cannot_update_one(core: Served) -> None:
    with core.component("aws.greengrass.Cli") as command, refused(InvalidArgumentsError) as refusal:
        command.update_configuration(value_to_merge={"a": 1}, timestamp=LATER)

    assert refusal.value.message == "Component config not found for component aws.greengrass.Cli"


def test_update_survives_a_restart_of_the_core(me: GreengrassCoreIPCClientV2, tmp_path: Path) -> None:
    me.update_configuration(key_path=["Settings"], value_to_merge={"Limit": 30}, timestamp=LATER)

    assert ConfigurationStore(tmp_path / "configuration.json").get(ME, ["Settings", "Limit"]) == 30


def test_update_that_cannot_be_written_is_a_service_error(
    me: GreengrassCoreIPCClientV2, tmp_path: Path
) -> None:
    (tmp_path / "configuration.json.new").mkdir()

    with refused(ServiceError, "could not be written"):
        me.update_configuration(key_path=["Settings"], value_to_merge={"Limit": 30}, timestamp=LATER)

    assert me.get_configuration(key_path=["Settings", "Limit"]).value == {"Limit": 28}


# ---- SubscribeToConfigurationUpdate ----


def subscribe(client: GreengrassCoreIPCClientV2, **request: Any) -> tuple[Events, Callable[[], Any]]:
    """A subscription and what ends it."""
    events = Events()
    _, handle = client.subscribe_to_configuration_update(on_stream_event=events.add, **request)
    return events, lambda: handle.close().result(CLOSE_DEADLINE_S)


def told(events: Events, count: int) -> list[tuple[str, list[str]]]:
    """The first `count` events: component and key path of each."""
    seen = [event.configuration_update_event for event in events.wait_for(count)]
    return [(event.component_name, event.key_path) for event in seen]


def test_subscriber_is_told_key_paths_of_what_changes_at_and_below_its_own(
    me: GreengrassCoreIPCClientV2,
) -> None:
    everything, end_everything = subscribe(me)
    limit, end_limit = subscribe(me, key_path=["settings", "limit"])

    me.update_configuration(key_path=["settings"], value_to_merge={"list": [2]}, timestamp=LATER)
    me.update_configuration(key_path=["settings"], value_to_merge={"limit": 30}, timestamp=LATER)

    assert told(everything, 2) == [(ME, ["Settings", "list"]), (ME, ["Settings", "Limit"])]
    assert told(limit, 1) == [(ME, ["Settings", "Limit"])]
    end_everything()
    end_limit()


def test_subscriber_is_told_nothing_at_first_and_nothing_of_equal_values(
    me: GreengrassCoreIPCClientV2,
) -> None:
    events, end = subscribe(me)

    me.update_configuration(key_path=["Settings"], value_to_merge={"Limit": 28}, timestamp=LATER)
    me.update_configuration(key_path=["Settings"], value_to_merge={"Limit": 29}, timestamp=LATER)
    me.update_configuration(key_path=["Settings"], value_to_merge={"last": 1}, timestamp=LATER)

    assert told(events, 2) == [(ME, ["Settings", "Limit"]), (ME, ["Settings", "last"])]
    end()


def test_subscriber_hears_of_another_component_and_of_deployments(
    core: Served, store: ConfigurationStore, me: GreengrassCoreIPCClientV2
) -> None:
    events, end = subscribe(me, component_name=OTHER)
    later_ms = round(LATER.timestamp() * 1000)

    core.loop.call(store.deploy, OTHER, {"port": "8088", "new": 1}, {"port": "9"}, [], later_ms)

    assert sorted(told(events, 2)) == [(OTHER, ["new"]), (OTHER, ["port"])]
    end()


@pytest.mark.parametrize("request_of", [{"key_path": ["gone"]}, {"component_name": "com.example.Gone"}])
def test_subscription_to_what_is_not_there_is_not_found(
    me: GreengrassCoreIPCClientV2, request_of: dict[str, Any]
) -> None:
    with refused(ResourceNotFoundError, "Key not found"):
        subscribe(me, **request_of)


def test_closed_subscription_and_lost_connection_leave_no_watcher(
    core: Served, store: ConfigurationStore, me: GreengrassCoreIPCClientV2
) -> None:
    _, end = subscribe(me)
    with core.component(OTHER) as other:
        subscribe(other)
        assert core.loop.call(len, store._watchers) == 2
    end()

    me.get_configuration()  # answered after the close before it
    assert core.loop.call(len, store._watchers) == 0
