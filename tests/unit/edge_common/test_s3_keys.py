import string
from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.errors import PermanentError
from edge_common.s3 import check_key, content_key, file_key

DIGEST = "0123456789abcdef" * 4
PREFIX = "images/orangepi5-core-001"
# What a file system takes in a name: any bytes but "/" and NUL.
NAMES = st.binary(min_size=1, max_size=255).filter(
    lambda name: not {0, 47} & set(name) and name not in {b".", b".."}
)
HOSTILE = st.sampled_from(
    [
        b"...",
        b"..\\..\\etc",
        b"=cmd|calc",
        b"-rf",
        b"a\nERROR b",
        b"\xff\xfe",
        b"\xe2\x80\xa8",
        b"dt=2026-01-01",
    ]
)
PATHS = st.lists(NAMES | HOSTILE, min_size=1, max_size=6).map(
    lambda parts: PurePath(*(part.decode("utf-8", "surrogateescape") for part in parts))
)


def test_key_of_a_batch_ends_in_its_records_and_its_hash() -> None:
    assert content_key("sensor-data/c", 7, 16, DIGEST, ".json") == "sensor-data/c/7-16-0123456789abcdef.json"


@given(PATHS)
def test_file_of_any_name_gets_a_key_inside_its_prefix(path: PurePath) -> None:
    key = file_key(PREFIX, path, DIGEST)

    assert key.startswith(f"{PREFIX}/")
    assert set(key) <= set(string.ascii_letters + string.digits + "!_.-/")
    assert len(key) <= 1024
    assert not {"", ".", ".."} & set(key.split("/"))
    assert key.rpartition("/")[2][0] not in "=+@"  # no formula where somebody opens a listing
    assert DIGEST[:16] in key


@given(PATHS, PATHS)
def test_two_names_never_get_one_key(one: PurePath, other: PurePath) -> None:
    assert (file_key(PREFIX, one, DIGEST) == file_key(PREFIX, other, DIGEST)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a b", "a!20b"),
        ("a/b", "a!2Fb"),
        ("A", "a"),
        ("é", "e\u0301"),
        ("x" * 1100 + "1", "x" * 1100 + "2"),
        ("d/" * 600 + "a.jpg", "d/" * 600 + "b.jpg"),
        (f"a-{DIGEST[:16]}.b", f"a.b-{DIGEST[:16]}"),
        ("a.jpg", "a"),
    ],
)
def test_names_that_look_alike_get_keys_of_their_own(one: str, other: str) -> None:
    assert file_key(PREFIX, PurePath(one), DIGEST) != file_key(PREFIX, PurePath(other), DIGEST)


@given(PATHS, st.text("0123456789abcdef", min_size=64, max_size=64))
def test_file_that_holds_something_else_gets_another_key(path: PurePath, digest: str) -> None:
    same = digest[:16] == DIGEST[:16]

    assert (file_key(PREFIX, path, digest) == file_key(PREFIX, path, DIGEST)) == same


@pytest.mark.parametrize("name", ["/etc/passwd", "../etc/passwd", "a/../../b", "."])
def test_name_that_leads_out_of_its_folder_is_a_defect(name: str) -> None:
    with pytest.raises(ValueError, match="not a name below a folder"):
        file_key(PREFIX, PurePath(name), DIGEST)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "0 bytes"),
        ("a" * 1025, "1025 bytes"),
        ("ä" * 513, "1026 bytes"),
        ("/a", 'begins or ends with "/"'),
        ("a/", 'begins or ends with "/"'),
        ("a//b", "an empty step"),
        ("a/../b", '".."'),
        ("a/./b", '"."'),
        ("a b", "are allowed"),
        ("a\nb", "are allowed"),
        ("a\n", "are allowed"),
        ("a#b", "are allowed"),
    ],
)
def test_bad_key_is_refused_with_the_reason_on_one_line(key: str, why: str) -> None:
    with pytest.raises(PermanentError) as refusal:
        check_key(key)

    assert refusal.value.code == "bad_key"
    assert why in refusal.value.reason
    assert refusal.value.reason.isprintable()


@pytest.mark.parametrize("prefix", ["", "/abs", "a/../..", "a b", "x" * 1020])
def test_bad_prefix_is_refused_whatever_is_put_below_it(prefix: str) -> None:
    with pytest.raises(PermanentError):
        content_key(prefix, 0, 9, DIGEST, ".json")
    with pytest.raises(PermanentError):
        file_key(prefix, PurePath("a.jpg"), DIGEST)


@pytest.mark.parametrize("digest", ["", "ab" * 31, "AB" * 32, "zz" * 32])
def test_what_is_no_hash_is_a_defect(digest: str) -> None:
    with pytest.raises(ValueError, match="no SHA-256"):
        content_key("a", 0, 9, digest, ".json")
