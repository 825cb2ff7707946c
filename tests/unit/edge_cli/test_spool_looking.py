"""`edge spool`: what it says of outboxes, spools and everything else, and that it changes nothing."""

import base64
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from edge_cli.app import main
from edge_cli.screen.console import Screen
from edge_cli.spool.places import find
from edge_cli.spool.survey import take
from edge_cli.spool.views import survey
from edge_common.errors import PermanentError
from edge_common.outbox.note import Note
from edge_common.spool import OnFull, Spool, SpoolLimits
from edge_common.spool.checksum import crc32c
from support.outbox.kept import keep, open_outbox, reading
from support.spool.spooling import BLOCK_BYTES, segment_paths, small_limits

COMMANDS = ["show", "verify", "export", "requeue"]
Captured = pytest.CaptureFixture[str]


def answer(capsys: Captured, *words: str | Path, expect: int = 0) -> Any:
    """The one JSON document that a command prints."""
    capsys.readouterr()  # what the component has logged
    assert main(["spool", *map(str, words), "--json"]) == expect
    return json.loads(capsys.readouterr().out)


def said(capsys: Captured, *words: str | Path, expect: int = 0) -> str:
    """What a command prints for people."""
    capsys.readouterr()
    assert main(["spool", *map(str, words)]) == expect
    return capsys.readouterr().out


