import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.sensors import SimulatedConfig
from edge_common.sensors.simulated import ANOMALOUS_TEMPERATURE, RANGES, SimulatedSource

SEEDS = st.integers(0, 2**64)


def readings(count: int, **settings: float) -> list[dict[str, float]]:
    """The first readings of a source with these settings."""
    source = SimulatedSource(SimulatedConfig.model_validate(settings))
    return [source.read() for _ in range(count)]


@given(SEEDS)
def test_same_seed_gives_the_same_readings(seed: int) -> None:
    assert readings(20, seed=seed, anomaly_fraction=0.3) == readings(20, seed=seed, anomaly_fraction=0.3)


def test_without_a_seed_every_start_gives_other_readings() -> None:
    assert readings(5) != readings(5)


@given(SEEDS)
def test_readings_stay_in_their_ranges_with_two_decimals(seed: int) -> None:
    for reading in readings(50, seed=seed):
        assert reading.keys() == RANGES.keys()
        for name, value in reading.items():
            low, high = RANGES[name]
            assert low <= value <= high
            assert value == round(value, 2)


@given(SEEDS)
def test_one_reading_lies_near_the_one_before(seed: int) -> None:
    walk = readings(50, seed=seed)
    for before, after in itertools.pairwise(walk):
        for name, (low, high) in RANGES.items():
            assert abs(after[name] - before[name]) <= 0.05 * (high - low) + 0.01


def test_whole_range_is_visited() -> None:
    """A range of product.md that a walk never reaches the ends of would be another range."""
    walk = readings(5_000, seed=1)
    for name, (low, high) in RANGES.items():
        values = [reading[name] for reading in walk]
        assert min(values) < low + 0.05 * (high - low)
        assert max(values) > high - 0.05 * (high - low)


@pytest.mark.parametrize("fraction", [0.0, 0.1, 1.0])
def test_anomalies_are_as_frequent_as_asked_and_in_their_range(fraction: float) -> None:
    walk = readings(4_000, seed=7, anomaly_fraction=fraction, temperature_max_c=27)
    hot = [reading["temperature"] for reading in walk if reading["temperature"] > 27]
    assert len(hot) == pytest.approx(fraction * 4_000, abs=80)
    assert all(ANOMALOUS_TEMPERATURE[0] <= value <= ANOMALOUS_TEMPERATURE[1] for value in hot)


def test_anomaly_leaves_the_walk_beneath_undisturbed() -> None:
    calm = [reading["temperature"] for reading in readings(200, seed=3)]
    assert all(20 <= value <= 30 for value in calm)
    stormy = readings(200, seed=3, anomaly_fraction=1)
    assert all(28 <= reading["temperature"] <= 35 for reading in stormy)
    assert all(40 <= reading["humidity"] <= 80 for reading in stormy)


def test_reader_keeps_its_own_interval() -> None:
    assert SimulatedSource(SimulatedConfig()).due_s is None
