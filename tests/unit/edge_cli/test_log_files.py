"""Which logs there are, and following them across rotations; real files."""

import threading
import time
from pathlib import Path

import pytest

from edge_cli.errors import CommandError
from edge_cli.logs.files import choose_logs, read
from edge_cli.logs.lines import Level
from edge_cli.logs.tails import Follower, Tail


def _write(root: Path, file: str, *messages: str) -> Path:
    path = root / "logs" / file
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as log:
        log.writelines(
            f"2026-11-22T04:26:{message}Z [INFO] (t) x: event. {message}\n" for message in messages
        )
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A core's folder with three logs."""
    _write(tmp_path, "com.example.MqttPublisher.log", "12")
    _write(tmp_path, "com.example.MqttSubscriber.log", "11")
    _write(tmp_path, "greengrass.log", "10")
    return tmp_path


@pytest.mark.parametrize(
    ("word", "names"),
    [
        (None, ["com.example.MqttPublisher", "com.example.MqttSubscriber", "greengrass"]),
        ("com.example.MqttPublisher", ["com.example.MqttPublisher"]),
        ("mqttpublisher", ["com.example.MqttPublisher"]),
        ("mqtt", ["com.example.MqttPublisher", "com.example.MqttSubscriber"]),
        ("greengrass", ["greengrass"]),
    ],
)
def test_log_is_found_by_name_or_piece_of_it(root: Path, word: str | None, names: list[str]) -> None:
    assert [log.name for log in choose_logs(root, word)] == names


def test_logs_of_the_programs_that_play_the_cloud_are_shown_only_when_named(root: Path) -> None:
    (root / "logs" / "broker.log").write_text("1766382838: mosquitto version 2.0.11 starting\n")
    assert "broker" not in {log.name for log in choose_logs(root, None)}
    assert [record.message for record in read(choose_logs(root, "broker"))] == [
        "1766382838: mosquitto version 2.0.11 starting"
    ]


def test_unknown_log_is_refused_with_those_there_are(root: Path) -> None:
    with pytest.raises(CommandError, match=r"no log 'absent'.*com\.example\.MqttPublisher.*greengrass"):
        choose_logs(root, "absent")


def test_core_that_never_ran_has_no_logs_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="core up"):
        choose_logs(tmp_path, None)


def test_rotated_files_are_read_first_and_in_their_order(root: Path) -> None:
    _write(root, "greengrass_2026_11_22_03_10.log", "05")
    _write(root, "greengrass_2026_11_22_03_9.log", "04")
    _write(root, "greengrass_2026_11_21_23_0.log", "03")
    said = [record.message for record in read(choose_logs(root, "greengrass"))]
    assert said == ["03", "04", "05", "10"]


def test_component_whose_name_has_underscores_is_not_taken_for_a_rotated_file(root: Path) -> None:
    _write(root, "com.example.my_component_2.log", "09")
    assert [log.name for log in choose_logs(root, "my_component")] == ["com.example.my_component_2"]


def test_tail_begins_at_the_start_and_gives_each_line_once(tmp_path: Path) -> None:
    path = _write(tmp_path, "a.log", "01")
    tail = Tail(path)
    assert len(tail.new_lines()) == 1
    assert tail.new_lines() == []
    _write(tmp_path, "a.log", "02", "03")
    assert len(tail.new_lines()) == 2
    tail.close()


def test_tail_waits_for_the_end_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("whole\nhal")
    tail = Tail(path)
    assert tail.new_lines() == ["whole"]
    with path.open("a") as log:
        log.write("f\n")
    assert tail.new_lines() == ["half"]
    tail.close()


