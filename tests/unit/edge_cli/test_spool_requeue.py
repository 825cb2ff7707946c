"""`edge spool requeue`: letters go back, each one at least once, and nothing else changes."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from edge_cli.app import main
from edge_cli.spool import marks
from edge_common.errors import PermanentError, TransientError
from edge_common.outbox.cap import CAP_NAME
from edge_common.outbox.storage import Storage
from edge_common.spool import Spool
from support.outbox.kept import MIB, keep, open_outbox, reading
from support.small_disk import fill, mounted
from support.spool.spooling import records_of, small_limits

Captured = pytest.CaptureFixture[str]
CODES = {number: ("too_large", "not_json", "not_json")[number % 3] for number in range(9)}


def requeue(capsys: Captured, *words: str | Path, expect: int = 0) -> Any:
    """The document that the command prints."""
    capsys.readouterr()
    assert main(["spool", "requeue", *map(str, words), "--json"]) == expect
    return json.loads(capsys.readouterr().out)


def shown(capsys: Captured, outbox: Path) -> Any:
    """What `show` says afterwards."""
    capsys.readouterr()
    assert main(["spool", str(outbox), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def waiting_in(outbox: Path, lane: str = "records") -> list[bytes]:
    """The records of a lane, as a component finds them."""
    with Spool(outbox / lane, small_limits()) as spool:
        return list(records_of(spool).values())


def test_all_letters_go_back_in_order(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 12, CODES)
    outcome = requeue(capsys, outbox)
    assert (outcome["requeued"], outcome["kept"], outcome["codes"]) == (
        {"records": 9},
        {},
        {"too_large": 3, "not_json": 6},
    )
    assert waiting_in(outbox) == [reading(number) for number in (9, 10, 11, *range(9))]
    assert shown(capsys, outbox)["dead_letters"]["letters"] == 0


@pytest.mark.parametrize(("code", "other"), [("not_json", "too_large"), ("too_large", "not_json")])
def test_letters_of_one_code_go_back_and_the_others_stay(
    tmp_path: Path, capsys: Captured, code: str, other: str
) -> None:
    outbox = keep(tmp_path / "work", 9, CODES)
    staying = [number for number in CODES if CODES[number] == other]
    assert requeue(capsys, outbox, "--code", code)["kept"] == {other: len(staying)}
    assert waiting_in(outbox) == [reading(number) for number in CODES if CODES[number] == code]
    reasons = shown(capsys, outbox)["dead_letters"]["reasons"]
    assert [(reason["code"], reason["letters"]) for reason in reasons] == [(other, len(staying))]
    assert main(["spool", "export", str(outbox), "--dead"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["number"] for line in lines] == staying


@pytest.mark.parametrize("code", ["not_json", "too_large"])
def test_letters_that_stayed_go_back_later_once(tmp_path: Path, capsys: Captured, code: str) -> None:
    outbox = keep(tmp_path / "work", 9, CODES)
    requeue(capsys, outbox, "--code", code)
    requeue(capsys, outbox)
    assert sorted(waiting_in(outbox)) == sorted(reading(number) for number in range(9))
    assert requeue(capsys, outbox)["requeued"] == {}
    assert marks.read(outbox / "dead").ranges == ()


def test_counts_of_the_component_still_add_up(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 20, CODES, released=15)
    requeue(capsys, outbox, "--code", "not_json")
    storage = open_outbox(outbox)
    own = storage.statistics()
    storage.close()
    assert (own.taken, own.waiting, own.delivered, own.dead) == (26, 11, 6, 9)
    seen = shown(capsys, outbox)
    assert (seen["taken"], seen["waiting"], seen["delivered"], seen["dead"]) == (26, 11, 6, 9)


def test_letters_of_the_live_lane_go_to_the_backlog(tmp_path: Path, capsys: Captured) -> None:
    storage = open_outbox(tmp_path / "outbox", two_lanes=True)
    storage.lanes["live"].append(reading(1))
    storage.lanes["backlog"].append(reading(2))
    storage.give_up("live", 0, reading(1), PermanentError("it is bad", code="bad"))
    storage.close()
    assert requeue(capsys, tmp_path / "outbox")["requeued"] == {"backlog": 1}
    assert waiting_in(tmp_path / "outbox", "backlog") == [reading(2), reading(1)]
    assert waiting_in(tmp_path / "outbox", "live") == []


def test_note_of_a_frozen_batch_survives(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 20, CODES)
    with Spool(outbox / "records", small_limits()) as spool:
        spool.remember(b"sending 9 to 12")
    requeue(capsys, outbox)
    with Spool(outbox / "records", small_limits()) as spool:
        assert spool.note == b"sending 9 to 12"


def test_unknown_code_names_those_there_are(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 9, CODES)
    message = requeue(capsys, outbox, "--code", "absent", expect=1)["error"]
    assert "not_json (6), too_large (3)" in message


def test_letter_that_nobody_can_read_stays(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 9, CODES)
    with Spool(outbox / "dead", small_limits(segment_blocks=65)) as spool:
        spool.append(b"no letter")
    assert requeue(capsys, outbox)["kept"] == {"unknown": 1}
    assert shown(capsys, outbox)["dead_letters"]["letters"] == 1


def test_outbox_in_use_is_refused_with_the_way_to_stop_it(tmp_path: Path, capsys: Captured) -> None:
    folder = tmp_path / "work" / "com.example.MqttPublisher"
    outbox = keep(folder, 9, CODES)
    storage = open_outbox(outbox)
    message = requeue(capsys, folder, expect=1)["error"]
    assert f"in use by process {os.getpid()}" in message
    assert f"scripts/edge component stop -n com.example.MqttPublisher --root {tmp_path}" in message
    assert storage.statistics().waiting == 0
    storage.close()


def test_spool_without_neighbours_is_refused(tmp_path: Path, capsys: Captured) -> None:
    with Spool(tmp_path / "mine", small_limits()) as spool:
        spool.append(b"x")
    assert "is not an outbox" in requeue(capsys, tmp_path / "mine", expect=1)["error"]


@pytest.mark.parametrize("before", [4 * MIB, 32 * MIB], ids=["same", "lowered"])
def test_lane_is_never_filled_beyond_the_cap_that_its_component_goes_by(
    tmp_path: Path, capsys: Captured, before: int
) -> None:
    outbox, blob = tmp_path / "outbox", os.urandom(250_000)
    open_outbox(outbox, max_bytes=before).close()
    storage = open_outbox(outbox)
    storage.lanes["records"].append(blob)
    storage.give_up("records", 0, blob, PermanentError("it is bad", code="bad"))
    while storage.lanes["records"].statistics().dropped == 0:
        storage.lanes["records"].append(blob)
    storage.close()
    full = shown(capsys, outbox)["lanes"][0]
    assert shown(capsys, outbox)["max_bytes"] == 4 * MIB
    message = requeue(capsys, outbox, expect=1)["error"]
    assert "0 of 1 dead letters went back" in message
    assert "--max-bytes" in message
    assert shown(capsys, outbox)["lanes"][0] == full
    assert requeue(capsys, outbox, "--max-bytes", str(8 * MIB))["requeued"] == {"records": 1}
    assert shown(capsys, outbox)["lanes"][0]["dropped"] == full["dropped"]


def test_letters_go_back_on_a_full_disk(tmp_path: Path, capsys: Captured) -> None:
    with mounted(tmp_path / "disk", 16) as disk:
        outbox = keep(disk, 9, CODES, released=9)
        fill(disk)
        assert requeue(capsys, outbox)["requeued"] == {"records": 9}
        assert shown(capsys, outbox)["waiting"] == 9


def test_outbox_that_tells_of_no_cap_asks_for_it(tmp_path: Path, capsys: Captured) -> None:
    outbox = keep(tmp_path / "work", 9, CODES)
    (outbox / CAP_NAME).unlink()
    assert shown(capsys, outbox)["max_bytes"] is None
    assert "--max-bytes" in requeue(capsys, outbox, expect=1)["error"]
    assert "4194304 bytes at least" in requeue(capsys, outbox, "--max-bytes", "5", expect=1)["error"]
    assert requeue(capsys, outbox, "--max-bytes", str(4 * MIB))["requeued"] == {"records": 9}


@pytest.mark.parametrize(("code", "put_back"), [("not_json", 6), ("too_large", 3), (None, 9)])
def test_letters_that_went_back_are_told_from_those_that_stay_given_up(
    tmp_path: Path, capsys: Captured, code: str | None, put_back: int
) -> None:
    outbox = keep(tmp_path / "work", 9, CODES)
    requeue(capsys, outbox, *(("--code", code) if code else ()))
    letters = shown(capsys, outbox)["dead_letters"]
    assert (letters["ever"], letters["put_back"], letters["letters"]) == (9, put_back, 9 - put_back)
    assert main(["spool", str(outbox)]) == 0
    assert f"9 dead-lettered ({put_back} put back, counted again as taken in)" in capsys.readouterr().out


@pytest.mark.parametrize("code", [None, "not_json"])
@pytest.mark.parametrize("step", ["release", "write"])
def test_cut_short_anywhere_a_letter_is_repeated_and_never_lost(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, code: str | None, step: str
) -> None:
    outbox = keep(tmp_path / "work", 9, CODES)
    wanted = {reading(number) for number, word in CODES.items() if code in {None, word}}

    def failing(*_: object) -> None:
        raise TransientError("the disk has gone")

    with monkeypatch.context() as cut:
        if step == "release":
            cut.setattr(Spool, "release", failing)
        else:
            cut.setattr(marks, "write", failing)
        needs = "write" if code else "release"  # letters that stay in front need a mark, else none is made
        requeue(capsys, outbox, *(("--code", code) if code else ()), expect=1 if step == needs else 0)
    requeue(capsys, outbox)
    assert wanted <= set(waiting_in(outbox))
    assert len(set(waiting_in(outbox))) == len(CODES)


def test_record_that_a_kill_left_before_its_release_goes_back_once(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its letter is written, and it still waits: the opening makes that good before the letter goes back."""
    outbox = keep(tmp_path / "work", 3, {})
    storage: Storage = open_outbox(outbox)
    with monkeypatch.context() as cut:
        cut.setattr(Spool, "release", lambda *_: (_ for _ in ()).throw(TransientError("killed here")))
        with pytest.raises(TransientError):
            storage.give_up("records", 0, reading(0), PermanentError("it is bad", code="bad"))
    storage.close()
    requeue(capsys, outbox)
    assert waiting_in(outbox) == [reading(1), reading(2), reading(0)]
