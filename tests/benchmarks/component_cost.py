"""What a component costs while it runs at its default rate: memory and CPU, beside the bare SDK.

    .venv/bin/python -m benchmarks.component_cost [--seconds 60] [--json]

Deploys both components on a whole core and, with the publisher's own grants, a baseline: a few lines in a
loop that publish as often with nothing but the AWS SDK. Resident memory is the process's; CPU is user and
system time by wall time after the start is over, in percent of one core.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from support.core import RunningCore, running_core
from support.deployed import deploy, log_of
from support.waiting import wait_until

COMPONENTS = {"mqtt_publisher": "com.example.MqttPublisher", "mqtt_subscriber": "com.example.MqttSubscriber"}
START_DEADLINE_S = 30.0
BASELINE = """
import sys, threading
import awsiot.greengrasscoreipc
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
connection = awsiot.greengrasscoreipc.connect(ipc_socket=sys.argv[1], authtoken=sys.argv[2])
client = GreengrassCoreIPCClientV2(client=connection)
while True:
    client.publish_to_iot_core(topic_name="baseline/sensors/data", qos="1", payload=b"x" * 166)
    print("published", flush=True)
    threading.Event().wait(5.0)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took.

    Attributes:
        resident_mb: Resident memory at the end, in 10^6 bytes.
        cpu_percent: Of one core.
        resident_ratio: Resident memory by the baseline's.
    """

    resident_mb: float
    cpu_percent: float
    resident_ratio: float


def measure(seconds: float) -> dict[str, Cost]:
    """Both components and the baseline, side by side for `seconds`."""
    with tempfile.TemporaryDirectory() as folder, running_core(Path(folder) / "core") as core:
        deploy(core, {package: {} for package in COMPONENTS})
        wait_until(
            lambda: "reading_published" in log_of(core, COMPONENTS["mqtt_publisher"]),
            START_DEADLINE_S,
            "start",
        )
        processes = {package: _process(core, name) for package, name in COMPONENTS.items()}
        token = processes["mqtt_publisher"].environ()["SVCUID"]
        baseline = subprocess.Popen(
            [sys.executable, "-c", BASELINE, core.endpoints["ipc"], token], stdout=subprocess.PIPE
        )
        try:
            assert baseline.stdout is not None
            baseline.stdout.readline()
            processes["baseline"] = psutil.Process(baseline.pid)
            before = {name: _cpu_s(process) for name, process in processes.items()}
            threading.Event().wait(seconds)
            cpu_s = {name: _cpu_s(process) - before[name] for name, process in processes.items()}
            resident = {name: process.memory_info().rss for name, process in processes.items()}
        finally:
            baseline.kill()
            baseline.wait()
    return {
        name: Cost(
            resident_mb=resident[name] / 1e6,
            cpu_percent=100 * cpu_s[name] / seconds,
            resident_ratio=resident[name] / resident["baseline"],
        )
        for name in processes
    }


def _process(core: RunningCore, name: str) -> psutil.Process:
    component = core.component(name)
    if component is None:
        raise LookupError(name)
    return psutil.Process(component["pid"])


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description="Memory and CPU of each component beside the bare SDK.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to watch (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    costs = measure(options.seconds)
    if options.json:
        sys.stdout.write(json.dumps({name: asdict(cost) for name, cost in costs.items()}) + os.linesep)
        return
    sys.stdout.write(f"{'':<18}{'resident MB':>12}{'% of a core':>13}{'by baseline':>13}\n")
    for name, cost in costs.items():
        row = f"{name:<18}{cost.resident_mb:>12.1f}{cost.cpu_percent:>13.2f}{cost.resident_ratio:>13.2f}\n"
        sys.stdout.write(row)


if __name__ == "__main__":
    main()
