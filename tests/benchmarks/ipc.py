"""What the core's IPC costs, with the unmodified SDK in other processes.

    .venv/bin/python -m benchmarks.ipc                               a whole core: broker, spooler and all
    .venv/bin/python -m benchmarks.ipc --server-only                 the IPC server alone
    .venv/bin/python -m benchmarks.ipc --socket PATH --token TOKEN   a core that runs

Measures PublishToIoTCore twice: how many a second pipelined clients get through, and how long one takes when
each waits for the one before. The same clients do the same against a server that answers at once with a
canned frame; the report is the ratio of the rates and the microseconds added at the median. Rounds alternate,
so that a busy machine slows both alike; the middle round counts.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.whole_core import whole_core

_HERE = Path(__file__).parent
_CLIENT_WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Load:
    """How much is measured.

    Attributes:
        clients: Processes that publish at once, pipelined.
        pipelined_calls: Calls of each of them.
        single_calls: Calls of the one client that makes them one by one.
    """

    clients: int = 2
    pipelined_calls: int = 10_000
    single_calls: int = 2_000


@dataclass(frozen=True, slots=True)
class Measurement:
    """One round against one server.

    Attributes:
        rate_per_s: Calls answered per second, all pipelined clients together.
        median_us: Microseconds of a single call at the median.
        p99_us: Microseconds of a single call that 99 % do not exceed.
    """

    rate_per_s: float
    median_us: float
    p99_us: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A server against the baseline: the middle of several rounds each.

    Attributes:
        core: The server.
        baseline: The server that answers at once.
        rate_ratio: Rate of the core by rate of the baseline; 1 is as fast.
        added_us: Microseconds that the core adds to a single call at the median.
    """

    core: Measurement
    baseline: Measurement
    rate_ratio: float
    added_us: float


def measure(socket_path: Path, token: str, load: Load) -> Measurement:
    """One round against the server at `socket_path`; blocks for seconds.

    Raises:
        RuntimeError: A client failed; its own words stand on stderr.
    """
    pipelined = _run_clients("pipelined", load.clients, load.pipelined_calls, socket_path, token)
    duration_s = max(result["end_s"] for result in pipelined) - min(result["start_s"] for result in pipelined)
    (single,) = _run_clients("one_by_one", 1, load.single_calls, socket_path, token)
    percentiles_s = statistics.quantiles(single["latencies_s"], n=100)
    return Measurement(
        rate_per_s=load.clients * load.pipelined_calls / duration_s,
        median_us=percentiles_s[49] * 1e6,
        p99_us=percentiles_s[98] * 1e6,
    )


def compare(socket_path: Path, token: str, load: Load, rounds: int) -> Comparison:
    """The server at `socket_path` against the baseline, which is started here."""
    with served("baseline") as (baseline_socket, baseline_token):
        pairs = [
            (measure(socket_path, token, load), measure(baseline_socket, baseline_token, load))
            for _ in range(rounds)
        ]
    core = _middle([core for core, _ in pairs])
    baseline = _middle([baseline for _, baseline in pairs])
    return Comparison(
        core, baseline, core.rate_per_s / baseline.rate_per_s, core.median_us - baseline.median_us
    )


@contextmanager
def served(kind: str) -> Iterator[tuple[Path, str]]:
    """A server of `ipc_servers` (`core` or `baseline`) as a process: its socket and a token."""
    with tempfile.TemporaryDirectory() as folder:
        socket_path = Path(folder) / "ipc.socket"
        with _python("ipc_servers.py", kind, str(socket_path)) as process:
            yield socket_path, _line(process).strip()


def _run_clients(how: str, clients: int, calls: int, socket_path: Path, token: str) -> list[dict[str, Any]]:
    arguments = (how, str(socket_path), token, str(calls))
    with ExitStack() as stack:
        processes = [stack.enter_context(_python("ipc_client.py", *arguments)) for _ in range(clients)]
        for process in processes:
            _line(process)
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [json.loads(_line(process)) for process in processes]


@contextmanager
def _python(script: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, str(_HERE / script), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
        process.communicate(timeout=_CLIENT_WAIT_S)
    finally:
        process.kill()
        process.wait()


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended before it answered")
    return line


def _middle(rounds: list[Measurement]) -> Measurement:
    return Measurement(
        rate_per_s=statistics.median(one.rate_per_s for one in rounds),
        median_us=statistics.median(one.median_us for one in rounds),
        p99_us=statistics.median(one.p99_us for one in rounds),
    )


def _report(comparison: Comparison) -> str:
    rows = [("core", comparison.core), ("baseline", comparison.baseline)]
    table = "\n".join(
        f"{name:<10}{one.rate_per_s:>12,.0f}{one.median_us:>14,.0f}{one.p99_us:>12,.0f}" for name, one in rows
    )
    return (
        f"{'':<10}{'calls/s':>12}{'median us':>14}{'p99 us':>12}\n{table}\n"
        f"rate: {comparison.rate_ratio:.2f} of the baseline; "
        f"added at the median: {comparison.added_us:.0f} us"
    )


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description="Rate and latency of PublishToIoTCore against a baseline.")
    parser.add_argument("--socket", type=Path, help="socket of a running core (default: a core is started)")
    parser.add_argument("--token", help="a token of that core whose component may publish")
    parser.add_argument("--server-only", action="store_true", help="the IPC server by itself")
    parser.add_argument("--clients", type=int, default=Load().clients, help="pipelined client processes")
    parser.add_argument("--rounds", type=int, default=3, help="rounds against each server")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if (options.socket is None) is not (options.token is None):
        parser.error("--socket and --token belong together")
    with ExitStack() as stack:
        socket_path, token = options.socket, options.token
        if socket_path is None:
            start = served("core") if options.server_only else whole_core()
            socket_path, token = stack.enter_context(start)
        comparison = compare(socket_path, token, Load(clients=options.clients), options.rounds)
    sys.stdout.write((json.dumps(asdict(comparison)) if options.json else _report(comparison)) + "\n")


if __name__ == "__main__":
    main()
