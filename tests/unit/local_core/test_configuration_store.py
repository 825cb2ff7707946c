import errno
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_core.model.configuration import (
    MAX_DEPTH,
    ConfigurationError,
    ConfigurationKeyNotFoundError,
    ConfigurationPathError,
    ConfigurationStore,
    StaleTimestampError,
)

ME = "com.example.A"
EARLY, DEPLOYED, LATER = 1_000, 2_000, 3_000

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, width=16)
    | st.text(max_size=3)
)
leaves = scalars | st.lists(scalars, max_size=2)
keys = st.sampled_from(["a", "A", "b", "Key", "KEY", "ü"])
objects = st.dictionaries(
    keys,
    st.recursive(leaves, lambda below: st.dictionaries(keys, below, max_size=2), max_leaves=6),
    max_size=3,
)


def store_with(configuration: dict[str, Any], path: Path | None = None) -> ConfigurationStore:
    """A store in which ME was deployed at DEPLOYED with `configuration` as its defaults."""
    store = ConfigurationStore(path)
    store.deploy(ME, configuration, None, [], DEPLOYED)
    return store


def changes_of(store: ConfigurationStore, *key_path: str) -> list[list[str]]:
    """Where the changes seen by a watcher of `key_path` go to."""
    seen: list[list[str]] = []
    store.watch(ME, key_path, seen.append)
    return seen


def nested(levels: int) -> Any:
    """A value with so many maps and lists around each other."""
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"k": value}
    return value


# ---- depth ----


def test_configuration_may_be_as_deep_as_the_limit_and_no_deeper() -> None:
    store = store_with({})
    key_path = ["a"] * (MAX_DEPTH - 10)
    store.update(ME, key_path, nested(10), LATER)
    before = store.get(ME)

    for too_deep in (11, 2_000):
        with pytest.raises(ConfigurationPathError, match=f"nested deeper than {MAX_DEPTH} levels"):
            store.update(ME, key_path, nested(too_deep), LATER)

    assert store.get(ME) == before


def test_deployment_that_nests_too_deep_is_refused_before_anything_changes() -> None:
    store = store_with({"a": 1})
    for defaults, merge in (({"b": nested(MAX_DEPTH)}, None), ({}, {"b": nested(2_000)})):
        with pytest.raises(ConfigurationError, match=f"{ME}.*nested deeper than {MAX_DEPTH} levels"):
            store.resolve(ME, defaults, merge, [])

    assert store.get(ME) == {"a": 1}


# ---- reading ----


def test_reading_ignores_the_case_of_keys_and_keeps_it() -> None:
    store = store_with({"MyKey": {"Inner": [1, 2]}})

    assert store.get(ME) == {"MyKey": {"Inner": [1, 2]}}
    assert store.get(ME, ["mykey", "INNER"]) == [1, 2]


def test_scalar_and_list_come_as_object_of_their_stored_key() -> None:
    store = store_with({"Section": {"Limit": 5, "List": [1]}})

    assert store.get_object(ME, ["section", "limit"]) == {"Limit": 5}
    assert store.get_object(ME, ["section", "list"]) == {"List": [1]}
    assert store.get_object(ME, ["section"]) == {"Limit": 5, "List": [1]}


@pytest.mark.parametrize("key_path", [["b"], ["a", "b"], ["list", "0"], ["section", "none"]])
def test_what_is_not_there_is_an_error(key_path: list[str]) -> None:
    store = store_with({"a": 1, "list": [1], "section": {}})

    with pytest.raises(ConfigurationKeyNotFoundError, match=ME):
        store.get(ME, key_path)


def test_component_without_configuration_is_an_error() -> None:
    with pytest.raises(ConfigurationKeyNotFoundError):
        ConfigurationStore(None).get("com.example.Unknown")


def test_what_was_read_is_a_copy() -> None:
    store = store_with({"list": [1], "section": {"a": 1}})

    store.get(ME)["section"]["a"] = 2
    store.get(ME, ["list"]).append(2)

    assert store.get(ME) == {"list": [1], "section": {"a": 1}}


def test_what_was_stored_is_a_copy() -> None:
    limits = [1]
    store = store_with({"limits": limits})

    limits.append(2)

    assert store.get(ME) == {"limits": [1]}


# ---- updates by components ----


def test_update_merges_deeply_and_replaces_lists_whole() -> None:
    store = store_with({"a": {"x": 1, "y": [1, 2]}, "b": 1})

    store.update(ME, [], {"A": {"Y": [3], "z": None}}, LATER)

    assert store.get(ME) == {"a": {"x": 1, "y": [3], "z": None}, "b": 1}


def test_update_of_a_missing_key_path_makes_it() -> None:
    store = store_with({})

    store.update(ME, ["a", "b"], {"c": 1}, LATER)

    assert store.get(ME) == {"a": {"b": {"c": 1}}}


