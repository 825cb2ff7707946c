"""What the components' READMEs promise under "When things fail", on a core that fails in just that way."""

import re
import signal
from pathlib import Path

import pytest

from support.component_process import ComponentProcess, started
from support.scripted_core import ScriptedCore
from support.waiting import wait_until

PUBLISHER, SUBSCRIBER = "mqtt_publisher", "mqtt_subscriber"
DATA = "orangepi5-core-001/sensors/data"
FILTER = "boards/+/data"
WITHIN_S = 20.0


def wait_for_calls(core: ScriptedCore, operation: str, count: int) -> None:
    """Wait until the core has been asked `count` times."""
    wait_until(lambda: core.calls.count(operation) >= count, WITHIN_S, f"{count} calls of {operation}")


def stop(component: ComponentProcess) -> str:
    """End a component by SIGTERM, which it must take as a tidy end; returns what it has written."""
    component.process.send_signal(signal.SIGTERM)
    assert component.exit_code() == 0
    assert component.stderr == ""
    return component.stdout


def test_a_wrong_setting_is_refused_before_any_connection(core: ScriptedCore, tmp_path: Path) -> None:
    settings = {"publish_interval_s": 0, "max_in_flight": 0, "outbox": {"max_bytes": 1}}
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        assert publisher.exit_code() == 2
        assert publisher.stderr.count("configuration: /settings/") == 3
    assert core.calls == []


def test_an_outbox_that_cannot_be_used_is_refused_before_any_connection(
    core: ScriptedCore, tmp_path: Path
) -> None:
    (tmp_path / "outbox").symlink_to(tmp_path / "elsewhere")
    with started(PUBLISHER, tmp_path, {}, **core.environment) as publisher:
        assert publisher.exit_code() == 2
        assert "configuration: /settings/outbox/folder: " in publisher.stderr
    assert core.calls == []


def test_a_core_that_is_busy_gets_the_reading_once_it_is_not(core: ScriptedCore, tmp_path: Path) -> None:
    core.refused[DATA] = "ServiceError"
    with started(PUBLISHER, tmp_path, {"heartbeat_every": 0}, **core.environment) as publisher:
        wait_for_calls(core, "PublishToIoTCore", 2)
        del core.refused[DATA]
        publisher.wait_for("reading_published")
        output = stop(publisher)
    assert core.payloads()[0]["sequence"] == 0
    assert output.count("WARNING delivery_failing ") == output.count("INFO delivery_recovered ") == 1
    assert "outbox_waiting=0" in output


def test_a_reading_that_is_not_answered_in_time_is_sent_again(core: ScriptedCore, tmp_path: Path) -> None:
    core.silent.add("PublishToIoTCore")
    settings = {"publish_timeout_s": 0.2, "heartbeat_every": 0}
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        wait_for_calls(core, "PublishToIoTCore", 2)
        core.silent.clear()
        publisher.wait_for("reading_published")
        assert "did not answer within 0.2 s" in stop(publisher)
    assert core.payloads()[0]["sequence"] == 0


def test_a_topic_that_is_not_granted_is_named_once_and_its_readings_wait_for_the_grant(
    core: ScriptedCore, tmp_path: Path
) -> None:
    core.refused[DATA] = "UnauthorizedError"
    settings = {"publish_interval_s": 0.1, "heartbeat_every": 0}
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        publisher.wait_for("sequence=9 ")
        del core.refused[DATA]
        wait_until(lambda: len(core.payloads()) >= 10, WITHIN_S, "the first ten readings")
        output = stop(publisher)
    assert f'"{DATA}" to aws.greengrass.ipc.mqttproxy below accessControl in the recipe' in output
    assert len(re.findall("ERROR delivery_refused .*code=not_granted", output)) == 1
    assert output.count("INFO delivery_recovered ") == 1
    assert [reading["sequence"] for reading in core.payloads()[:10]] == list(range(10))


def test_a_core_that_is_away_too_long_ends_the_publisher_between_two_readings(
    core: ScriptedCore, tmp_path: Path
) -> None:
    settings = {"publish_interval_s": 3600, "give_up_after_s": 5}
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        publisher.wait_for("reading_published")
        core.stop_listening()
        assert publisher.exit_code() == 1
        assert "ERROR failed" in publisher.stdout
        assert "Is the core running?" in publisher.stdout
        assert publisher.stdout.count("No connection to the Greengrass core for 5 s.") == 1
        core.listen_again()


def test_a_publisher_that_is_told_to_stop_while_it_waits_for_an_answer_keeps_the_reading(
    core: ScriptedCore, tmp_path: Path
) -> None:
    core.silent.add("PublishToIoTCore")
    settings = {"publish_interval_s": 3600, "heartbeat_every": 1}
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        wait_for_calls(core, "PublishToIoTCore", 1)
        output = stop(publisher)
    assert "reading_published" not in output
    assert "outbox_waiting=1" in output
    assert core.calls.count("PublishToIoTCore") == 1
    core.silent.clear()
    with started(PUBLISHER, tmp_path, settings, **core.environment) as publisher:
        wait_until(lambda: len(core.payloads()) >= 2, WITHIN_S, "the reading of before, and one of now")
        stop(publisher)
    (boot_id,) = re.findall(r"started .*boot_id=(\w+)", output)
    assert {"boot_id": boot_id, "sequence": 0}.items() <= core.payloads()[0].items()


