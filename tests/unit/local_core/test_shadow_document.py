import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_core.model.shadow_document import (
    MAX_DOCUMENT_BYTES,
    ShadowConflictError,
    ShadowDocument,
    ShadowRequestError,
    ShadowUpdate,
    delta_of,
    read_update,
)
from local_core.model.shadow_store import ShadowStore, ShadowStoreError

NOW_S, LATER_S = 100, 200

scalars = st.booleans() | st.integers(-2, 2) | st.text(max_size=2)
sections = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.none() | scalars | st.lists(scalars, max_size=2),
        lambda below: st.dictionaries(st.sampled_from("abc"), below, max_size=2),
        max_leaves=4,
    ),
    max_size=3,
)
states = st.fixed_dictionaries(
    {}, optional={"desired": st.none() | sections, "reported": st.none() | sections}
)


def after(*states: dict[str, Any]) -> ShadowDocument:
    """A new shadow after one update for each of `states`, a second apart."""
    document = ShadowDocument()
    for second, state in enumerate(states):
        document = document.updated(ShadowUpdate(state), NOW_S + second)
    return document


def test_updates_merge_and_nulls_delete() -> None:
    document = after(
        {"desired": {"led": {"on": True, "color": "red"}, "rate": 5}, "reported": {"rate": 1}},
        {"desired": {"led": {"color": None}, "rate": None, "list": [1, 2]}},
        {"desired": {"list": [3]}},
    )

    assert document.state == {"desired": {"led": {"on": True}, "list": [3]}, "reported": {"rate": 1}}
    assert document.version == 3


def test_null_section_and_section_that_became_empty_are_removed() -> None:
    document = after({"desired": {"a": 1}, "reported": {"b": 1}}, {"desired": None, "reported": {"b": None}})

    assert (document.state, document.metadata, document.is_deleted) == ({}, {}, False)


def test_object_of_nothing_but_nulls_makes_nothing() -> None:
    assert after({"desired": {"a": {"b": None}, "c": 1}}).state == {"desired": {"c": 1}}


def test_metadata_has_the_time_of_each_value_when_it_was_last_set() -> None:
    document = after({"desired": {"a": {"b": 1, "c": 1}, "d": [1, {"e": 2}]}}, {"desired": {"a": {"b": 1}}})

    assert document.metadata == {
        "desired": {
            "a": {"b": {"timestamp": NOW_S + 1}, "c": {"timestamp": NOW_S}},
            "d": [{"timestamp": NOW_S}, {"e": {"timestamp": NOW_S}}],
        }
    }


