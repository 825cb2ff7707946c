"""What a terminal shows of a demo: fits its width, keeps its height, says what matters."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from edge_cli.core.status import CoreStatus
from edge_cli.core.topic_messages import TopicMessage
from edge_cli.demo.live_table import picture
from edge_cli.demo.reconcile import Balance
from edge_cli.demo.state import DemoState, Outage, Phase, Step
from edge_cli.screen.console import Screen

SENSORS = {"cpu_temp": 48.25, "load_1m": 0.31, "memory_used_percent": 41.0, "disk_used_percent": 61.55}


def _core(*, online: bool) -> CoreStatus:
    status: dict[str, Any] = {
        "thing_name": "orangepi5-core-001",
        "flavor": "classic",
        "online": online,
        "broker": "mosquitto",
        "components": [
            {
                "name": "com.example.MqttPublisher",
                "version": "1.0.0",
                "state": "RUNNING",
                "restarts": 0,
                "crashes": 0,
                "pid": 7,
                "is_root": True,
            }
        ],
        "iot_core": {"spooled_messages": 6, "spooled_bytes": 1010, "in_flight": 0},
    }
    return status  # type: ignore[return-value]  # the members that the picture uses


def _readings(count: int) -> tuple[TopicMessage, ...]:
    return tuple(
        TopicMessage(
            datetime(2026, 11, 22, 4, 26, second, tzinfo=UTC),
            "t/sensors/data",
            json.dumps({"boot_id": "b", "sequence": second, "sensors": SENSORS}).encode(),
        )
        for second in range(count)
    )


def _drawn(state: DemoState, width: int) -> list[str]:
    screen = Screen(as_json=False)
    screen.console = Console(width=width, file=io.StringIO(), force_terminal=False)
    with screen.console.capture() as captured:
        screen.console.print(picture(screen, state))
    return [line.rstrip() for line in captured.get().splitlines()]


def _in_an_outage(readings: int = 5) -> DemoState:
    return DemoState(
        phase=Phase.OUTAGE,
        steps=[Step("core", 0.9), Step("build", 0.1), Step("deploy", 1.3)],
        core=_core(online=False),
        balance=Balance(produced=44, delivered=38, waiting=0, duplicated=0),
        latest=_readings(readings),
        outages=[Outage(after_s=6.0)],
        elapsed_s=15.5,
        first_message_s=3.5,
        duration_s=20,
    )


@pytest.mark.parametrize("width", [60, 80, 120])
def test_picture_fits_the_terminal(width: int) -> None:
    assert max(map(len, _drawn(_in_an_outage(), width))) <= width


def test_picture_has_the_same_height_from_the_first_reading_on() -> None:
    assert len(_drawn(_in_an_outage(1), 80)) == len(_drawn(_in_an_outage(5), 80))


def test_wide_terminal_shows_more_sensors() -> None:
    narrow, wide = ("\n".join(_drawn(_in_an_outage(), width)) for width in (60, 120))
    assert "cpu_temp" in narrow
    assert "disk_used_percent" not in narrow
    assert "…" not in narrow
    assert "disk_used_percent" in wide
    assert "61.55" in wide


def test_outage_is_visible_with_its_age_and_what_waits() -> None:
    text = "\n".join(_drawn(_in_an_outage(), 80))
    assert "first reading after 3.5 s" in text
    assert "IoT Core offline for 6 s" in text
    assert "6 messages wait on the core (1.0 kB)" in text
    assert "44 readings produced · 38 arrived · 6 on the way\n" in text
    assert "8 s left. Ctrl-C ends it." in text


def test_outage_of_lite_says_that_readings_wait_in_the_outbox_and_how_many() -> None:
    state = _in_an_outage()
    assert state.core
    state.core["flavor"] = "lite"
    state.core["iot_core"]["spooled_messages"] = 0
    state.balance = Balance(produced=140, delivered=138, waiting=2, duplicated=10)
    text = "\n".join(_drawn(state, 80))
    assert "Lite holds nothing: readings wait in the outbox" in text
    assert "140 readings produced · 138 arrived · 2 in the outbox · 10 duplicated" in text


def test_last_picture_says_what_was_lost() -> None:
    state = _in_an_outage()
    state.phase = Phase.ENDED
    text = "\n".join(_drawn(state, 80))
    assert "44 readings produced · 38 arrived · 6 lost · 0 duplicated" in text


def test_set_up_shows_what_is_done_and_what_is_under_way() -> None:
    text = "\n".join(_drawn(DemoState(steps=[Step("core", 0.9), Step("build")]), 80))
    assert "core 0.9 s" in text
    assert "build …" in text
    assert "Ctrl-C stops everything." in text


def test_a_step_that_takes_long_says_what_it_is_at() -> None:
    text = "\n".join(_drawn(DemoState(steps=[Step("build", doing="Fetching libraries")]), 80))
    assert "Fetching libraries …" in text
