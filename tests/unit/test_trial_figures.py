"""The table of what trials have measured."""

from typing import Any

from support.figures import merged

KILLS = "spool, random kill -9"


def test_tests_of_one_figure_are_one_row_of_sums_and_largest_measures() -> None:
    chunks = [
        {"what": KILLS, "kills": 250, "lost": 0, "recovery_p99_ms": 16, "seed": 1, "outcome": "passed"},
        {"what": "another", "ratio": 1.25, "outcome": "passed"},
        {"what": KILLS, "kills": 250, "lost": 0, "recovery_p99_ms": 35, "seed": 2, "outcome": "passed"},
        {"what": "another", "ratio": 1.5, "outcome": "passed"},
    ]
    assert merged(chunks) == [
        {"what": "another", "tests": 2, "ratio": 1.5, "outcome": "passed"},
        {"what": KILLS, "tests": 2, "kills": 500, "lost": 0, "recovery_p99_ms": 35, "outcome": "passed"},
    ]


def test_the_seeds_of_failed_tests_are_listed_and_no_others() -> None:
    chunks = [
        {"what": KILLS, "lost": lost, "seed": seed, "outcome": "failed" if lost else "passed"}
        for seed, lost in enumerate((0, 3, 0, 1))
    ]
    assert merged(chunks) == [{"what": KILLS, "tests": 4, "lost": 4, "seeds": [1, 3], "outcome": "failed"}]


def test_words_are_listed_once_and_what_was_not_measured_is_left_out() -> None:
    chunks: list[dict[str, Any]] = [
        {"what": KILLS, "policy": "reject", "recovery_p99_ms": None, "outcome": "passed"},
        {"what": KILLS, "policy": "drop_oldest", "recovery_p99_ms": 4.5, "outcome": "passed"},
        {"what": KILLS, "policy": "reject", "outcome": "passed"},
    ]
    assert merged(chunks) == [
        {
            "what": KILLS,
            "tests": 3,
            "policy": "drop_oldest and reject",
            "recovery_p99_ms": 4.5,
            "outcome": "passed",
        }
    ]
