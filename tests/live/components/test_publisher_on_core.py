"""The publisher on a whole core of either flavor: outages, kills of either process, bad and old readings."""

import contextlib
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from edge_common.outbox import LIVE_RECORDS, OutboxConfig
from local_core.settings import Flavor
from support.both_ends import BothEnds, both_ends
from support.cloud import CloudObserver
from support.component_process import ComponentProcess, started
from support.core import RunningCore, running_core, start_core
from support.deployed import deploy, log_of, readings_of
from support.figures import Figure
from support.ipc import connect
from support.left_behind import EARLIER, THING, leave_behind
from support.waiting import wait_until

PACKAGE, PUBLISHER = "mqtt_publisher", "com.example.MqttPublisher"
DATA = f"{THING}/sensors/data"
FAST = {"publish_interval_s": "0.05", "heartbeat_every": "0"}
MAX_IN_FLIGHT = 4
LANES = 2
WITHIN_S = 60.0
# What the classic nucleus's spooler holds: twenty of the largest messages fill it to the last byte.
LARGEST_MESSAGE_BYTES = 131_072
SPOOLER_MESSAGES = 20

OUTBOX = OutboxConfig().folder

ReadingId = tuple[str, int]
both_flavors = pytest.mark.parametrize("flavor", list(Flavor))


@pytest.fixture
def core(tmp_path: Path, flavor: Flavor) -> Iterator[RunningCore]:
    with running_core(tmp_path / "core", "--flavor", flavor) as running:
        yield running


def said(text: str, what: str) -> list[ReadingId]:
    """(boot_id, sequence) of every reading of which the log says `stored` or `published`, in its order."""
    found = re.findall(rf"reading_{what} boot_id=(\w+) sequence=(\d+)", text)
    return [(boot_id, int(sequence)) for boot_id, sequence in found]


def stored(core: RunningCore) -> set[ReadingId]:
    """The readings that the deployed publisher says are safe."""
    return set(said(log_of(core, PUBLISHER), "stored"))


def wait_for_stored(core: RunningCore, count: int) -> None:
    """Wait until the deployed publisher says that so many readings are safe."""
    wait_until(lambda: len(stored(core)) >= count, WITHIN_S, f"{count} readings stored")


def wait_for_arrival(cloud: CloudObserver, readings: set[ReadingId]) -> list[ReadingId]:
    """Wait until all of them have arrived; returns everything that has, in that order."""
    wait_until(lambda: readings <= set(readings_of(cloud.payloads)), WITHIN_S, "every stored reading")
    return readings_of(cloud.payloads)


def end_publisher(core: RunningCore) -> None:
    """Stop the deployed publisher tidily."""
    running = core.component(PUBLISHER)
    assert running is not None
    psutil.Process(running["pid"]).terminate()
    core.wait_for_state(PUBLISHER, "FINISHED")


def is_without_gaps(readings: set[ReadingId]) -> bool:
    """Whether the numbers of each start begin at 0 and none is missing."""
    starts = {boot_id for boot_id, _ in readings}
    numbers = [sorted(number for boot_id, number in readings if boot_id == start) for start in starts]
    return all(found == list(range(len(found))) for found in numbers)


@both_flavors
def test_an_outage_in_the_middle_loses_and_doubles_nothing(core: RunningCore) -> None:
    with CloudObserver(core.mqtt_port, DATA) as cloud:
        deploy(core, {PACKAGE: FAST})
        cloud.wait_for(10, WITHIN_S)
        core.ask("offline")
        wait_for_stored(core, len(stored(core)) + 40)
        core.ask("online")
        safe = stored(core)
        wait_for_arrival(cloud, safe)
        end_publisher(core)
        published = set(said(log_of(core, PUBLISHER), "published"))
        arrived = wait_for_arrival(cloud, published)

    assert [reading for reading, count in Counter(arrived).items() if count > 1] == []
    assert is_without_gaps(safe)


