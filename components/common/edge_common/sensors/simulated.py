"""Made-up readings that move like a room's: for demonstrations, tests and the first hour without a sensor.

Owns the ranges and the random walk. Pure, no threads.

| field       | unit | range                                                            |
|-------------|------|------------------------------------------------------------------|
| temperature | °C   | 20 to `temperature_max_c`; `anomaly_fraction` of them 28 to 35   |
| humidity    | %    | 40 to 80, relative                                               |
| pressure    | hPa  | 1000 to 1020                                                     |
| cpu_temp    | °C   | 40 to 60                                                         |
| light       | lx   | 100 to 1000                                                      |
"""

import random
from typing import Final

from edge_common.config import ComponentConfig, setting

RANGES: Final = {
    "temperature": (20.0, 30.0),
    "humidity": (40.0, 80.0),
    "pressure": (1000.0, 1020.0),
    "cpu_temp": (40.0, 60.0),
    "light": (100.0, 1000.0),
}
ANOMALOUS_TEMPERATURE: Final = (28.0, 35.0)  # °C
_STEP = 0.05  # of a range: the farthest that a value moves from one reading to the next
_DECIMALS = 2


class SimulatedConfig(ComponentConfig):
    """Settings of the source `simulated`."""

    seed: int | None = setting(
        None, ge=0, description="The same seed gives the same readings; null: different ones at each start."
    )
    anomaly_fraction: float = setting(
        0.0,
        ge=0,
        le=1,
        description="Share of readings with an abnormal temperature, 28 to 35 °C.",
    )
    temperature_max_c: float = setting(
        30.0, unit="°C", ge=21, le=30, description="Highest normal temperature; the lowest is 20 °C."
    )


class SimulatedSource:
    """A random walk in each range, reflected at its ends: in the long run every value is equally likely.

    Args:
        config: Two sources with the same settings and a seed give the same readings.
    """

    due_s: None = None

    def __init__(self, config: SimulatedConfig) -> None:
        self._random = random.Random(config.seed)  # noqa: S311  nothing secret: it must be repeatable
        self._anomaly_fraction = config.anomaly_fraction
        self._ranges = RANGES | {"temperature": (RANGES["temperature"][0], config.temperature_max_c)}
        self._values = {name: self._random.uniform(*bounds) for name, bounds in self._ranges.items()}

    def read(self) -> dict[str, float]:
        """The next step of each walk, two decimals."""
        for name, (low, high) in self._ranges.items():
            step = _STEP * (high - low)
            moved = self._values[name] + self._random.uniform(-step, step)
            self._values[name] = _reflected(moved, low, high)
        reading = dict(self._values)
        if self._random.random() < self._anomaly_fraction:  # the walk goes on beneath
            reading["temperature"] = self._random.uniform(*ANOMALOUS_TEMPERATURE)
        return {name: round(value, _DECIMALS) for name, value in reading.items()}


def _reflected(value: float, low: float, high: float) -> float:
    if value > high:
        return 2 * high - value
    return 2 * low - value if value < low else value
