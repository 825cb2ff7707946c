import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from edge_common.timestamps import format_timestamp

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001  they get zones


@given(MOMENTS)
def test_timestamp_is_the_same_moment_cut_to_milliseconds(moment: datetime) -> None:
    text = format_timestamp(moment)
    assert TIMESTAMP.fullmatch(text)
    assert timedelta(0) <= moment - datetime.fromisoformat(text) < timedelta(milliseconds=1)


@given(MOMENTS, MOMENTS)
def test_timestamps_sort_as_their_moments_do(one: datetime, other: datetime) -> None:
    earlier, later = sorted([one, other])
    assert format_timestamp(earlier) <= format_timestamp(later)


def test_whole_seconds_keep_their_milliseconds() -> None:
    assert format_timestamp(datetime(2026, 11, 22, 4, 26, 11, 0, UTC)) == "2026-11-22T04:26:11.000Z"