def test_a_refused_token_ends_the_publisher_and_what_waits_goes_out_at_its_next_start(
    core: ScriptedCore, tmp_path: Path
) -> None:
    core.refused[DATA] = "ServiceError"
    with started(PUBLISHER, tmp_path, {}, **core.environment) as publisher:
        wait_for_calls(core, "PublishToIoTCore", 1)
        core.forget_token()
        core.restart()
        assert publisher.exit_code() == 1
        assert publisher.stdout.count("The component ends, so that the core starts it with a new token") == 1
    core.remember_token()
    core.refused.clear()
    with started(PUBLISHER, tmp_path, {"publish_interval_s": 3600}, **core.environment) as publisher:
        wait_until(lambda: len(core.payloads()) >= 2, WITHIN_S, "the reading of before, and one of now")
        stop(publisher)
    assert len({reading["boot_id"] for reading in core.payloads()}) == 2


@pytest.mark.parametrize("speed", ["1", "0.001"])
def test_a_publisher_stops_in_the_pause_of_a_recording(
    core: ScriptedCore, tmp_path: Path, speed: str
) -> None:
    """Fifty years, and fifty thousand: more than a thread can be told to wait."""
    (tmp_path / "old.csv").write_text("timestamp,value\n1974-07-01 00:00:00,1\n2024-07-01 00:00:00,2\n")
    sensor = {"source": "replay", "replay": {"path": "old.csv", "speed": speed}}
    with started(PUBLISHER, tmp_path, {"sensor": sensor}, **core.environment) as publisher:
        publisher.wait_for("reading_published")
        stop(publisher)


def test_a_subscriber_that_waits_for_its_first_answer_asks_no_further_once_it_is_to_stop(
    core: ScriptedCore, tmp_path: Path
) -> None:
    core.silent.add("SubscribeToIoTCore")
    settings = {"subscriptions": [{"filter": f"boards/{number}/data"} for number in range(10)]}
    with started(SUBSCRIBER, tmp_path, settings, **core.environment) as subscriber:
        wait_for_calls(core, "SubscribeToIoTCore", 1)
        output = stop(subscriber)
    assert output.count("not_subscribed_yet") == 1
    assert " subscribed " not in output


def test_a_subscription_that_the_core_puts_off_is_not_called_made(core: ScriptedCore, tmp_path: Path) -> None:
    core.refused[FILTER] = "ServiceError"
    with started(
        SUBSCRIBER, tmp_path, {"subscriptions": [{"filter": FILTER}]}, **core.environment
    ) as subscriber:
        subscriber.wait_for("not_subscribed_yet")
        del core.refused[FILTER]
        wait_until(lambda: core.streams[FILTER], WITHIN_S, "the subscription")
        core.deliver_iot_core(FILTER, "boards/b7/data", [b'{"temperature": 25}'])
        subscriber.wait_for("INFO message ")
        assert "INFO subscribed " not in stop(subscriber)


def test_a_filter_that_is_not_granted_ends_the_subscriber_with_the_missing_grant(
    core: ScriptedCore, tmp_path: Path
) -> None:
    core.refused[FILTER] = "UnauthorizedError"
    settings = {"subscriptions": [{"filter": FILTER}]}
    with started(SUBSCRIBER, tmp_path, settings, **core.environment) as subscriber:
        assert subscriber.exit_code() == 1
        assert "ERROR failed" in subscriber.stdout
        assert "aws.greengrass#SubscribeToIoTCore" in subscriber.stdout


def test_a_record_that_cannot_be_written_costs_the_record_only(core: ScriptedCore, tmp_path: Path) -> None:
    """Its rotation fails for good: a folder stands where the old file is to go."""
    (tmp_path / "received.jsonl.1").mkdir()
    record = {"format": "jsonl", "max_bytes": 10_000, "keep": 1}
    settings = {"subscriptions": [{"filter": FILTER}], "record": record, "statistics_every": 3}
    with started(SUBSCRIBER, tmp_path, settings, **core.environment) as subscriber:
        wait_until(lambda: core.streams[FILTER], WITHIN_S, "the subscription")
        long = b'{"temperature": 25, "note": "%s"}' % (b"x" * 6_000)
        core.deliver_iot_core(FILTER, "boards/b7/data", [long, long, long])
        subscriber.wait_for("INFO statistics")
        output = stop(subscriber)
    assert "messages_shown=3" in output
    assert "messages_not_recorded=2" in output
    assert "ipc_callback_errors=0" in output
