"""Where readings come from: `simulated`, `host`, `iio`, `replay`.

Owns reading sensors; it publishes nothing and keeps nothing. No threads: a source reads in its caller's.

    source = open_source(config.sensor, context.clock, context.stop)

Modules:
    source     the protocol that every source fulfils, units, the end of a replay
    simulated  values without hardware
    host       the machine itself: temperatures, load, memory, disk; the only one that imports psutil
    iio        sensors on the board's buses, by the kernel's Industrial I/O and hwmon
    replay     a CSV file; csv_rows reads it
    sysfs      the kernel's small files, for host and iio
"""

import threading
from typing import Literal

from edge_common.clock import Clock
from edge_common.config import ComponentConfig, setting
from edge_common.sensors.host import HostConfig, HostSource
from edge_common.sensors.iio import IioConfig, IioSource
from edge_common.sensors.replay import ReplayConfig, ReplaySource
from edge_common.sensors.simulated import SimulatedConfig, SimulatedSource
from edge_common.sensors.source import UNITS, EndOfReplay, SensorSource

__all__ = [
    "UNITS",
    "EndOfReplay",
    "HostConfig",
    "IioConfig",
    "ReplayConfig",
    "SensorConfig",
    "SensorSource",
    "SimulatedConfig",
    "open_source",
]


class SensorConfig(ComponentConfig):
    """Which source, and the settings of each.

    A section for each source and not one that changes with `kind`: a deployment merges into what is stored, so
    `{"kind": "host"}` would otherwise meet the left-over settings of `simulated` and be refused for them.
    """

    kind: Literal["simulated", "host", "iio", "replay"] = setting("simulated", description="Which source.")
    simulated: SimulatedConfig = setting(SimulatedConfig(), description="Of the source simulated.")
    host: HostConfig = setting(HostConfig(), description="Of the source host.")
    iio: IioConfig = setting(IioConfig(), description="Of the source iio.")
    replay: ReplayConfig = setting(ReplayConfig(), description="Of the source replay.")

    def model_post_init(self, context: object, /) -> None:
        """What no single setting can check: the chosen source has what it needs."""
        super().model_post_init(context)
        if self.kind == "replay" and not self.replay.file:
            raise ValueError("the source replay needs replay/file, the path of a CSV file")


def open_source(config: SensorConfig, clock: Clock, stop: threading.Event | None = None) -> SensorSource:
    """Open the configured source; the caller closes it.

    Args:
        config: Which one, and its settings.
        clock: Measures the pace of a replay.
        stop: The component's stop event, which ends the pauses of a replay; None waits them out.

    Raises:
        ConfigError: The source is not there: no such file, no such sensor.
    """
    match config.kind:
        case "simulated":
            return SimulatedSource(config.simulated)
        case "host":
            return HostSource(config.host)
        case "iio":
            return IioSource(config.iio)
        case "replay":
            return ReplaySource(config.replay, clock, stop or threading.Event())