@both_flavors
def test_one_in_flight_keeps_the_order_over_an_outage(core: RunningCore) -> None:
    with CloudObserver(core.mqtt_port, DATA) as cloud:
        deploy(core, {PACKAGE: {**FAST, "publish_interval_s": "0.2", "max_in_flight": "1"}})
        cloud.wait_for(3, WITHIN_S)
        core.ask("offline")
        wait_for_stored(core, len(stored(core)) + 5)
        core.ask("online")
        arrived = wait_for_arrival(cloud, stored(core))

    assert arrived == sorted(arrived)


@both_flavors
def test_what_the_core_could_not_take_survives_the_core(tmp_path: Path, flavor: Flavor) -> None:
    """It takes its components along when it is killed; here the test does so."""
    root, work = tmp_path / "core", tmp_path / "work"
    work.mkdir()
    process, status = start_core(root, "--flavor", flavor)
    try:
        core = RunningCore(root, process, status["endpoints"])
        core.ask("offline")
        if flavor is Flavor.CLASSIC:
            fill_spooler(core)
        with run_publisher(core, work) as publisher:
            wait_for_lines(publisher, 30)
            process.kill()
            publisher.process.kill()
            publisher.process.wait()
            waiting = set(said(publisher.stdout, "stored"))
    finally:
        process.kill()
        process.wait()
    with (
        running_core(root, "--flavor", flavor) as core,
        CloudObserver(core.mqtt_port, DATA) as cloud,
        run_publisher(core, work),
    ):
        arrived = set(wait_for_arrival(cloud, waiting))

    ((before, _), *_) = waiting
    assert is_without_gaps({(boot_id, number) for boot_id, number in arrived if boot_id == before})


def fill_spooler(core: RunningCore) -> None:
    """Leave no byte for readings in the memory of a core that is offline; it all goes when the core dies."""
    with connect(Path(core.endpoints["ipc"]), core.cli_token) as cli:
        for _ in range(SPOOLER_MESSAGES):
            cli.publish_to_iot_core(topic_name="filler", qos="1", payload=bytes(LARGEST_MESSAGE_BYTES))


@both_flavors
def test_a_backlog_of_two_thousand_with_bad_readings_in_it_holds_no_fresh_one_up(core: RunningCore) -> None:
    bad = {0, 700, 701, 1_999}
    leave_behind(core.root / "work" / PUBLISHER, 2_000, too_long=bad)
    with CloudObserver(core.mqtt_port, DATA) as cloud:
        deploy(core, {PACKAGE: FAST})
        good = {(EARLIER, number) for number in range(2_000) if number not in bad}
        wait_for_arrival(cloud, good)
        arrived = wait_for_arrival(cloud, stored(core))
        end_publisher(core)

    last_old = max(place for place, (boot_id, _) in enumerate(arrived) if boot_id == EARLIER)
    fresh_before = [number for boot_id, number in arrived[:last_old] if boot_id != EARLIER]
    old = [number for boot_id, number in arrived if boot_id == EARLIER]
    assert len(fresh_before) >= 5
    assert old == sorted(set(range(2_000)) - bad)
    assert f"outbox_dead={len(bad)}" in log_of(core, PUBLISHER)


