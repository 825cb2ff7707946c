"""Keys and types, and the rule that folders lie apart."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path, PurePath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3_batch_uploader.config import overlapping
from s3_batch_uploader.logic import content_type, key_of_batch, key_of_file

DIGEST = "0123456789abcdef" * 4
FROZEN = datetime(2026, 11, 22, 4, 26, 11, tzinfo=UTC)
THINGS = st.from_regex(r"[a-zA-Z0-9:_-]{1,128}", fullmatch=True)  # what AWS IoT allows
NAMES = st.from_regex(r"[a-c]", fullmatch=True)


def test_the_day_in_a_key_is_that_of_utc_wherever_the_device_is() -> None:
    late_in_korea = FROZEN.astimezone(timezone(timedelta(hours=9))).replace(hour=3)

    assert key_of_batch("p", "t", late_in_korea, (0, 9), DIGEST).startswith("p/t/2026/11/21/")


@pytest.mark.parametrize("prefix", ["p", "p" * 512])
@example(thing=":" * 128, year=9999)
@given(thing=THINGS, year=st.integers(1, 9999))
def test_every_thing_and_every_clock_gives_a_key(prefix: str, thing: str, year: int) -> None:
    """The longest of all included: a reading must never fail for its key."""
    key = key_of_batch(prefix, thing, FROZEN.replace(year=year), (2**63, 2**64), DIGEST)

    assert re.fullmatch(r"[A-Za-z0-9!_.*'()/=-]+", key)
    assert key_of_file(prefix, thing, PurePath("a/" * 900 + "b.jpg"), DIGEST)
    assert key.split("/")[1].replace("!3A", ":") == thing


def test_equal_numbers_of_different_batches_never_share_a_key() -> None:
    """A spool that was deleted counts from 0 again."""
    other = "f" + DIGEST[1:]

    assert key_of_batch("p", "t", FROZEN, (0, 9), DIGEST) != key_of_batch("p", "t", FROZEN, (0, 9), other)


def test_a_file_of_a_thing_with_a_colon_has_a_key() -> None:
    assert key_of_file("images", "a:b", PurePath("c.jpg"), DIGEST) == "images/a!3Ab/c-0123456789abcdef.jpg"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("0001.jpg", "image/jpeg"),
        ("report.PDF", "application/pdf"),
        ("table.csv", "text/csv"),
        ("log.gz", "application/octet-stream"),
        ("data:text/html,x", "application/octet-stream"),
        ("a\nb", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_the_type_of_a_file_comes_of_its_suffix_alone(name: str, kind: str) -> None:
    assert content_type(name) == kind


@given(st.lists(st.lists(NAMES, min_size=1, max_size=3).map(lambda steps: "/" + "/".join(steps)), max_size=6))
def test_folders_overlap_when_one_is_or_lies_in_another(folders: list[str]) -> None:
    pairs = {
        (outer, inner)
        for place, outer in enumerate(folders)
        for other, inner in enumerate(folders)
        if place != other and Path(inner).is_relative_to(outer)
    }

    found = overlapping(folders)

    assert found in pairs if pairs else found is None


def test_everything_lies_in_the_root_of_the_disk() -> None:
    assert overlapping(["/data/images", "/"]) == ("/", "/data/images")
