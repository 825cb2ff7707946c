"""What is said of a component that ended: the reason, not the farewell after it."""

from pathlib import Path

import pytest

from edge_cli.logs.files import last_words
from local_core.layout import Layout

NAME = "com.example.MqttPublisher"
STARTED = ("stdout", "INFO started")
REASON = ("stderr", "configuration: /settings/outbox/max_bytes: more than 80 % of what is free")
FAILED = ("stdout", "ERROR failed reason='no core'")
FAREWELL = ("stdout", "INFO stopped exit_code=2")


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ([STARTED, REASON, FAREWELL], REASON[1]),
        ([STARTED, FAILED, FAREWELL], "failed reason='no core'"),
        ([STARTED, REASON, FAILED, FAREWELL], "failed reason='no core'"),
        ([STARTED, FAREWELL], "stopped exit_code=2"),
        ([], ""),
    ],
)
def test_last_words_are_the_last_complaint_if_there_is_one(
    tmp_path: Path, printed: list[tuple[str, str]], expected: str
) -> None:
    logs = Layout(tmp_path).logs
    logs.mkdir(parents=True)
    lines = [
        f"2026-11-22T11:19:50.{number:03}Z [{'INFO' if stream == 'stdout' else 'WARN'}] (Copier) {NAME}: "
        f"{stream}. {text}. {{serviceName={NAME}, currentState=RUNNING}}\n"
        for number, (stream, text) in enumerate(printed)
    ]
    (logs / f"{NAME}.log").write_text("".join(lines))
    assert last_words(tmp_path, NAME).rstrip(".") == expected
