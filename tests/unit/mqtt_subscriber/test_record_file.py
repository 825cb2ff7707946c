import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_common.errors import EdgeError, PermanentError, TransientError
from mqtt_subscriber.record_file import RecordFile, require_free_space
from support.file_size import file_size_limit

HEADER = "timestamp,temperature"
LINES = st.lists(
    st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12), max_size=30
)


def lines_of(path: Path) -> list[str]:
    """The whole lines of a file."""
    text = path.read_bytes().decode()
    assert text == "" or text.endswith("\n")
    return text.split("\n")[:-1]


def all_lines(path: Path) -> list[str]:
    """The lines of a record in the order they were written, from the oldest rotated file to the newest."""
    numbers = itertools.takewhile(lambda n: path.with_name(f"{path.name}.{n}").exists(), itertools.count(1))
    rotated = [path.with_name(f"{path.name}.{number}") for number in numbers]
    return [line for file in [*reversed(rotated), path] for line in lines_of(file)]


def test_lines_are_appended_across_starts(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    for line in ("a", "b"):
        with RecordFile(path, max_bytes=1000, keep=1) as record:
            record.append(line)
    assert lines_of(path) == ["a", "b"]


@given(lines=LINES, max_bytes=st.integers(1, 60))
@settings(max_examples=50, deadline=None)  # the disk may take its time
def test_rotation_neither_loses_nor_reorders_nor_tears_a_line(lines: list[str], max_bytes: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "record"
        with RecordFile(path, max_bytes=max_bytes, keep=100) as record:
            for line in lines:
                record.append(line)
        assert all_lines(path) == lines
        longest = max((len(line.encode()) + 1 for line in lines), default=0)
        assert all(file.stat().st_size <= max(max_bytes, longest) for file in Path(folder).iterdir())


@given(lines=LINES, data=st.data())
@settings(max_examples=50, deadline=None)  # the disk may take its time
def test_torn_file_is_cut_back_to_its_whole_lines(lines: list[str], data: st.DataObject) -> None:
    """A crash may leave any prefix of what was written."""
    whole = "".join(f"{line}\n" for line in [HEADER, *lines]).encode()
    left = whole[: data.draw(st.integers(0, len(whole)))]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "record.csv"
        path.write_bytes(left)
        with RecordFile(path, max_bytes=10_000, keep=1, header=HEADER) as record:
            assert record.cut_bytes == len(left) - (left.rfind(b"\n") + 1)
            record.append("after")
        kept = left[: left.rfind(b"\n") + 1].decode().split("\n")[:-1]
        assert lines_of(path) == [*(kept or [HEADER]), "after"]
        assert list(Path(folder).iterdir()) == [path]


def test_torn_line_longer_than_one_look_back_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "record"
    path.write_bytes(b"whole\n" + b"x" * 200_000)
    with RecordFile(path, max_bytes=10**6, keep=1) as record:
        assert record.cut_bytes == 200_000
    assert lines_of(path) == ["whole"]


def test_only_as_many_rotated_files_stay_as_wanted(tmp_path: Path) -> None:
    path = tmp_path / "record"
    with RecordFile(path, max_bytes=2, keep=2) as record:
        for number in range(10):
            record.append(str(number))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["record", "record.1", "record.2"]
    assert all_lines(path) == ["7", "8", "9"]


def test_nothing_rotated_stays_when_none_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "record"
    with RecordFile(path, max_bytes=2, keep=0) as record:
        for number in range(10):
            record.append(str(number))
    assert list(tmp_path.iterdir()) == [path]
    assert lines_of(path) == ["9"]


def test_every_file_begins_with_the_header(tmp_path: Path) -> None:
    path = tmp_path / "record.csv"
    with RecordFile(path, max_bytes=40, keep=9, header=HEADER) as record:
        for number in range(20):
            record.append(f"{number:08d}")
    files = list(tmp_path.iterdir())
    assert len(files) == 10
    assert all(lines_of(file)[0] == HEADER for file in files)
    assert all(len(lines_of(file)) == 3 for file in files if file != path)


def test_file_with_other_columns_is_rotated_away_at_start(tmp_path: Path) -> None:
    path = tmp_path / "record.csv"
    path.write_text("timestamp,humidity\nx,50\n")
    with RecordFile(path, max_bytes=1000, keep=1, header=HEADER) as record:
        record.append("x,24")
    assert lines_of(path) == [HEADER, "x,24"]
    assert lines_of(tmp_path / "record.csv.1") == ["timestamp,humidity", "x,50"]


def test_line_that_does_not_fit_on_the_disk_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "record"
    with RecordFile(path, max_bytes=10**6, keep=1) as record:
        record.append("before")
        with file_size_limit(100), pytest.raises(EdgeError):
            record.append("x" * 200)
        assert lines_of(path) == ["before"]
        record.append("after")
    assert lines_of(path) == ["before", "after"]


def test_failed_rotation_is_made_up_for_and_costs_no_older_file(tmp_path: Path) -> None:
    path = tmp_path / "record.csv"
    with RecordFile(path, max_bytes=40, keep=2, header=HEADER) as record:
        record.append("1" * 15)
        for _ in range(5):
            with file_size_limit(len(HEADER)), pytest.raises(EdgeError):
                record.append("2" * 15)
        record.append("2" * 15)
    assert lines_of(path) == [HEADER, "2" * 15]
    assert lines_of(tmp_path / "record.csv.1") == [HEADER, "1" * 15]


def test_nothing_is_written_while_the_disk_has_less_room_than_must_stay(tmp_path: Path) -> None:
    path = tmp_path / "record"
    record = RecordFile(path, max_bytes=1000, keep=1, min_free_bytes=2**62)
    with record, pytest.raises(TransientError, match="Make room"):
        record.append("a")
    assert lines_of(path) == []


def test_room_is_asked_for_before_the_last_free_bytes_are_used(tmp_path: Path) -> None:
    require_free_space(tmp_path, 1)
    with pytest.raises(TransientError, match="must stay so"):
        require_free_space(tmp_path, 2**62)


def test_room_of_a_missing_folder_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="cannot look at"):
        require_free_space(tmp_path / "missing", 1)


def test_second_writer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record"
    with (
        RecordFile(path, max_bytes=1000, keep=1),
        pytest.raises(PermanentError, match="Another process"),
    ):
        RecordFile(path, max_bytes=1000, keep=1)


def test_lock_moves_on_with_the_rotation(tmp_path: Path) -> None:
    path = tmp_path / "record"
    with RecordFile(path, max_bytes=2, keep=1) as record:
        record.append("1")
        record.append("2")
        with pytest.raises(PermanentError, match="Another process"):
            RecordFile(path, max_bytes=2, keep=1)


def test_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.touch()
    (tmp_path / "record").symlink_to(victim)
    with pytest.raises(PermanentError, match="symbolic link"):
        RecordFile(tmp_path / "record", max_bytes=1000, keep=1)


@pytest.mark.parametrize("line", ["a\nb", "a\r", "\n"])
def test_line_break_inside_of_a_line_is_refused(tmp_path: Path, line: str) -> None:
    record = RecordFile(tmp_path / "record", max_bytes=1000, keep=1)
    with record, pytest.raises(ValueError, match="line break"):
        record.append(line)
    assert lines_of(tmp_path / "record") == []


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    record = RecordFile(tmp_path / "record", max_bytes=1000, keep=1)
    record.close()
    record.close()
