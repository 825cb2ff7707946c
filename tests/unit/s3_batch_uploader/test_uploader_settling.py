"""When a file has stopped changing: by a model that looks at everything that was seen."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from s3_batch_uploader.folders.settling import Settling, Version

A, B = Path("a"), Path("b")
SMALL, LARGE = Version(1, 10, 100), Version(2, 20, 100)


def drained(settling: Settling, now_s: float) -> list[tuple[Path, Version]]:
    """Everything that is due."""
    return list(iter(lambda: settling.take(now_s), None))


def test_a_file_is_due_when_it_has_stayed_the_same() -> None:
    settling = Settling()
    settling.saw(A, SMALL, 5.0)
    settling.saw(A, SMALL, 7.0)

    assert settling.take(4.9) is None
    assert settling.take(5.0) == (A, SMALL)
    assert settling.take(9.0) is None


def test_a_file_that_changes_settles_anew() -> None:
    settling = Settling()
    settling.saw(A, SMALL, 5.0)
    settling.saw(A, LARGE, 7.0)

    assert settling.take(6.9) is None
    assert settling.take(7.0) == (A, LARGE)


def test_a_file_that_is_whole_at_once_is_due_at_once() -> None:
    settling = Settling()
    settling.saw(A, SMALL, 5.0)
    settling.saw(A, SMALL, 1.0)

    assert settling.take(1.0) == (A, SMALL)
    assert settling.next_due_s is None


def test_one_that_failed_waits_behind_those_that_are_due() -> None:
    settling = Settling()
    settling.saw(A, SMALL, 1.0)
    settling.saw(B, SMALL, 2.0)
    assert settling.take(3.0) == (A, SMALL)
    settling.saw(A, SMALL, 3.0)

    assert drained(settling, 3.0) == [(B, SMALL), (A, SMALL)]


SIGHTINGS = st.lists(
    st.tuples(st.sampled_from([A, B, Path("c")]), st.sampled_from([SMALL, LARGE]), st.integers(0, 9)),
    max_size=30,
)


@given(SIGHTINGS, st.integers(0, 10))
def test_what_is_due_is_the_latest_version_since_it_was_seen(
    sightings: list[tuple[Path, Version, int]], now_s: int
) -> None:
    settling = Settling()
    model: dict[Path, tuple[Version, int]] = {}
    for path, version, due_s in sightings:
        settling.saw(path, version, due_s)
        before = model.get(path)
        model[path] = (version, min(due_s, before[1]) if before and before[0] == version else due_s)
    due = {path: version for path, (version, due_s) in model.items() if due_s <= now_s}

    assert settling.next_due_s == min((due_s for _, due_s in model.values()), default=None)
    assert len(settling) == len(model)
    found = drained(settling, now_s)
    assert dict(found) == due
    assert len(found) == len(due)
    assert len(settling) == len(model) - len(due)
