"""The ZIP files of a build: readable by everybody else's code, and the same bytes everywhere."""

import hashlib
import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from edge_cli.building.archive import zipped

PATHS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1, max_size=20
)


@given(st.dictionaries(PATHS, st.binary(max_size=2000) | st.just(b"a" * 100_000)))
def test_what_goes_in_comes_out(files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(zipped(files))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files


def test_entries_have_the_fixed_time_and_mode_and_are_sorted() -> None:
    with zipfile.ZipFile(io.BytesIO(zipped({"b": b"2", "a/c": b"1" * 99}))) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == ["a/c", "b"]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def test_bytes_are_those_of_every_machine() -> None:
    """The digest was taken once: another zlib, processor or Python must come to the same."""
    text = "".join(f"{number}: {number * number % 977}\n" for number in range(50_000)).encode()
    assert (
        hashlib.sha256(zipped({"numbers.txt": text, "empty": b""})).hexdigest()
        == "6fb782d9d4f6fcff752677f6a61abad3870dea734f14ebfa5d0cb7d183c016bc"
    )