def test_update_at_a_value_replaces_it() -> None:
    store = store_with({"a": {"b": 1}})

    store.update(ME, ["a", "B"], {"c": 1}, LATER)
    assert store.get(ME) == {"a": {"B": {"c": 1}}}

    store.update(ME, ["a", "b"], 7, LATER)
    assert store.get(ME) == {"a": {"b": 7}}


def test_update_older_than_the_node_is_refused_and_changes_nothing() -> None:
    store = store_with({"a": {"x": 1, "y": 2}, "b": 1})
    store.update(ME, ["a"], {"x": 5}, LATER)

    with pytest.raises(StaleTimestampError, match="read it again"):
        store.update(ME, ["a"], {"y": 9}, LATER - 1)

    assert store.get(ME) == {"a": {"x": 5, "y": 2}, "b": 1}


def test_update_as_old_as_the_node_and_update_of_an_older_sibling_pass() -> None:
    store = store_with({"a": 1, "b": 1})
    store.update(ME, ["a"], 2, LATER)

    store.update(ME, ["a"], 3, LATER)
    store.update(ME, ["b"], 4, DEPLOYED)

    assert store.get(ME) == {"a": 3, "b": 4}


def test_update_through_a_value_is_refused() -> None:
    store = store_with({"a": 1})

    with pytest.raises(ConfigurationPathError, match="'a' is a value"):
        store.update(ME, ["a", "b"], {"c": 1}, LATER)


@given(before=objects, update=objects)
def test_merging_twice_is_merging_once(before: dict[str, Any], update: dict[str, Any]) -> None:
    store = store_with(before)

    store.update(ME, [], update, LATER)
    once = store.get(ME)
    store.update(ME, [], update, LATER)

    assert store.get(ME) == once


# ---- deployments ----


def test_existing_values_beat_new_defaults_and_new_keys_are_added() -> None:
    store = store_with({"topic": "old", "section": {"a": 1}})

    store.deploy(ME, {"topic": "new", "section": {"A": 2, "b": 3}, "more": 4}, None, [], LATER)

    assert store.get(ME) == {"topic": "old", "section": {"a": 1, "b": 3}, "more": 4}


def test_default_of_another_kind_replaces_what_was_there() -> None:
    """As Topics.updateChild does: a map and a value cannot be merged, whatever their timestamps."""
    store = store_with({"topic": "a", "limits": {"high": 1}})

    store.deploy(ME, {"topic": {"in": "a"}, "limits": [1]}, None, [], LATER)

    assert store.get(ME) == {"topic": {"in": "a"}, "limits": [1]}


def test_reset_comes_before_defaults_and_merge_comes_last() -> None:
    store = store_with({"a": "default", "b": "default", "c": {"d": "default"}})
    store.update(ME, [], {"a": "own", "b": "own", "c": {"d": "own"}, "extra": "own"}, DEPLOYED + 1)

    store.deploy(
        ME, {"a": "new", "b": "new", "c": {"d": "new"}}, {"b": "merged"}, ["/A", "/c/d", "/gone"], LATER
    )

    assert store.get(ME) == {"a": "new", "b": "merged", "c": {"d": "new"}, "extra": "own"}


def test_reset_of_everything_leaves_defaults_and_merge() -> None:
    store = store_with({"a": 1, "gone": 2})

    store.deploy(ME, {"a": 9}, {"b": 3}, [""], LATER)

    assert store.get(ME) == {"a": 9, "b": 3}


def test_reset_of_a_list_item_is_passed_over_with_an_error(caplog: pytest.LogCaptureFixture) -> None:
    store = store_with({"list": [1, 2]})

    store.deploy(ME, {}, None, ["/list/0"], LATER)

    assert store.get(ME) == {"list": [1, 2]}
    assert "reset the whole list" in caplog.text


def test_reset_unescapes_its_pointer() -> None:
    store = store_with({"a/b": {"~": 1, "c": 2}})

    store.deploy(ME, {}, None, ["/a~1b/~0"], LATER)

    assert store.get(ME) == {"a/b": {"c": 2}}


def test_pointer_that_cannot_be_read_is_refused_and_changes_nothing() -> None:
    store = store_with({"a": 1})

    with pytest.raises(ConfigurationPathError, match="'a' must be empty or begin with '/'"):
        store.deploy(ME, {}, {"b": 1}, ["a"], LATER)

    assert store.get(ME) == {"a": 1}


def test_after_a_deployment_an_update_of_before_it_is_stale() -> None:
    store = store_with({"a": 1})

    store.deploy(ME, {"a": 1}, None, [], LATER)

    with pytest.raises(StaleTimestampError):
        store.update(ME, ["a"], 2, LATER - 1)


