"""The end of a demo: whatever was produced arrives, and nothing more is produced; in the demo's thread."""

from pathlib import Path

from edge_cli.core.greengrass_ipc import CoreConnection
from edge_cli.core.status import CoreStatus
from edge_cli.demo.observation import Observation, everything_has_arrived
from edge_cli.demo.set_up import PUBLISHER
from edge_cli.demo.state import DemoState, Phase

DRAIN_TIMEOUT_S = 30.0  # the publisher's outbox tries again after 15 s at the latest
_QUIET_S = 1.0  # after the publisher's end: time for what it did last, and for a duplicate, to show


def drain(root: Path, while_running: CoreStatus, state: DemoState, observation: Observation) -> None:
    """Wait, within bounds, until whatever was produced has arrived; end producing at such a moment.

    A reading that the publisher takes just before it is stopped stays on its disk: then it runs once more.
    """
    state.phase = Phase.DRAINING
    deadline = state.elapsed_s + DRAIN_TIMEOUT_S
    with CoreConnection(root) as core:
        while True:
            while state.elapsed_s < deadline and not everything_has_arrived(state):
                _look(observation)
            core.stop_component(PUBLISHER)
            _await_quiet(state, observation)
            if everything_has_arrived(state) or state.elapsed_s >= deadline:
                break
            core.restart_component(PUBLISHER)
    if state.core is not None:
        # The last picture shows what ran, not that the demo has just stopped it.
        state.core = {**state.core, "components": while_running["components"]}
    state.phase = Phase.ENDED
    observation.tick(0)


def _look(observation: Observation) -> None:
    observation.tick()
    observation.look_at_core()


def _await_quiet(state: DemoState, observation: Observation) -> None:
    """Wait until the publisher's process has ended, and a moment longer."""
    quiet_until = state.elapsed_s + _QUIET_S
    while state.elapsed_s < quiet_until:
        _look(observation)
        components = state.core["components"] if state.core else []
        if any(component["name"] == PUBLISHER and component["pid"] for component in components):
            quiet_until = state.elapsed_s + _QUIET_S
