"""The order of events of `edge demo`, and its tidy end whatever happens.

Runs in the command's thread. A demo that is killed leaves only its temporary folder behind: the core is tied
to this process and goes with it.
"""

import contextlib
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_cli.core import cloud_s3, daemon
from edge_cli.core.cloud_mqtt import CloudClient
from edge_cli.core.status import CoreStatus
from edge_cli.demo import set_up
from edge_cli.demo.drain import drain
from edge_cli.demo.observation import DemoScreen, Observation
from edge_cli.demo.report import Objects, Report
from edge_cli.demo.set_up import PUBLISHER
from edge_cli.demo.state import DemoState, Outage, Phase
from edge_cli.demo.workplace import Workplace, make_workplace
from edge_cli.errors import CommandError
from local_core.cloud.services import CloudService
from local_core.control import request
from local_core.errors import CoreError
from local_core.settings import CoreSettings, Flavor

_STOP_TIMEOUT_S = 30.0
_OUTAGE_BEGINS_AFTER_S = 10.0  # where the demo has no end of its own


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What was asked for.

    Attributes:
        duration_s: Seconds of watching from the first reading; None until Ctrl-C.
        outage_s: Seconds without IoT Core; None for no outage.
        flavor: Which nucleus.
        root: The core's root; None for a temporary one.
    """

    duration_s: float | None = None
    outage_s: float | None = None
    flavor: Flavor = Flavor.CLASSIC
    root: Path | None = None

    def outage_begins_s(self) -> float | None:
        """Seconds from the first reading to the outage: it lies in the middle; None for no outage.

        Raises:
            CommandError: It does not fit into the demo.
        """
        if self.outage_s is None:
            return None
        if self.duration_s is None:
            return _OUTAGE_BEGINS_AFTER_S
        if self.duration_s < self.outage_s + 2:
            raise CommandError(
                f"--outage {self.outage_s:g} does not fit into --duration {self.duration_s:g}: it needs a "
                f"second before and after. Use --duration {self.outage_s + 2:g} or more."
            )
        return (self.duration_s - self.outage_s) / 2


def run(options: DemoOptions, screen: DemoScreen) -> Report:
    """One demo from the start of the core to its end.

    Args:
        options: What was asked for.
        screen: What shows it.

    Raises:
        CommandError: The set-up failed, or the core died; the text says why and where the logs are.
        KeyboardInterrupt: Ctrl-C or SIGTERM came before the first reading; everything is torn down.
    """
    outage_begins_s = options.outage_begins_s()
    state = DemoState(duration_s=options.duration_s)
    with ExitStack() as stack:
        stack.enter_context(_sigterm_interrupts())
        place = stack.enter_context(_kept_on_failure(make_workplace(options.root)))
        observation = Observation(state, screen, place.root, PUBLISHER)
        stack.callback(observation.close)
        with set_up.step(state, observation, "core"):
            stack.callback(_tear_down, place.root)
            state.core = daemon.start(CoreSettings(root=place.root, flavor=options.flavor), tied=True)
        status = state.core
        cloud = stack.enter_context(CloudClient(status["endpoints"]["mqtt"], observation.cloud.receive))
        cloud.subscribe(f"{status['thing_name']}/#")
        versions = set_up.build_components(place, state, observation)
        with set_up.step(state, observation, "deploy"):
            set_up.deploy(place, versions, state, observation)
        set_up_s = state.elapsed_s
        set_up.await_first_reading(place.root, state, observation)
        with contextlib.suppress(KeyboardInterrupt):
            _watch(place.root, options, outage_begins_s, state, observation)
        observation.look_at_core()
        while_running = state.core
        with contextlib.suppress(KeyboardInterrupt):
            drain(place.root, while_running, state, observation)
        report = _report(state, while_running, set_up_s)
        if not report.is_good:
            place.keep()
        return report


def _watch(
    root: Path,
    options: DemoOptions,
    outage_begins_s: float | None,
    state: DemoState,
    observation: Observation,
) -> None:
    state.phase = Phase.WATCHING
    try:
        if outage_begins_s is not None and options.outage_s is not None:
            _until(outage_begins_s, state, observation)
            request(root, "offline", only=CloudService.IOT_CORE)
            observation.update_clock()
            state.phase = Phase.OUTAGE
            state.outages.append(Outage(after_s=state.watched_s))
            observation.look_at_core()
            _until(state.watched_s + options.outage_s, state, observation)
            _end_outage(root, state, observation)
        _until(options.duration_s, state, observation)
    finally:
        # Ctrl-C in the middle of an outage: what waits on the core is to be delivered nevertheless.
        if state.phase is Phase.OUTAGE:
            _end_outage(root, state, observation)


def _end_outage(root: Path, state: DemoState, observation: Observation) -> None:
    observation.look_at_core()
    request(root, "online")
    observation.update_clock()
    state.outages[-1].duration_s = state.outage_s
    state.phase = Phase.WATCHING
    observation.look_at_core()


def _until(watched_s: float | None, state: DemoState, observation: Observation) -> None:
    while watched_s is None or state.watched_s < watched_s:
        observation.tick()


def _report(state: DemoState, while_running: CoreStatus, set_up_s: float) -> Report:
    assert state.balance  # noqa: S101  the first tick has set it
    contents = cloud_s3.count(
        while_running["endpoints"]["s3"], while_running["bucket"], while_running["region"]
    )
    timings_s = {step.text: round(step.seconds, 3) for step in state.steps if step.seconds is not None}
    timings_s |= {"set_up": round(set_up_s, 3), "first_message": round(state.first_message_s or 0.0, 3)}
    return Report(
        core=while_running,
        balance=state.balance,
        by_topic=dict(sorted(state.by_topic.items())),
        s3=Objects(contents.objects, contents.size_bytes, contents.records),
        outages=state.outages,
        timings_s=timings_s,
    )


@contextmanager
def _kept_on_failure(place: Workplace) -> Iterator[Workplace]:
    """Remove the scratch folder at the end, but not when its logs are what explains the failure."""
    try:
        yield place
    except (CommandError, CoreError) as error:
        place.keep()
        raise CommandError(f"{error} Logs: {place.root / 'logs'}") from None
    finally:
        place.remove()


def _tear_down(root: Path) -> None:
    # Half a teardown is worse than a late one: it takes seconds, and it is bounded.
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        daemon.stop(root, timeout_s=_STOP_TIMEOUT_S)
    finally:
        signal.signal(signal.SIGINT, interrupt)


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """SIGTERM ends a demo as tidily as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
