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
from typing import Annotated, Literal

from edge_common.clock import Clock
from edge_common.config import ComponentConfig, requires, setting
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


class SensorConfig(ComponentConfig):
    """Which source it is, and the settings of each.

    A section for each source, because a deployment merges into what is stored: settings of a source that is
    not chosen any more stay beside those of the new one, and do no harm.
    """

    source: Literal["simulated", "host", "iio", "replay"] = setting(
        "simulated",
        description="`simulated`: made-up readings. `host`: temperatures and load of this machine. "
        "`iio`: real sensors through kernel drivers. `replay`: a recorded CSV file. "
        "Only the section below with that name is used.",
    )
    simulated: SimulatedConfig = setting(SimulatedConfig(), description="Made-up readings.")
    host: HostConfig = setting(HostConfig(), description="Temperatures and load of this machine.")
    iio: IioConfig = setting(IioConfig(), description="Real sensors through kernel drivers.")
    replay: Annotated[ReplayConfig, requires("path", when=("source", "replay"))] = setting(
        ReplayConfig(), description="A recorded CSV file."
    )


@contextmanager
def open_source(config: SensorConfig, clock: Clock, metrics: Metrics) -> Iterator[Source]:
    """Open a source, and close it at the end of the `with` block.

    Args:
        config: Which one, and its settings.
        clock: Measures the pace of a recording.
        metrics: Counts fields that could not be read (`sensor_fields_not_read`) and bad lines of a recording
            (`replay_rows_skipped`).

    Raises:
        PermanentError: A file or folder that the settings name is not there or cannot be used.
    """
    match config.source:
        case "simulated":
            yield SimulatedSource(config.simulated)
        case "host":
            yield HostSource(config.host, metrics)
        case "iio":
            yield IioSource(config.iio, metrics)
        case "replay":
            with ReplaySource(config.replay, clock, metrics) as source:
                yield source