def test_tail_loses_nothing_when_the_log_is_rotated(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("1\n")
    tail = Tail(path)
    assert tail.new_lines() == ["1"]
    with path.open("a") as log:
        log.write("2\n")
    path.rename(tmp_path / "a_2026_11_22_04_0.log")
    path.write_text("3\n")
    assert tail.new_lines() == ["2", "3"]
    tail.close()


def test_tail_loses_and_repeats_nothing_across_several_rotations_between_two_looks(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    (tmp_path / "a_2026_11_22_03_0.log").write_text("0\n")
    path.write_text("1\n")
    tail = Tail(path)
    assert [*tail.rotated_lines(), *tail.new_lines()] == ["0", "1"]
    for number in range(10, 13):
        with path.open("a") as log:
            log.write(f"{number}\n")
        path.rename(tmp_path / f"a_2026_11_22_04_{number}.log")
        path.write_text("")
    path.write_text("13\n")
    assert tail.new_lines() == ["10", "11", "12", "13"]
    assert tail.new_lines() == []
    tail.close()


def test_every_line_of_a_busy_writer_is_read_once_and_in_order_across_its_rotations(tmp_path: Path) -> None:
    path, count, each = tmp_path / "a.log", 3000, 40

    def write() -> None:
        for number in range(count):
            with path.open("a") as log:
                log.write(f"{number}\n")
            if number % each == each - 1:
                path.rename(tmp_path / f"a_2026_11_22_04_{number // each}.log")

    writer = threading.Thread(target=write)
    tail = Tail(path)
    writer.start()
    said = [*tail.rotated_lines()]  # it may have begun already
    deadline = time.monotonic() + 30
    while len(said) < count and time.monotonic() < deadline:
        said += tail.new_lines()
    writer.join()
    assert said == [str(number) for number in range(count)]
    assert tail.new_lines() == []
    tail.close()


def test_tail_goes_on_where_the_file_that_it_reads_was_deleted_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    (tmp_path / "a_2026_11_22_03_0.log").write_text("0\n")
    path.write_text("1\n")
    tail = Tail(path)
    assert [*tail.rotated_lines(), *tail.new_lines()] == ["0", "1"]
    path.unlink()
    (tmp_path / "a_2026_11_22_04_0.log").write_text("2\n")
    assert tail.new_lines() == ["2"]
    path.write_text("3\n")
    assert tail.new_lines() == ["3"]
    tail.close()


def test_tail_waits_while_the_rotated_log_has_no_successor_yet(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("1\n")
    tail = Tail(path)
    assert tail.new_lines() == ["1"]
    path.rename(tmp_path / "a_2026_11_22_04_0.log")
    assert tail.new_lines() == []
    (tmp_path / "a_2026_11_22_04_1.log").write_text("2\n")
    path.write_text("3\n")
    assert tail.new_lines() == ["2", "3"]
    tail.close()


def test_line_without_an_end_is_not_joined_to_the_next_file(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("cut off")
    tail = Tail(path)
    assert tail.new_lines() == []
    path.rename(tmp_path / "a_2026_11_22_04_0.log")
    path.write_text("next\n")
    assert tail.new_lines() == ["cut off", "next"]
    tail.close()


def test_tail_begins_again_when_the_log_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("a long line that was there before\n")
    tail = Tail(path)
    assert len(tail.new_lines()) == 1
    path.write_text("new\n")
    assert tail.new_lines() == ["new"]
    tail.close()


def test_tail_waits_for_a_log_that_does_not_exist_yet(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    tail = Tail(path)
    assert tail.new_lines() == []
    path.write_text("first\n")
    assert tail.new_lines() == ["first"]
    tail.close()


def test_follower_of_everything_takes_up_logs_that_appear_later(root: Path) -> None:
    follower = Follower(root, None)
    assert [record.message for record in follower.new_records()] == ["10", "11", "12"]
    _write(root, "com.example.New.log", "20")
    _write(root, "greengrass.log", "15")
    assert [record.message for record in follower.new_records()] == ["15", "20"]
    follower.close()


def test_follower_of_one_log_ignores_the_others(root: Path) -> None:
    follower = Follower(root, "MqttPublisher")
    _write(root, "greengrass.log", "15")
    assert [record.message for record in follower.new_records()] == ["12"]
    follower.close()


def test_everything_so_far_is_in_order_across_rotated_files_of_all_logs(root: Path) -> None:
    _write(root, "greengrass_2026_11_22_04_0.log", "09")
    _write(root, "com.example.MqttPublisher_2026_11_22_04_0.log", "10.5")
    follower = Follower(root, None)
    assert [record.message for record in follower.so_far()] == ["09", "10", "10.5", "11", "12"]
    _write(root, "greengrass.log", "15")
    assert [record.message for record in follower.new_records()] == ["15"]
    follower.close()


def test_stack_trace_that_comes_later_keeps_the_level_of_what_it_belongs_to(root: Path) -> None:
    log = root / "logs" / "com.example.MqttPublisher.log"
    log.write_text("2026-11-22T04:26:12Z [ERROR] (t) x: stderr. boom\n")
    follower = Follower(root, "MqttPublisher")
    assert [record.message for record in follower.so_far()] == ["boom"]
    with log.open("a") as added:
        added.write("\tat Somewhere\n")
    (record,) = follower.new_records()
    assert (record.message, record.level, record.timestamp) == (
        "\tat Somewhere",
        Level.ERROR,
        "2026-11-22T04:26:12Z",
    )
    follower.close()