def test_value_newer_than_the_deployment_is_kept() -> None:
    store = store_with({"a": 1, "b": 1})
    store.update(ME, ["a"], "own", LATER)

    store.deploy(ME, {}, {"a": "deployed", "b": "deployed"}, [], LATER - 1)

    assert store.get(ME) == {"a": "own", "b": "deployed"}


def test_resolve_says_what_a_deployment_would_do_and_does_not_do_it() -> None:
    store = store_with({"a": 1, "b": 2})

    assert store.resolve(ME, {"c": 3}, {"a": 9}, ["/b"]) == {"a": 9, "c": 3}
    assert store.get(ME) == {"a": 1, "b": 2}
    assert store.resolve("com.example.New", {"c": 3}, None, []) == {"c": 3}
    assert store.component_names() == [ME]


@given(
    before=objects,
    defaults=objects,
    merge=objects,
    reset=st.lists(st.sampled_from(["", "/a", "/b/key"]), max_size=2),
)
def test_deployment_does_what_resolve_said(
    before: dict[str, Any], defaults: dict[str, Any], merge: dict[str, Any], reset: list[str]
) -> None:
    store = store_with(before)

    said = store.resolve(ME, defaults, merge, reset)
    store.deploy(ME, defaults, merge, reset, LATER)

    assert store.get(ME) == said


@given(defaults=objects, own=objects)
def test_same_deployment_again_changes_nothing(defaults: dict[str, Any], own: dict[str, Any]) -> None:
    store = store_with(defaults)
    store.update(ME, [], own, LATER)
    store.deploy(ME, defaults, None, [], LATER)
    before, seen = store.get(ME), changes_of(store)

    store.deploy(ME, defaults, None, [], LATER + 1)

    assert (store.get(ME), seen) == (before, [])


def test_deployment_without_any_configuration_still_makes_the_component_known() -> None:
    store = store_with({})

    assert store.component_names() == [ME]
    assert store.get(ME) == {}


def test_removed_component_starts_again_from_its_defaults() -> None:
    store = store_with({"a": 1})
    store.update(ME, ["a"], 2, LATER)

    store.remove(ME)
    assert store.component_names() == []

    store.deploy(ME, {"a": 1}, None, [], LATER)
    assert store.get(ME) == {"a": 1}


# ---- watching ----


def test_watcher_is_told_the_changed_node_and_not_its_parents() -> None:
    store = store_with({"Section": {"Limit": 1, "other": 1}, "b": 1})
    everything, section, limit, other = (
        changes_of(store),
        changes_of(store, "section"),
        changes_of(store, "SECTION", "limit"),
        changes_of(store, "section", "other"),
    )

    store.update(ME, ["section", "limit"], 2, LATER)

    assert everything == section == limit == [["Section", "Limit"]]
    assert other == []


def test_watcher_is_not_told_of_other_components_or_of_unchanged_values() -> None:
    store = store_with({"a": 1, "b": [1]})
    store.deploy("com.example.B", {"a": 1}, None, [], DEPLOYED)
    seen = changes_of(store)

    store.update("com.example.B", ["a"], 2, LATER)
    store.update(ME, [], {"a": 1, "b": [1]}, LATER)

    assert seen == []


def test_one_one_point_zero_and_true_are_three_values() -> None:
    store = store_with({"a": 1})
    seen = changes_of(store)

    store.update(ME, ["a"], 1.0, LATER)
    store.update(ME, ["a"], True, LATER)

    assert seen == [["a"], ["a"]]
    assert store.get(ME) == {"a": True}


def test_new_removed_and_converted_nodes_are_told_once_each() -> None:
    store = store_with({"gone": {"a": 1, "b": 2}, "value": 1, "map": {"a": 1}})
    seen = changes_of(store)

    store.deploy(ME, {}, {"new": {"x": 1, "empty": {}}, "value": {"y": 1}, "map": 2}, ["/gone"], LATER)

    assert sorted(seen) == [["gone"], ["map"], ["new", "x"], ["value"], ["value", "y"]]


def test_watcher_of_a_node_is_told_when_a_map_above_it_goes_and_when_it_comes_back() -> None:
    store = store_with({"a": {"b": {"c": 1}}})
    seen = changes_of(store, "a", "b", "c")

    store.deploy(ME, {}, None, ["/a"], LATER)
    store.deploy(ME, {"a": {"b": {"c": 2}}}, None, [], LATER)

    assert seen == [["a"], ["a", "b", "c"]]


def test_ended_watch_is_told_nothing_and_can_be_ended_twice() -> None:
    store = store_with({"a": 1})
    seen: list[list[str]] = []
    end = store.watch(ME, [], seen.append)

    end()
    end()
    store.update(ME, ["a"], 2, LATER)

    assert seen == []