@both_flavors
@pytest.mark.parametrize(
    "kills", [10, pytest.param(300, marks=(pytest.mark.release, pytest.mark.timeout(1_200)))]
)
def test_a_publisher_that_is_killed_again_and_again_loses_nothing(
    core: RunningCore, tmp_path: Path, flavor: Flavor, kills: int, figure: Figure
) -> None:
    """Half of its lives it spends without a cloud."""
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)  # noqa: S311  moments of kills
    work = tmp_path / "work"
    work.mkdir()
    safe: set[ReadingId] = set()
    with CloudObserver(core.mqtt_port, DATA) as cloud:
        for _ in range(kills):
            core.ask(chance.choice(["online", "offline"]))
            with run_publisher(core, work) as publisher:
                wait_for_lines(publisher, chance.randint(1, 25))
                publisher.process.kill()
                publisher.process.wait()
                safe |= set(said(publisher.stdout, "stored"))
        core.ask("online")
        with run_publisher(core, work) as publisher:
            wait_for_arrival(cloud, safe)
            wait_for_lines(publisher, 1)
            publisher.process.terminate()
            assert publisher.exit_code() == 0
            safe |= set(said(publisher.stdout, "stored"))
        stopped = both_ends(core, cloud, DATA, work / OUTBOX)
        with run_publisher(core, work, "--once") as publisher:
            assert publisher.exit_code() == 0
            safe |= set(said(publisher.stdout, "stored"))
        drained = both_ends(core, cloud, DATA, work / OUTBOX)
    arrived = set(drained.arrived)
    lost, repeated = len(safe - arrived), len(drained.arrived) - len(arrived)
    trial = {"kills": kills, "stored": len(safe), "lost": lost, "repeated": repeated}
    figure("publisher, random kill -9", flavor=flavor.value, **trial)

    assert lost == 0, f"seed {seed}: {sorted(safe - arrived)}"
    assert repeated <= (kills * LANES + 1) * MAX_IN_FLIGHT, f"seed {seed}"
    # Told to stop, it leaves behind what it had taken and not delivered; what was unanswered is at both ends.
    assert stopped.taken == len(set(stopped.arrived) | stopped.waiting), f"seed {seed}"
    assert is_without_gaps(set(stopped.arrived) | stopped.waiting), f"seed {seed}"
    assert drained.waiting == frozenset(), f"seed {seed}"
    assert drained.taken == len(arrived), f"seed {seed}"
    assert is_without_gaps(arrived), f"seed {seed}"


@both_flavors
def test_what_is_unanswered_when_it_is_told_to_stop_has_arrived_and_waits_and_alone_comes_twice(
    core: RunningCore, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    with run_publisher(core, work, socket=str(tmp_path / "nobody")) as publisher:
        wait_for_lines(publisher, 2 * LIVE_RECORDS)
        publisher.process.terminate()
        assert publisher.exit_code() == 0
        earlier = said(publisher.stdout, "stored")
    core.ask("mute_answers", component="aws.greengrass.Cli", operation="PublishToIoTCore")
    with CloudObserver(core.mqtt_port, DATA) as cloud:
        with run_publisher(core, work) as publisher:
            cloud.wait_for(MAX_IN_FLIGHT, WITHIN_S)
            publisher.process.terminate()
            assert publisher.exit_code() == 0
            assert said(publisher.stdout, "published") == []
            taken = {*earlier, *said(publisher.stdout, "stored")}
        unanswered = earlier[:MAX_IN_FLIGHT]
        assert both_ends(core, cloud, DATA, work / OUTBOX) == BothEnds(
            unanswered, frozenset(taken), len(taken)
        )
        core.ask("restart_ipc")
        with run_publisher(core, work, "--once") as publisher:
            assert publisher.exit_code() == 0
            taken |= set(said(publisher.stdout, "stored"))
        drained = both_ends(core, cloud, DATA, work / OUTBOX)

    assert Counter(drained.arrived) == Counter([*taken, *unanswered])
    assert (drained.waiting, drained.taken) == (frozenset(), len(taken))
    assert is_without_gaps(taken)


def run_publisher(
    core: RunningCore, work: Path, *arguments: str, socket: str | None = None
) -> "contextlib.AbstractContextManager[ComponentProcess]":
    """The publisher as a process of the test's: a core would give up after three kills in an hour.

    Args:
        core: What it publishes to.
        work: Its working folder.
        arguments: Of the command line.
        socket: Another one than the core's.
    """
    settings = {**FAST, "publish_interval_s": "0.02", "max_in_flight": str(MAX_IN_FLIGHT)}
    environment = {
        "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": socket or core.endpoints["ipc"],
        "SVCUID": core.cli_token,
    }
    return started(PACKAGE, work, settings, *arguments, **environment)


def wait_for_lines(publisher: ComponentProcess, count: int) -> None:
    """Wait until the publisher has said of so many readings that they are safe."""
    wait_until(lambda: len(said(publisher.stdout, "stored")) >= count, WITHIN_S, f"{count} readings stored")
