"""The producer's end: which lines of the publisher's log count, and as what."""

import pytest

from edge_cli.demo import publisher_log
from edge_cli.demo.reconcile import Balance, Ledger
from edge_cli.logs.lines import parse

CONTEXT = "{scriptName=services.X.lifecycle.run.script, serviceName=X, currentState=RUNNING}"


def _balance(*said: str) -> Balance:
    ledger = Ledger()
    for text in said:
        record = parse("X", f"2026-11-22T04:26:11.123Z [INFO] (Copier) X: stdout. {text}. {CONTEXT}")
        assert record
        publisher_log.note(record, ledger)
    return ledger.balance()


@pytest.mark.parametrize(
    "line",
    [
        "INFO reading_stored boot_id=6f1c sequence=0 part=publisher",
        "INFO reading_stored boot_id=6f1c sequence=0 temperature=24.3 part=publisher",
    ],
)
def test_stored_reading_is_produced_and_waits(line: str) -> None:
    assert _balance(line) == Balance(produced=1, delivered=0, waiting=1, duplicated=0)


def test_published_reading_waits_no_more() -> None:
    stored, published = (f"INFO reading_{what} boot_id=6f1c sequence=0" for what in ("stored", "published"))
    assert _balance(stored, published) == Balance(produced=1, delivered=0, waiting=0, duplicated=0)


@pytest.mark.parametrize(
    "line",
    [
        "INFO heartbeat_published messages_sent=10",
        "INFO reading_published",
        "INFO reading_stored boot_id=6f1c",
        'WARNING reading_not_stored boot_id=6f1c sequence=1 reason="the disk is full"',
        "INFO backlog_published count=240 waiting=17",
        'INFO message payload="reading_published boot_id=a sequence=1"',
    ],
)
def test_line_about_anything_else_does_not_count(line: str) -> None:
    assert _balance(line).produced == 0