def complaint(capsys: Captured, *words: str | Path) -> str:
    """The one line of a command that fails, the same for people and for programs."""
    assert main(["spool", *map(str, words)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert answer(capsys, *words, expect=1) == {"error": captured.err.removeprefix("error: ").rstrip("\n")}
    return captured.err


def flip(path: Path, offset: int) -> None:
    """Turn one bit over."""
    content = bytearray(path.read_bytes())
    content[offset] ^= 0x10
    path.write_bytes(content)


def as_on_disk(folder: Path) -> dict[str, Any]:
    """Content, mode and time of change of everything below `folder`."""
    return {
        str(path): (
            path.lstat().st_mtime_ns,
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in (folder, *folder.rglob("*"))
    }


def test_outbox_is_shown_with_where_every_record_stands(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 40, {0: "too_large", 1: "not_json", 2: "too_large"}, released=10)
    found = answer(capsys, outbox)
    counts = {key: found[key] for key in ("taken", "waiting", "delivered", "dropped", "damaged", "dead")}
    assert counts == {"taken": 40, "waiting": 30, "delivered": 7, "dropped": 0, "damaged": 0, "dead": 3}
    (lane,) = found["lanes"]
    assert (lane["lane"], lane["records"], lane["released"]) == ("records", 30, 10)
    assert lane["oldest"] == {"number": 10, "timestamp": "2026-11-22T04:26:11.010Z"}
    assert [(reason["code"], reason["letters"]) for reason in found["dead_letters"]["reasons"]] == [
        ("too_large", 2),
        ("not_json", 1),
    ]
    assert found["in_use_by"] is None


def test_every_name_of_a_place_shows_the_same(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 5, {0: "too_large"})
    by_default = answer(capsys, outbox)
    assert answer(capsys, "show", outbox) == by_default
    assert answer(capsys, tmp_path / "work") == by_default
    assert answer(capsys, outbox / "records")["lanes"] == by_default["lanes"]
    unknown = {"max_bytes": None}  # the cap is noted in the outbox, not in a spool of it
    assert answer(capsys, outbox / "dead")["dead_letters"] == by_default["dead_letters"] | unknown


def test_outbox_with_two_lanes_shows_both(tmp_path: Path, capsys: Captured) -> None:
    storage = open_outbox(tmp_path / "outbox", two_lanes=True)
    storage.lanes["live"].append(reading(1))
    storage.lanes["backlog"].append_many([reading(2), b"no JSON"])
    storage.close()
    found = answer(capsys, tmp_path / "outbox")
    assert [(lane["lane"], lane["records"]) for lane in found["lanes"]] == [("live", 1), ("backlog", 2)]
    assert (found["taken"], found["waiting"]) == (3, 3)


def test_frozen_batch_is_shown_with_its_key(tmp_path: Path, capsys: Captured) -> None:
    storage = open_outbox(tmp_path / "outbox")
    storage.lanes["records"].append_many([reading(number) for number in range(5)])
    frozen_at = datetime(2026, 11, 22, 4, 26, tzinfo=UTC)
    storage.remember("records", Note(0, 4, frozen_at, "data/0-4-abcd.json", "ab" * 32).encode())
    storage.close()
    (lane,) = answer(capsys, tmp_path / "outbox")["lanes"]
    assert lane["frozen"] == {
        "first": 0,
        "last": 4,
        "name": "data/0-4-abcd.json",
        "sha256": "ab" * 32,
        "frozen_at": "2026-11-22T04:26:00.000Z",
    }
    assert "records 0 to 4 as data/0-4-abcd.json" in said(capsys, tmp_path / "outbox")


def test_people_read_the_same_numbers_without_colour(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 40, {0: "too_large"}, released=10)
    text = said(capsys, outbox)
    assert "40 taken in = 9 delivered + 30 waiting + 1 dead-lettered\n" in text
    assert "#10 " in text
    assert "04:26:11 " in text
    assert "of at most 4.2 MB" in text
    assert "; the oldest give way above 532.5 kB" in text
    assert "it is too_large" in text
    assert "\x1b" not in text


def test_spool_by_itself_is_shown(tmp_path: Path, capsys: Captured) -> None:
    with Spool(tmp_path / "mine", small_limits(segments=4, on_full=OnFull.DROP_OLDEST)) as spool:
        for value in range(30):
            spool.append(b"record %d" % value)
        own = spool.statistics()
    found = answer(capsys, tmp_path / "mine")
    assert (found["kind"], found["dead_letters"]) == ("spool", None)
    assert (found["waiting"], found["dropped"], found["taken"]) == (own.records, own.dropped, 30)
    assert found["lanes"][0]["oldest"] == {"number": own.oldest, "timestamp": None}


@pytest.mark.parametrize("command", ["show", "verify", "export"])
def test_looking_changes_nothing(tmp_path: Path, capsys: Captured, command: str) -> None:
    outbox = keep(tmp_path / "work", 40, {0: "too_large"}, released=10)
    flip(segment_paths(outbox / "records")[0], 50)
    before = as_on_disk(outbox)
    main(["spool", command, str(outbox)])
    main(["spool", command, str(outbox), "--json"])
    main(["spool", "requeue", str(outbox), "--dry-run"])
    capsys.readouterr()
    assert as_on_disk(outbox) == before


def test_verify_passes_what_is_whole(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 40, {0: "too_large"}, released=10)
    found = answer(capsys, "verify", outbox)
    assert found["whole"] is True
    assert [(spool["spool"], spool["records"]) for spool in found["spools"]] == [("records", 30), ("dead", 1)]
    assert "Every frame passes its checks.\n" in said(capsys, "verify", outbox)


def test_verify_names_each_damaged_range_and_fails(tmp_path: Path, capsys: Captured) -> None:
    with Spool(tmp_path / "mine", small_limits()) as spool:
        for value in range(40):
            spool.append(b"record %d" % value)
    paths = segment_paths(tmp_path / "mine")
    flip(paths[0], BLOCK_BYTES + 50)
    os.truncate(paths[2], 2 * BLOCK_BYTES)
    paths[4].unlink()
    found = answer(capsys, "verify", tmp_path / "mine", expect=1)
    (checked,) = found["spools"]
    ranges = [(damage["first"], damage["last"], damage["cause"]) for damage in checked["damaged"]]
    assert ranges == [(1, 1, "checksum"), (10, 11, "checksum"), (16, 19, "checksum")]
    assert (checked["records"], checked["damaged_records"], found["whole"]) == (33, 7, False)
    text = said(capsys, "verify", tmp_path / "mine", expect=1)
    assert f"record 1: fails its checksum in {paths[0].name}, 4096 bytes from byte 4096" in text
    assert "records 10 to 11 (2)" in text
    assert "7 records are lost. There is nothing to do: the component skips and counts" in text


@pytest.mark.parametrize("name", ["release.journal", "format"])
def test_verify_notices_damage_beside_the_records(tmp_path: Path, capsys: Captured, name: str) -> None:
    outbox = keep(tmp_path / "work", 5, {})
    flip(outbox / "records" / name, 18)
    assert answer(capsys, "verify", outbox, expect=1)["whole"] is False
    text = said(capsys, "verify", outbox, expect=1)
    assert name in text
    assert "No record is lost; the next start of the component mends it." in text
    open_outbox(outbox).close()
    assert answer(capsys, "verify", outbox)["whole"] is True


def test_verify_says_that_a_lost_journal_repeats_what_was_delivered(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 5, {})
    (outbox / "records" / "release.journal").write_bytes(bytes(4 * BLOCK_BYTES))
    text = said(capsys, "verify", outbox, expect=1)
    assert "No record is lost; the next start mends it, and may deliver again" in text


def test_export_gives_json_as_it_is_and_anything_else_in_base64(tmp_path: Path, capsys: Captured) -> None:
    with Spool(tmp_path / "mine", small_limits()) as spool:
        spool.append_many([b'{"a": 1.50}', b"[\n1,\r\n 2]", b"\xff\x00", b"NaN", b"", "°C".encode()])
    lines = said(capsys, "export", tmp_path / "mine").splitlines()
    assert lines[0] == '{"lane":"mine","number":0,"record":{"a": 1.50}}'
    decoded = [json.loads(line) for line in lines]
    assert decoded[1] == {"lane": "mine", "number": 1, "record": [1, 2]}
    rest = [base64.b64decode(line["record_base64"]) for line in decoded[2:]]
    assert rest == [b"\xff\x00", b"NaN", b"", "°C".encode()]


def test_export_of_an_outbox_holds_what_waits(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 12, {0: "too_large"}, released=10)
    lines = [json.loads(line) for line in said(capsys, "export", outbox, "--json").splitlines()]
    assert [(line["lane"], line["number"], line["record"]["sequence"]) for line in lines] == [
        ("records", 10, 10),
        ("records", 11, 11),
    ]


def test_export_of_dead_letters_holds_reason_and_record(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 12, {0: "too_large", 1: "not_json"})
    lines = [json.loads(line) for line in said(capsys, "export", outbox, "--dead").splitlines()]
    assert [(line["number"], line["dead_number"], line["code"], line["reason"]) for line in lines] == [
        (0, 0, "too_large", "it is too_large"),
        (1, 1, "not_json", "it is not_json"),
    ]
    assert lines[1]["record"] == json.loads(reading(1))


def test_export_into_a_file_is_whole_or_not_there(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 12, {})
    target = tmp_path / "records.jsonl"
    assert answer(capsys, "export", outbox, "--out", target) == {"exported": 12, "file": str(target)}
    assert [json.loads(line)["number"] for line in target.read_text().splitlines()] == list(range(12))
    assert f"there is no folder {tmp_path / 'absent'}." in complaint(
        capsys, "export", outbox, "--out", tmp_path / "absent" / "records.jsonl"
    )
    assert "lies inside" in complaint(capsys, "export", outbox, "--out", outbox / "records.jsonl")
    assert not (outbox / "records.jsonl").exists()


def test_export_leaves_damaged_records_out_and_says_so(tmp_path: Path, capsys: Captured) -> None:
    with Spool(tmp_path / "mine", small_limits()) as spool:
        for value in range(8):
            spool.append(b"%d" % value)
    flip(segment_paths(tmp_path / "mine")[0], 50)
    assert main(["spool", "export", str(tmp_path / "mine")]) == 1
    captured = capsys.readouterr()
    assert [json.loads(line)["record"] for line in captured.out.splitlines()] == list(range(1, 8))
    assert "1 damaged records were left out, the first of them number 0" in captured.err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ["absent", "a file", "empty", "something else", "newer"])
def test_what_cannot_be_looked_into_gets_one_clear_message(
    tmp_path: Path, capsys: Captured, command: str, kind: str
) -> None:
    folder = tmp_path / "folder"
    if kind == "a file":
        folder.write_text("")
    elif kind == "newer":
        keep(tmp_path / "work", 3, {})
        (tmp_path / "work" / "outbox").rename(folder)
        line = b"edge-spool format 2"
        (folder / "records" / "format").write_bytes(line + b" crc32c %08x\n" % crc32c(line))
        (folder / "dead" / "format").write_bytes(line + b" crc32c %08x\n" % crc32c(line))
    elif kind != "absent":
        folder.mkdir()
        if kind == "something else":
            (folder / "notes.txt").write_text("x")
    message = complaint(capsys, command, folder)
    expected = {
        "absent": "There is no folder",
        "a file": "is a file",
        "empty": "is empty",
        "something else": "it holds notes.txt",
        "newer": "has format 2; this program knows up to 1",
    }
    assert expected[kind] in message


def test_folder_above_outboxes_names_them(tmp_path: Path, capsys: Captured) -> None:
    for name in ("com.example.A", "com.example.B"):
        keep(tmp_path / "work" / name, 3, {})
    message = complaint(capsys, tmp_path)
    assert str(tmp_path / "work" / "com.example.A" / "outbox") in message
    assert str(tmp_path / "work" / "com.example.B" / "outbox") in message


@pytest.mark.parametrize("above", [".", ".edge", ".edge/core"])
def test_outboxes_are_found_from_the_project_on(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, above: str
) -> None:
    outbox = keep(tmp_path / ".edge" / "core" / "work" / "com.example.A", 3, {})
    monkeypatch.chdir(tmp_path)
    assert str(outbox.relative_to(tmp_path)) in complaint(capsys, above)


def test_without_a_folder_every_outbox_of_the_core_has_a_line(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_ROOT", str(tmp_path))
    for name, count in (("com.example.A", 3), ("com.example.B.run", 40)):
        keep(tmp_path / "work" / name, count, {0: "too_large"})
    assert [outbox["waiting"] for outbox in answer(capsys)["outboxes"]] == [2, 39]
    assert answer(capsys) == answer(capsys, "show")
    lines = [line.split() for line in said(capsys).splitlines()]
    assert [line[:2] for line in lines[1:3]] == [["com.example.A", "2"], ["com.example.B.run", "39"]]
    assert all("04:26:11" in line for line in lines[1:3])
    monkeypatch.setenv("EDGE_ROOT", str(tmp_path / "another"))
    assert len(answer(capsys, "--root", tmp_path)["outboxes"]) == 2


def test_core_without_outboxes_says_so(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_ROOT", str(tmp_path / "absent"))
    assert answer(capsys) == {"root": str(tmp_path / "absent"), "outboxes": []}
    assert "No component keeps anything" in said(capsys)


def test_nothing_to_export_or_to_put_back_is_said(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 3, {}, released=3)
    for words, said_of in (([], "records"), (["--dead"], "dead letters")):
        assert main(["spool", "export", str(outbox), *words]) == 0
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.endswith(f"There are no {said_of} in {outbox}.\n")
    assert said(capsys, "requeue", outbox) == f"There are no dead letters in {outbox}.\n"


def test_what_the_dead_letters_take_counts_too(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 3, {0: "too_large"})
    found = answer(capsys, outbox)
    on_disk = sum(
        path.stat().st_size for path in outbox.rglob("*") if path.suffix == ".segment" or "blank" in path.name
    )
    assert found["size_bytes"] == on_disk > found["lanes"][0]["size_bytes"]
    assert (found["max_bytes"], found["dead_letters"]["max_bytes"]) == (4 << 20, 532_480)


@pytest.mark.parametrize(
    ("today", "oldest"), [("2026-11-22", "#1 04:26:11 "), ("2026-11-23", "#1 2026-11-22 04:26:11 ")]
)
def test_text_fits_a_terminal_of_80_columns_without_breaking_words(
    tmp_path: Path, today: str, oldest: str
) -> None:
    topic = "orangepi5-core-001/sensors/data-of-the-northern-hall"
    outbox = tmp_path / "outbox"
    storage = open_outbox(outbox, two_lanes=True)
    storage.lanes["backlog"].append_many([reading(number) for number in range(30)])
    reason = f'Message for IoT Core topic "{topic}" has 6,123 bytes; 5,000 are allowed. Send less.'
    storage.give_up("backlog", 0, reading(0), PermanentError(reason, code="too_large"))
    storage.close()
    screen = Screen(as_json=False)
    screen.console = Console(width=80, force_terminal=False)
    with screen.console.capture() as captured:
        screen.console.print(survey(take(find(outbox)), today))
    text = captured.get()
    assert f'"{topic}"' in text
    assert oldest in text
    assert "What is in `live` goes first." in text


def test_misspelt_command_is_not_taken_for_a_folder(tmp_path: Path, capsys: Captured) -> None:
    assert main(["spool", "verfy", str(tmp_path)]) == 2
    assert "Did you mean 'verify'?" in capsys.readouterr().err


def test_options_may_stand_before_the_folder(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 3, {})
    assert main(["spool", "--json", str(outbox)]) == 0
    assert json.loads(capsys.readouterr().out)["waiting"] == 3


@pytest.mark.parametrize("words", [[], ["show"], ["verify"], ["export"], ["requeue"]], ids=" ".join)
def test_every_word_explains_itself_with_examples(words: list[str], capsys: Captured) -> None:
    text = said(capsys, *words, "--help")
    assert "Usage:" in text
    assert "Examples:" in text or not words


def test_copied_folder_is_as_good_as_the_original(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 40, {0: "too_large"}, released=10)
    shutil.copytree(outbox, tmp_path / "copied")
    original, copied = answer(capsys, outbox), answer(capsys, tmp_path / "copied")
    assert copied | {"path": ""} == original | {"path": ""}


def test_spool_of_100_000_records_is_read_whole(tmp_path: Path, capsys: Captured) -> None:
    limits = SpoolLimits(256 << 20, OnFull.REJECT, min_free_bytes=0)
    with Spool(tmp_path / "mine", limits) as spool:
        spool.append_many([reading(number) for number in range(100_000)])
    assert answer(capsys, tmp_path / "mine")["waiting"] == 100_000
    assert answer(capsys, "verify", tmp_path / "mine")["spools"][0]["records"] == 100_000
    answer(capsys, "export", tmp_path / "mine", "--out", tmp_path / "all.jsonl")
    with (tmp_path / "all.jsonl").open() as lines:
        assert sum(json.loads(line)["record"]["sequence"] for line in lines) == sum(range(100_000))