def shape(value: Any) -> Any:
    """What metadata must look like for `value`: the same with a mark for each value."""
    if isinstance(value, dict):
        return {key: shape(child) for key, child in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else "time"


def unstamped(metadata: Any) -> Any:
    if isinstance(metadata, dict):
        is_time = isinstance(metadata.get("timestamp"), int) and len(metadata) == 1
        return "time" if is_time else {key: unstamped(child) for key, child in metadata.items()}
    return [unstamped(item) for item in metadata]


@given(updates=st.lists(states, max_size=4))
def test_metadata_always_has_the_shape_of_the_state(updates: list[dict[str, Any]]) -> None:
    document = after(*updates)

    assert unstamped(document.metadata) == shape(document.state)


@given(updates=st.lists(states, min_size=1, max_size=3))
def test_applying_an_update_again_changes_only_version_and_times(updates: list[dict[str, Any]]) -> None:
    assert after(*updates, updates[-1]).state == after(*updates).state


@pytest.mark.parametrize(
    ("reported", "desired", "delta"),
    [
        ({}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": 1.0}, {}),
        ({"a": 1}, {"a": True}, {"a": True}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"a": {"c": 3}}),
        ({"a": [1, 2]}, {"a": [1, 3]}, {"a": [1, 3]}),
        ({"a": [1, {"b": 2.0}]}, {"a": [1, {"b": 2}]}, {}),
        ({"a": {"b": 1}}, {"a": 1}, {"a": 1}),
        ({"a": 1, "only": 2}, {"a": 1}, {}),
    ],
)
def test_delta_is_what_is_desired_and_not_reported(
    reported: dict[str, Any], desired: dict[str, Any], delta: dict[str, Any]
) -> None:
    found = delta_of(reported, desired)

    assert json.dumps(found) == json.dumps(delta)


def test_update_of_the_current_version_passes_and_of_another_conflicts() -> None:
    document = after({"desired": {"a": 1}}, {"desired": {"a": 2}})

    assert document.updated(ShadowUpdate({"desired": {"a": 3}}, version=2), LATER_S).version == 3
    for version in (1, 3):
        with pytest.raises(ShadowConflictError, match="Version conflict"):
            document.updated(ShadowUpdate({}, version=version), LATER_S)


def test_first_update_may_only_call_itself_version_1() -> None:
    assert ShadowDocument().updated(ShadowUpdate({}, version=1), NOW_S).version == 1
    with pytest.raises(ShadowRequestError, match="Invalid version"):
        ShadowDocument().updated(ShadowUpdate({}, version=2), NOW_S)


def test_version_goes_on_counting_over_a_deletion() -> None:
    deleted = after({"desired": {"a": 1}}, {"desired": {"a": 2}}).deleted()

    assert (deleted.is_deleted, deleted.state) == (True, {})
    assert deleted.updated(ShadowUpdate({"desired": {"b": 1}}), NOW_S) == ShadowDocument(
        3, {"desired": {"b": 1}}, {"desired": {"b": {"timestamp": NOW_S}}}, is_deleted=False
    )


def test_document_may_have_8_kib_of_state_and_no_more() -> None:
    overhead = len('{"a":""}')
    after({"desired": {"a": "x" * (MAX_DOCUMENT_BYTES - overhead)}})

    with pytest.raises(ShadowRequestError, match="exceeds the maximum size"):
        after({"desired": {"a": "x" * (MAX_DOCUMENT_BYTES - overhead + 1)}})
    with pytest.raises(ShadowRequestError, match="exceeds the maximum size"):
        after({"desired": {"a": "é" * 4_000}}, {"reported": {"b": "x" * 200}})


def nested(levels: int) -> dict[str, Any]:
    return {"a": nested(levels - 1) if levels > 1 else 1}


def test_state_may_have_six_levels_and_no_more() -> None:
    read_update(json.dumps({"state": {"desired": nested(6)}}).encode())

    with pytest.raises(ShadowRequestError, match="too many levels of nesting; maximum is 6"):
        read_update(json.dumps({"state": {"reported": nested(7)}}).encode())


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "Missing update payload"),
        (b"{", "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
        (b"[" * 50_000, "Invalid JSON"),
        (b'{"state": {"desired": {"a": NaN}}}', "Invalid JSON"),
        (b'{"state": {"desired": {"a": [-Infinity]}}}', "Invalid JSON"),
        (b'{"state": {"desired": {"a": 1e999}}}', "Invalid JSON"),
        (b"[]", "state"),
        (b"{}", "state"),
        (b'{"state": null}', "state"),
        (b'{"state": {"wanted": {}}}', "invalid node: 'wanted'"),
        (b'{"state": {"desired": 5}}', "must be an object or null"),
        (b'{"state": {}, "version": "1"}', "Invalid version"),
        (b'{"state": {}, "version": true}', "Invalid version"),
        (b'{"state": {}, "clientToken": 5}', "Invalid clientToken"),
    ],
)
def test_what_is_no_update_is_refused(payload: bytes, reason: str) -> None:
    with pytest.raises(ShadowRequestError, match=reason):
        read_update(payload)


def test_shadows_survive_a_restart_and_named_ones_are_listed(tmp_path: Path) -> None:
    store = ShadowStore(tmp_path)
    document = after({"desired": {"a": 1}})
    for name in ("", "unnamed", "b:1", "gone"):
        store.write("thing", name, document)
    store.write("thing", "gone", document.deleted())
    store.write("other", "x", document)

    again = ShadowStore(tmp_path)

    assert again.read("thing", "") == again.read("thing", "b:1") == document
    assert again.read("thing", "gone") == document.deleted()
    assert again.named("thing") == ["b:1", "unnamed"]
    assert again.named("nobody") == []
    assert again.read("nobody", "") == ShadowDocument()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"version": 1}'])
def test_damaged_shadow_is_an_error_that_names_its_file(tmp_path: Path, damage: str) -> None:
    store = ShadowStore(tmp_path)
    store.write("thing", "x", after({"desired": {"a": 1}}))
    file = tmp_path / "thing" / "named-x.json"
    file.write_text(damage)

    with pytest.raises(ShadowStoreError, match=f"{file} is damaged .*mend or remove it"):
        store.read("thing", "x")
    assert file.read_text() == damage