def test_watcher_reads_the_new_value_and_may_end_itself() -> None:
    store = store_with({"a": 1})
    seen = []

    def look(_: list[str]) -> None:
        seen.append(store.get(ME, ["a"]))
        end()

    end = store.watch(ME, [], look)
    store.update(ME, ["a"], 2, LATER)
    store.update(ME, ["a"], 3, LATER)

    assert seen == [2]


@given(before=objects, after=objects)
def test_every_changed_value_is_told_and_no_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    store = store_with(before)
    old, seen = values_by_path(store.get(ME)), changes_of(store)

    store.deploy(ME, after, None, [""], LATER)

    new, told = values_by_path(store.get(ME)), {lowered(path) for path in seen}
    assert len(told) == len(seen)
    assert {path for path, value in new.items() if old.get(path) != value} == told & new.keys()
    assert all(any(path[: len(above)] == above for above in told) for path in old.keys() - new.keys())


def values_by_path(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    """Every scalar and list as JSON, by its lower-cased key path."""
    if not isinstance(value, dict):
        return {path: json.dumps(value)}
    return {
        below: found
        for key, child in value.items()
        for below, found in values_by_path(child, (*path, key.lower())).items()
    }


def lowered(path: list[str]) -> tuple[str, ...]:
    return tuple(key.lower() for key in path)


# ---- on disk ----


@given(
    steps=st.lists(st.tuples(objects, objects, st.sampled_from(["", "/a", "/b/key"])), min_size=1, max_size=4)
)
def test_restart_changes_nothing(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    path = tmp_path_factory.mktemp("store") / "configuration.json"
    store = ConfigurationStore(path)
    for number, (defaults, update, reset) in enumerate(steps):
        store.deploy(f"{ME}{number % 2}", defaults, update, [reset], DEPLOYED + number)

    again = ConfigurationStore(path)

    assert {name: again.get(name) for name in again.component_names()} == {
        name: store.get(name) for name in store.component_names()
    }


def test_timestamps_survive_a_restart(tmp_path: Path) -> None:
    store_with({"a": 1}, tmp_path / "c.json").update(ME, ["a"], 2, LATER)

    with pytest.raises(StaleTimestampError):
        ConfigurationStore(tmp_path / "c.json").update(ME, ["a"], 3, LATER - 1)


def test_removal_survives_a_restart(tmp_path: Path) -> None:
    store_with({"a": 1}, tmp_path / "c.json").remove(ME)

    assert ConfigurationStore(tmp_path / "c.json").component_names() == []


def test_folder_is_made_and_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "config" / "c.json"

    store_with({"a": 1}, path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["c.json"]


def test_unchanged_values_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    store = store_with({"a": 1}, path)
    before = path.stat().st_ino

    store.update(ME, ["a"], 1, LATER)
    assert path.stat().st_ino == before

    store.update(ME, ["a"], 2, LATER)
    assert path.stat().st_ino != before


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"format": 2, "components": {}}',
        b'{"format": 1, "components": {"a": {"value": 1, "timestamp_ms": 1}}}',
        b'{"format": 1, "components": {"a": {"children": {"b": 5}}}}',
        b'{"format": 1, "components": {"a": {"children": {"b": {"value": {}, "timestamp_ms": 1}}}}}',
    ],
)
def test_damaged_file_is_set_aside_and_the_store_starts_empty(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(damage)

    store = ConfigurationStore(path)

    assert store.component_names() == []
    assert (tmp_path / "c.json.damaged-1").read_bytes() == damage
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert f"{path} is damaged" in record.getMessage()
    assert "deploy them again" in record.getMessage()


def test_damaged_files_never_replace_each_other(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    for content in ("one", "two"):
        path.write_text(content)
        ConfigurationStore(path)

    assert (tmp_path / "c.json.damaged-1").read_text() == "one"
    assert (tmp_path / "c.json.damaged-2").read_text() == "two"


def test_write_that_was_cut_off_leaves_the_old_configuration(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    store_with({"a": 1}, path)
    (tmp_path / "c.json.new").write_bytes(path.read_bytes()[:20])

    again = ConfigurationStore(path)
    assert again.get(ME) == {"a": 1}

    again.update(ME, ["a"], 2, LATER)
    assert ConfigurationStore(path).get(ME) == {"a": 2}


def test_failed_write_changes_nothing_and_tells_nobody(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    store = store_with({"a": 1}, path)
    seen = changes_of(store)
    (tmp_path / "c.json.new").mkdir()  # a folder stands where the new file is to be written

    with pytest.raises(OSError, match=os.strerror(errno.EISDIR)):
        store.update(ME, ["a"], 2, LATER)

    assert (store.get(ME), seen) == ({"a": 1}, [])
    assert ConfigurationStore(path).get(ME) == {"a": 1}


def test_store_without_a_path_stays_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    store_with({"a": 1})

    assert list(tmp_path.iterdir()) == []
