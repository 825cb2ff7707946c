"""The shadow operations as the unmodified SDK sees them."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import (
    ConflictError,
    InvalidArgumentsError,
    ResourceNotFoundError,
    ServiceError,
    UnauthorizedError,
)

from local_core.ipc.authorization import SHADOW_MANAGER, Authorizer
from local_core.model.shadow_store import ShadowStore
from local_core.operations.shadows import ShadowOperations
from support.loops import LoopThread
from support.refusals import refused
from support.served import Served, served

ME, READER = "com.example.A", "com.example.Reader"
THING = "board-1"


def policy(operations: list[str], *resources: str) -> dict[str, Any]:
    return {SHADOW_MANAGER: {"p": {"operations": operations, "resources": list(resources)}}}


POLICIES = {
    ME: policy(["*"], f"$aws/things/{THING}/shadow", f"$aws/things/{THING}/shadow/name/*"),
    READER: policy(["aws.greengrass#GetThingShadow"], f"$aws/things/{THING}/shadow/name/public"),
}


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Served]:
    authorizer = Authorizer(lambda component: POLICIES.get(component, {}))
    shadows = ShadowOperations(ShadowStore(tmp_path / "shadows"), authorizer)
    with LoopThread() as loop, served(loop, tmp_path, shadows.operations()) as core:
        yield core


@pytest.fixture
def me(core: Served) -> Iterator[GreengrassCoreIPCClientV2]:
    with core.component(ME) as client:
        yield client


def update(client: GreengrassCoreIPCClientV2, shadow: str | None = "", **document: Any) -> dict[str, Any]:
    """Update a shadow of THING; returns the answer's document."""
    payload = json.dumps(document).encode()
    answer = client.update_thing_shadow(thing_name=THING, shadow_name=shadow, payload=payload)
    answered: dict[str, Any] = json.loads(answer.payload)
    return answered


def get(client: GreengrassCoreIPCClientV2, shadow: str | None = "") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        client.get_thing_shadow(thing_name=THING, shadow_name=shadow).payload
    )
    return document


def test_answer_to_an_update_repeats_it_with_metadata_version_and_token(
    me: GreengrassCoreIPCClientV2,
) -> None:
    before_s = int(time.time())

    answer = update(me, state={"desired": {"led": "on", "old": None}}, clientToken="t-1")

    stamp = {"timestamp": answer["timestamp"]}
    assert before_s <= answer["timestamp"] <= time.time()
    assert answer == {
        "state": {"desired": {"led": "on", "old": None}},
        "metadata": {"desired": {"led": stamp, "old": stamp}},
        "version": 1,
        "timestamp": answer["timestamp"],
        "clientToken": "t-1",
    }


def test_shadow_is_read_with_the_delta_between_desired_and_reported(me: GreengrassCoreIPCClientV2) -> None:
    update(me, state={"desired": {"led": {"on": True, "color": "red"}}})
    update(me, state={"reported": {"led": {"on": True, "color": "blue"}}})

    document = get(me)

    assert document["state"] == {
        "desired": {"led": {"on": True, "color": "red"}},
        "reported": {"led": {"on": True, "color": "blue"}},
        "delta": {"led": {"color": "red"}},
    }
    assert document["version"] == 2
    assert set(document["metadata"]) == {"desired", "reported"}

    update(me, state={"reported": {"led": {"color": "red"}}})
    assert "delta" not in get(me)["state"]


def test_unnamed_and_named_shadows_are_different_shadows(me: GreengrassCoreIPCClientV2) -> None:
    update(me, "", state={"reported": {"n": 0}})
    update(me, "one", state={"reported": {"n": 1}})

    assert get(me, None)["state"]["reported"] == get(me, "")["state"]["reported"] == {"n": 0}
    assert get(me, "one")["state"]["reported"] == {"n": 1}


def test_update_of_another_version_than_the_current_one_conflicts(me: GreengrassCoreIPCClientV2) -> None:
    update(me, state={"desired": {"a": 1}})
    update(me, state={"desired": {"a": 2}}, version=1)

    with refused(ConflictError) as refusal:
        update(me, state={"desired": {"a": 3}}, version=1)

    assert refusal.value.message == "Version conflict"
    assert get(me)["state"]["desired"] == {"a": 2}


