"""The producer's end: which lines of the publisher's log count, and as what."""

import pytest

from edge_cli.demo import publisher_log
from edge_cli.demo.reconcile import Ledger
from edge_cli.log_lines import parse

CONTEXT = "{scriptName=services.X.lifecycle.run.script, serviceName=X, currentState=RUNNING}"


def _balance(*said: str) -> tuple[int, int]:
    ledger = Ledger()
    for text in said:
        record = parse("X", f"2026-11-22T04:26:11.123Z [INFO] (Copier) X: stdout. {text}. {CONTEXT}")
        assert record
        publisher_log.note(record, ledger)
    balance = ledger.balance()
    return balance.produced, balance.lost_with_notice


@pytest.mark.parametrize(
    "line",
    [
        "INFO reading_published boot_id=6f1c sequence=0 part=publisher",
        "INFO reading_published boot_id=6f1c sequence=0 temperature=24.3 part=publisher",
    ],
)
def test_published_reading_is_produced(line: str) -> None:
    assert _balance(line) == (1, 0)


def test_reading_not_published_is_a_loss_with_notice() -> None:
    line = 'WARNING reading_not_published boot_id=6f1c sequence=0 reason="ServiceError: Device is offline."'
    assert _balance(line) == (1, 1)


def test_readings_that_were_not_taken_are_counted_and_not_among_those_produced() -> None:
    ledger = Ledger()
    line = 'WARNING readings_not_taken count=4 reason="a reading took longer than 1 s" part=publisher'
    record = parse("X", f"2026-11-22T04:26:11.123Z [INFO] (Copier) X: stdout. {line}. {CONTEXT}")
    assert record

    publisher_log.note(record, ledger)

    assert (ledger.balance().produced, ledger.balance().not_taken) == (0, 4)


@pytest.mark.parametrize(
    "line",
    [
        "INFO heartbeat_published messages_sent=10",
        "INFO reading_published",
        "INFO reading_published boot_id=6f1c",
        'INFO message payload="reading_published boot_id=a sequence=1"',
    ],
)
def test_line_about_anything_else_does_not_count(line: str) -> None:
    assert _balance(line) == (0, 0)
