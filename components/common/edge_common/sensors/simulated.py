"""The source `simulated`: plausible values without any hardware, the same ones again for the same seed."""

import random
from collections.abc import Mapping
from typing import Literal

from edge_common.config import ComponentConfig, setting
from edge_common.sensors.source import UNITS

Quantity = Literal["temperature", "humidity", "pressure", "cpu_temp", "light"]

# Lowest and highest normal value, in the unit of `UNITS`. The highest temperature is a setting.
_RANGES: dict[Quantity, tuple[float, float]] = {
    "temperature": (20.0, 30.0),
    "humidity": (40.0, 80.0),
    "pressure": (1000.0, 1020.0),
    "cpu_temp": (40.0, 60.0),
    "light": (100.0, 1000.0),
}
_ANOMALY_RANGE_C = (28.0, 35.0)
# Standard deviation of one step as a part of the range: across it in some hundred readings, smooth to look at.
_STEP = 0.03
_DECIMALS = 2


class SimulatedConfig(ComponentConfig):
    """Settings of the source `simulated`."""

    quantities: list[Quantity] = setting(list(_RANGES), min_length=1, description="What is measured.")
    seed: int | None = setting(
        None, description="The same seed gives the same values; null: others each time."
    )
    temperature_max_c: float = setting(
        30.0, unit="°C", gt=20, le=100, description="Highest normal temperature; the lowest is 20 °C."
    )
    anomaly_fraction: float = setting(
        0.0, ge=0, le=1, description="Part of the readings whose temperature is an anomaly, 28 to 35 °C."
    )


class SimulatedSource:
    """A random walk for each quantity, reflected at the ends of its range. Used by one thread."""

    def __init__(self, config: SimulatedConfig) -> None:
        self._random = random.Random(config.seed)  # noqa: S311  weather, not secrets
        self._anomaly_fraction = config.anomaly_fraction
        self._ranges = {quantity: _RANGES[quantity] for quantity in config.quantities}
        if "temperature" in self._ranges:
            self._ranges["temperature"] = (_RANGES["temperature"][0], config.temperature_max_c)
        self._values = {q: self._random.uniform(*bounds) for q, bounds in self._ranges.items()}

    @property
    def fields(self) -> Mapping[str, str]:
        """The configured quantities."""
        return {quantity: UNITS[quantity] for quantity in self._ranges}

    def read(self) -> dict[str, float]:
        """One step of every walk. An anomaly changes one reading, not the walk."""
        for quantity, (low, high) in self._ranges.items():
            step = self._random.gauss(0.0, _STEP * (high - low))
            self._values[quantity] = reflected(self._values[quantity] + step, low, high)
        reading: dict[str, float] = {q: round(value, _DECIMALS) for q, value in self._values.items()}
        if "temperature" in reading and self._random.random() < self._anomaly_fraction:
            reading["temperature"] = round(self._random.uniform(*_ANOMALY_RANGE_C), _DECIMALS)
        return reading

    def close(self) -> None:
        """Nothing is open."""


def reflected(value: float, low: float, high: float) -> float:
    """`value` folded back into the range at its ends, as often as needed."""
    span = high - low
    offset = (value - low) % (2 * span)
    return min(high, low + (offset if offset <= span else 2 * span - offset))
