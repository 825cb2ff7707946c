"""What a pipe or a file gets while a demo runs: one line for everything that happens, nothing drawn over."""

from typing import Self

from edge_cli.core.topic_messages import TopicMessage
from edge_cli.demo.live_table import numbers
from edge_cli.demo.report import held
from edge_cli.demo.state import DemoState, Phase
from edge_cli.screen.console import Screen
from edge_common.timestamps import format_timestamp


class PlainLines:
    """Writes what is new since the last refresh; under `--json` nothing at all.

    Args:
        screen: The command's screen.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._steps_told = 0
        self._doing_told = ""
        self._first_told = False
        self._phase = Phase.SETTING_UP

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to put back."""

    def refresh(self, demo: DemoState, readings: list[TopicMessage]) -> None:
        """Say what is new."""
        if self._screen.as_json:
            return
        for step in demo.steps[self._steps_told :]:
            if step.seconds is None:
                self._tell_doing(step.doing)
                break
            self._screen.write(f"{step.text}: {step.seconds:.1f} s")
            self._steps_told += 1
        if demo.phase is not self._phase:
            self._tell_phase(demo)
        if demo.first_message_s is not None and not self._first_told:
            self._first_told = True
            self._screen.write(f"first reading after {demo.first_message_s:.1f} s")
        for message in readings:
            reading = message.content()
            values = " ".join(f"{name}={numbers([value])[0]}" for name, value in reading["sensors"].items())
            received = format_timestamp(message.received_at)
            self._screen.write(f"{received} reading #{reading['sequence']} in the cloud: {values}")

    def _tell_doing(self, doing: str) -> None:
        if doing and doing != self._doing_told:
            self._doing_told = doing
            self._screen.write(f"{doing} …")

    def _tell_phase(self, demo: DemoState) -> None:
        before, self._phase = self._phase, demo.phase
        if demo.phase is Phase.OUTAGE:
            self._screen.write("IoT Core is away.")
        elif before is Phase.OUTAGE:
            self._screen.write(f"IoT Core is back; {held(demo.outages[-1])}.")
        if demo.phase is Phase.DRAINING:
            self._screen.write("Waiting for what is still on its way; then the publisher is stopped.")
