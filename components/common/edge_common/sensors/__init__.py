"""Where readings come from: made up, from this machine, from real sensors, or from a recording.

Owns the four sources, their settings and the units of their fields; each source's module has the table. A
component puts `sensor: SensorConfig` among its settings and reads through `open_source`. No threads.

Modules:
    source        what every source is: `Source`
    simulated     `simulated`: a seeded random walk
    host          `host`: temperatures, load, memory and disk of this machine
    temperatures  its thermal zones
    iio           `iio`: sensors that a driver of the kernel reads
    iio_channels  what the kernel offers of them
    missing       what a reading lacks: counted, and logged when it changes
    sysfs         numbers out of sysfs, and why there is none
    replay        `replay`: a recording at its own pace
    recording     its file
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from edge_common.clock import Clock
from edge_common.config import chosen_by, kind
from edge_common.metrics import Metrics
from edge_common.sensors.host import HostConfig, HostSource
from edge_common.sensors.iio import IioConfig, IioSource
from edge_common.sensors.replay import ReplayConfig, ReplaySource
from edge_common.sensors.simulated import SimulatedConfig, SimulatedSource
from edge_common.sensors.source import EndOfReplayError, Source

__all__ = [
    "EndOfReplayError",
    "HostConfig",
    "IioConfig",
    "ReplayConfig",
    "SensorConfig",
    "SimulatedConfig",
    "Source",
    "open_source",
]

SensorConfig = Annotated[
    Annotated[SimulatedConfig, kind("simulated")]
    | Annotated[HostConfig, kind("host")]
    | Annotated[IioConfig, kind("iio")]
    | Annotated[ReplayConfig, kind("replay")],
    chosen_by("source"),
]


@contextmanager
def open_source(
    config: SimulatedConfig | HostConfig | IioConfig | ReplayConfig, clock: Clock, metrics: Metrics
) -> Iterator[Source]:
    """Open a source, and close it at the end of the `with` block.

    Args:
        config: Which one, and its settings.
        clock: Measures the pace of a recording.
        metrics: Counts fields that could not be read (`sensor_fields_not_read`) and bad lines of a recording
            (`replay_rows_skipped`).

    Raises:
        PermanentError: A file or folder that the settings name is not there or cannot be used.
    """
    match config:
        case SimulatedConfig():
            yield SimulatedSource(config)
        case HostConfig():
            yield HostSource(config, metrics)
        case IioConfig():
            yield IioSource(config, metrics)
        case ReplayConfig():
            with ReplaySource(config, clock, metrics) as source:
                yield source
