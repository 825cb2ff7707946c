"""The components, deployed from their own recipes on a whole core, with real faults."""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from support.cloud import CloudObserver
from support.core import RunningCore, running_core
from support.deployed import deploy, log_of, readings_of
from support.waiting import wait_until

PUBLISHER, SUBSCRIBER = "com.example.MqttPublisher", "com.example.MqttSubscriber"
THING = "orangepi5-core-001"
FAST = {"publish_interval_s": "0.05", "heartbeat_every": "0"}
WITHIN_S = 30.0
MAX_RESIDENT_BYTES = 60_000_000


@pytest.fixture
def core(tmp_path: Path) -> Iterator[RunningCore]:
    with running_core(tmp_path / "core") as running:
        yield running


def readings_said(core: RunningCore, what: str) -> list[tuple[str, int]]:
    """(boot_id, sequence) of every reading of which the publisher says `stored` or `published`."""
    found = re.findall(rf"reading_{what} boot_id=(\w+) sequence=(\d+)", log_of(core, PUBLISHER))
    return [(boot_id, int(sequence)) for boot_id, sequence in found]


def published(core: RunningCore) -> list[tuple[str, int]]:
    """(boot_id, sequence) of every reading that the publisher says the core has taken."""
    return readings_said(core, "published")


def has_started(core: RunningCore, name: str) -> bool:
    """Whether the component's code runs, and with it its signal handlers."""
    return " started " in log_of(core, name)


def stop_publisher_and_settle(core: RunningCore, cloud: CloudObserver) -> list[tuple[str, int]]:
    """End the publisher tidily and wait until the cloud has got as much as was taken; what has arrived."""
    pid = core.component(PUBLISHER)
    assert pid is not None
    psutil.Process(pid["pid"]).terminate()
    core.wait_for_state(PUBLISHER, "FINISHED")
    taken = published(core)
    wait_until(lambda: len(readings_of(cloud.payloads)) >= len(taken), WITHIN_S, "all readings in the cloud")
    return readings_of(cloud.payloads)


def test_a_restart_of_ipc_loses_no_reading_and_the_subscriber_hears_again(core: RunningCore) -> None:
    with CloudObserver(core.mqtt_port, f"{THING}/sensors/data") as cloud:
        deploy(core, {"mqtt_publisher": FAST, "mqtt_subscriber": {}})
        cloud.wait_for(10, WITHIN_S)
        dropped = core.ask("restart_ipc")["dropped_connections"]
        reached = len(cloud.payloads)
        cloud.wait_for(reached + 40, WITHIN_S)
        heard = log_of(core, SUBSCRIBER).count(" message ")
        wait_until(
            lambda: log_of(core, SUBSCRIBER).count(" message ") > heard + 5, WITHIN_S, "the subscriber hears"
        )
        arrived = stop_publisher_and_settle(core, cloud)

    assert dropped == 2
    assert set(arrived) == set(published(core))
    assert sorted({sequence for _, sequence in arrived}) == list(range(len(set(arrived))))


def test_a_restart_of_ipc_on_lite_ends_both_components_and_the_core_starts_them_anew(tmp_path: Path) -> None:
    """Lite forgets its tokens: only a process that is started afterwards has a valid one."""
    with (
        running_core(tmp_path / "core", "--flavor", "lite") as core,
        CloudObserver(core.mqtt_port, f"{THING}/sensors/data") as cloud,
    ):
        deploy(core, {"mqtt_publisher": FAST, "mqtt_subscriber": {}})
        cloud.wait_for(10, WITHIN_S)
        wait_until(lambda: " message " in log_of(core, SUBSCRIBER), WITHIN_S, "the subscriber hears")
        core.ask("restart_ipc")
        wait_until(lambda: len({boot_id for boot_id, _ in published(core)}) > 1, WITHIN_S, "a new boot_id")
        anew, _ = published(core)[-1]
        heard_anew = rf"stopped exit_code=1(?s:.)* started (?s:.)* message .*{anew}"
        wait_until(
            lambda: re.search(heard_anew, log_of(core, SUBSCRIBER)), WITHIN_S, "a new subscriber that hears"
        )

        assert "stopped exit_code=1" in log_of(core, PUBLISHER)
        safe = readings_said(core, "stored")
        wait_until(lambda: set(safe) <= set(readings_of(cloud.payloads)), WITHIN_S, "what was stored")


def test_each_component_ends_cleanly_on_sigterm(core: RunningCore) -> None:
    deploy(core, {"mqtt_publisher": {}, "mqtt_subscriber": {}})
    for name in (PUBLISHER, SUBSCRIBER):
        wait_until(partial(has_started, core, name), WITHIN_S, f"{name} has started")
        running = core.component(name)
        assert running is not None
        psutil.Process(running["pid"]).terminate()
        core.wait_for_state(name, "FINISHED")

        assert "stopped exit_code=0" in log_of(core, name)


def test_the_subscriber_warns_filters_summarises_and_records(core: RunningCore) -> None:
    settings = {
        "subscriptions": [
            {"source": "iot_core", "filter": "{iot:thingName}/sensors/#", "qos": "1"},
            {"source": "iot_core", "filter": "boards/+/data"},
        ],
        "show_when": [{"field": "temperature", "operator": ">=", "value": "25"}],
        "statistics_every": "3",
        "record": {"format": "jsonl"},
    }
    with CloudObserver(core.mqtt_port, "unused/#") as cloud:
        deploy(core, {"mqtt_subscriber": settings})
        wait_until(lambda: "subscribed" in log_of(core, SUBSCRIBER), WITHIN_S, "subscribed")
        cloud.publish(f"{THING}/sensors/data", b'{"sensors": {"temperature": 24.0}}')
        cloud.publish(f"{THING}/sensors/data", b'{"sensors": {"temperature": 26.0}}')
        cloud.publish(f"{THING}/sensors/data", b"not json")
        cloud.publish(f"{THING}/sensors/data", b'{"sensors": {"temperature": 28.5}}')
        cloud.publish("boards/b7/data", b'{"temperature": 25, "humidity": 60, "light": 800}')
        wait_until(lambda: "boards/b7/data" in log_of(core, SUBSCRIBER), WITHIN_S, "the last message")

    log = log_of(core, SUBSCRIBER)
    record = core.root / "work" / SUBSCRIBER / "received.jsonl"
    shown = [json.loads(line)["payload"] for line in record.read_text().splitlines()]
    assert shown == [
        {"sensors": {"temperature": 26.0}},
        {"sensors": {"temperature": 28.5}},
        {"temperature": 25, "humidity": 60, "light": 800},
    ]
    assert re.search(r"WARN\w* limit_exceeded .*value=28\.5 limit=28", log)
    assert "temperature 26.17 (24 to 28.5 in 3)" in log
    assert "message_refused" in log


def test_a_component_stays_below_sixty_megabytes(core: RunningCore) -> None:
    deploy(core, {"mqtt_publisher": FAST, "mqtt_subscriber": {}})
    wait_until(lambda: len(published(core)) > 50, WITHIN_S, "fifty readings")
    resident = {}
    for name in (PUBLISHER, SUBSCRIBER):
        running = core.component(name)
        assert running is not None
        resident[name] = psutil.Process(running["pid"]).memory_info().rss

    assert all(rss_bytes < MAX_RESIDENT_BYTES for rss_bytes in resident.values()), resident
