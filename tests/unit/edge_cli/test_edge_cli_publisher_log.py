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
        'INFO "reading published" boot_id=6f1c sequence=0',
        "INFO reading_published boot_id=6f1c sequence=0 topic=t/sensors/data",
        'INFO "reading published" topic=t/sensors/data sequence=0 boot_id="6f1c"',
    ],
)
def test_published_reading_is_produced(line: str) -> None:
    assert _balance(line) == (1, 0)


def test_reading_not_published_is_a_loss_with_notice() -> None:
    line = 'WARNING "reading not published" boot_id=6f1c sequence=0 error="ServiceError: Device is offline."'
    assert _balance(line) == (1, 1)


@pytest.mark.parametrize(
    "line",
    [
        "INFO heartbeat_published messages_sent=10",
        'INFO "reading published"',
        'INFO "reading published" boot_id=6f1c',
        'INFO message_received payload="reading published boot_id=a sequence=1"',
    ],
)
def test_line_about_anything_else_does_not_count(line: str) -> None:
    assert _balance(line) == (0, 0)
