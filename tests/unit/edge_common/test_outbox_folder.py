import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from edge_common.config import load_config
from edge_common.errors import ConfigError, PermanentError
from edge_common.outbox import Batching, BatchOutbox, MessageOutbox, OutboxConfig
from edge_common.outbox.config import MIN_MAX_BYTES
from edge_common.outbox.folder import look_at_room, prepare_folder
from support.outbox.ends import Broker, Bucket, Mood, context_of
from support.small_disk import fill, mounted

MIB = 1 << 20
BATCHING = Batching(10, 30.0, MIB)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 16 MiB."""
    with mounted(tmp_path / "disk", 16) as disk:
        yield disk


def test_a_cap_beyond_most_of_the_free_space_is_refused_by_its_key_and_leaves_nothing(
    small_disk: Path,
) -> None:
    folder = small_disk / "outbox"
    config = OutboxConfig(folder=str(folder), max_bytes=13 * MIB, min_free_bytes=0)
    with pytest.raises(ConfigError) as refusal:
        BatchOutbox(config, BATCHING, Bucket(), context_of()).__enter__()
    assert [fault.split(":")[0] for fault in refusal.value.faults] == ["/settings/outbox/max_bytes"]
    assert list(folder.iterdir()) == []


def test_what_the_outbox_takes_itself_counts_as_free(small_disk: Path) -> None:
    folder = small_disk / "outbox"
    config = OutboxConfig(folder=str(folder), max_bytes=12 * MIB, min_free_bytes=0)
    for start in range(2):
        with BatchOutbox(config, BATCHING, Bucket([Mood.FAIL] * 10**4), context_of()) as outbox:
            for number in range(80):
                outbox.put(b"%d" % number + os.urandom(100_000))
            assert outbox.statistics().taken == 80 * (start + 1)


@pytest.mark.parametrize("waiting", [0, 1])
def test_an_outbox_opens_again_on_a_disk_that_others_have_filled(
    small_disk: Path, waiting: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A component that does not start delivers nothing, and makes no room: the cap is only warned about."""
    config = OutboxConfig(folder=str(small_disk / "outbox"), max_bytes=12 * MIB, min_free_bytes=0)
    bucket = Bucket([Mood.FAIL] * 100)
    with BatchOutbox(config, BATCHING, bucket, context_of()) as outbox:
        for number in range(waiting):
            outbox.put(b"%d" % number)
    fill(small_disk)
    bucket.moods.clear()
    with BatchOutbox(config, BATCHING, bucket, context_of()) as outbox:
        assert outbox.drain(20)
        outbox.put(b"fresh")
        assert outbox.drain(20)
    assert len(bucket.records) == waiting + 1
    assert "outbox_cap_does_not_fit" in capsys.readouterr().out


def test_what_waits_in_a_folder_that_was_named_before_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def opened(name: str) -> BatchOutbox:
        config = OutboxConfig(folder=str(tmp_path / name), max_bytes=MIN_MAX_BYTES, min_free_bytes=0)
        return BatchOutbox(config, BATCHING, Bucket([Mood.FAIL] * 10**4), context_of())

    (tmp_path / "of somebody else").mkdir()
    with opened("before") as outbox:
        for number in range(3):
            outbox.put(b"%d" % number)
        with opened("beside"):
            pass
        assert "outbox_left_behind" not in capsys.readouterr().out  # somebody has it open
    with opened("after"):
        pass
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "outbox_left_behind" in line]
    assert "waiting=3" in line
    assert str(tmp_path / "before") in line
    with opened("after"):
        pass
    assert "outbox_left_behind" not in capsys.readouterr().out


@pytest.mark.parametrize("folder", ["../outbox", "a/../../b", "out\0box", "out\nbox"])
def test_a_folder_with_a_step_up_or_a_strange_character_is_refused_as_a_setting(folder: str) -> None:
    with pytest.raises(ValidationError, match="a step up, or a character"):
        OutboxConfig(folder=folder)


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "outbox").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=r"/settings/outbox/folder: .*symbolic link"):
        prepare_folder(tmp_path / "outbox")


def test_a_folder_that_everybody_can_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox").chmod(0o777)
    with pytest.raises(ConfigError, match="chmod o-w"):
        prepare_folder(tmp_path / "outbox")


def test_a_folder_without_a_parent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="Make the folder"):
        prepare_folder(tmp_path / "missing" / "outbox")


def test_two_processes_may_not_have_the_same_outbox(tmp_path: Path) -> None:
    config = OutboxConfig(folder=str(tmp_path / "outbox"), max_bytes=MIN_MAX_BYTES)
    with MessageOutbox(config, Broker(), 1, context_of()), pytest.raises(PermanentError) as refusal:
        MessageOutbox(config, Broker(), 1, context_of()).__enter__()
    assert refusal.value.code == "spool_locked"


def test_a_fitting_cap_is_no_fault(tmp_path: Path) -> None:
    look_at_room(tmp_path, MIN_MAX_BYTES, is_new=True)


def test_settings_out_of_range_are_refused_all_at_once() -> None:
    environment = {
        "AWS_IOT_THING_NAME": "core-1",
        "GG_COMPONENT_CONFIG": '{"folder": "", "max_bytes": 1000, "on_full": "panic", "min_free_bytes": -1}',
    }
    with pytest.raises(ConfigError) as refusal:
        load_config(OutboxConfig, environment)
    keys = {fault.split(":")[0] for fault in refusal.value.faults}
    assert {key.rpartition("/")[2] for key in keys} == {"folder", "max_bytes", "on_full", "min_free_bytes"}