def test_deleted_shadow_is_gone_and_its_version_is_remembered(me: GreengrassCoreIPCClientV2) -> None:
    update(me, "x", state={"desired": {"a": 1}})

    assert not me.delete_thing_shadow(thing_name=THING, shadow_name="x").payload

    for call in (me.get_thing_shadow, me.delete_thing_shadow):
        with refused(ResourceNotFoundError) as refusal:
            call(thing_name=THING, shadow_name="x")
        assert (refusal.value.message, refusal.value.resource_type) == ("No shadow found", "shadow")
        assert refusal.value.resource_name == f"$aws/things/{THING}/shadow/name/x"
    assert update(me, "x", state={"desired": {"b": 1}})["version"] == 2
    assert get(me, "x")["state"] == {"desired": {"b": 1}, "delta": {"b": 1}}


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "Missing update payload"),
        (b"no JSON", "Invalid JSON"),
        (json.dumps({"state": {"desired": {"a": "x" * 8192}}}).encode(), "exceeds the maximum size"),
    ],
)
def test_bad_update_has_invalid_arguments(
    me: GreengrassCoreIPCClientV2, payload: bytes, message: str
) -> None:
    with refused(InvalidArgumentsError, message):
        me.update_thing_shadow(thing_name=THING, shadow_name="", payload=payload)


@pytest.mark.parametrize(
    ("thing", "shadow", "message"),
    [
        (None, "", "ThingName is missing"),
        ("", "", "ThingName is missing"),
        ("../etc", "", "ThingName must match pattern"),
        ("a" * 129, "", "ThingName has a maximum length of 128"),
        (THING, "a/b", "ShadowName must match pattern"),
        (THING, "a" * 65, "ShadowName has a maximum length of 64"),
    ],
)
def test_bad_name_has_invalid_arguments(
    me: GreengrassCoreIPCClientV2, thing: str | None, shadow: str, message: str
) -> None:
    with refused(InvalidArgumentsError, message):
        me.get_thing_shadow(thing_name=thing, shadow_name=shadow)


def test_nobody_gets_more_than_the_recipe_grants(core: Served, me: GreengrassCoreIPCClientV2) -> None:
    update(me, "public", state={"reported": {"a": 1}})
    update(me, "private", state={"reported": {"a": 1}})

    with core.component(READER) as reader:
        assert get(reader, "public")["version"] == 1
        with refused(UnauthorizedError, f"{READER} is not authorized .*shadow/name/private"):
            get(reader, "private")
        with refused(UnauthorizedError):
            update(reader, "public", state={"reported": {"a": 2}})
        with refused(UnauthorizedError):
            reader.delete_thing_shadow(thing_name=THING, shadow_name="public")
        with refused(UnauthorizedError):
            reader.list_named_shadows_for_thing(thing_name=THING)
    with refused(UnauthorizedError):
        me.get_thing_shadow(thing_name="board-2", shadow_name="")
    assert get(me, "public")["state"] == {"reported": {"a": 1}}


def test_named_shadows_are_listed_page_by_page(me: GreengrassCoreIPCClientV2) -> None:
    for name in ("", "c", "a", "b", "deleted"):
        update(me, name, state={"reported": {"n": 1}})
    me.delete_thing_shadow(thing_name=THING, shadow_name="deleted")

    everything = me.list_named_shadows_for_thing(thing_name=THING)
    first = me.list_named_shadows_for_thing(thing_name=THING, page_size=2)
    update(me, "aa", state={"reported": {"n": 1}})  # a shadow made in between disturbs nothing
    second = me.list_named_shadows_for_thing(thing_name=THING, page_size=2, next_token=first.next_token)

    assert (everything.results, everything.next_token) == (["a", "b", "c"], None)
    assert abs(everything.timestamp.timestamp() - time.time()) < 60
    assert first.results == ["a", "b"]
    assert (second.results, second.next_token) == (["c"], None)


@pytest.mark.parametrize(
    ("request_of", "message"),
    [
        ({"page_size": 0}, "between 1 and 100"),
        ({"page_size": 101}, "between 1 and 100"),
        ({"next_token": "!"}, "Invalid nextToken"),
        ({"next_token": "WyJvdGhlciIsICJhIl0="}, "Invalid nextToken"),  # of another thing
        ({"next_token": "NQ=="}, "Invalid nextToken"),
    ],
)
def test_bad_page_has_invalid_arguments(
    me: GreengrassCoreIPCClientV2, request_of: dict[str, Any], message: str
) -> None:
    with refused(InvalidArgumentsError, message):
        me.list_named_shadows_for_thing(thing_name=THING, **request_of)


def test_shadow_whose_file_is_damaged_is_a_service_error_that_names_it(
    me: GreengrassCoreIPCClientV2, tmp_path: Path
) -> None:
    update(me, "x", state={"reported": {"a": 1}})
    (tmp_path / "shadows" / THING / "named-x.json").write_text("{")

    with refused(ServiceError, r"named-x\.json is damaged"):
        get(me, "x")
    with refused(ServiceError, r"named-x\.json is damaged"):
        update(me, "x", state={"reported": {"a": 2}})
