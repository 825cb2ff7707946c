import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common import strict_json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner), max_leaves=20
)


@given(VALUES)
def test_what_a_strict_writer_wrote_is_read_without_faults(value: object) -> None:
    assert strict_json.parse(json.dumps(value, allow_nan=False)) == (value, [])


@given(st.binary(max_size=200) | st.text('[]{}":,0123456789.eE-+tfnul \\uNaI', max_size=60))
def test_any_bytes_end_in_a_value_or_a_fault_and_never_in_an_exception(text: str | bytes) -> None:
    value, faults = strict_json.parse(text)
    assert faults or json.loads(text) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"\xff{}", "not_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8"),
        ("", "not_json"),
        ("{", "not_json"),
        ("{'a': 1}", "not_json"),
        ('{"a": 1} x', "not_json"),
        ("\ufeff{}", "not_json"),
        ('{"a": 1, "a": 1}', "duplicate_key"),
        ('[{"b": {"a": 1, "\\u0061": 2}}]', "duplicate_key"),
        ("[NaN]", "non_finite"),
        ("[Infinity]", "non_finite"),
        ("[-Infinity]", "non_finite"),
        ("[1e999]", "non_finite"),
        ("18446744073709551616", "integer_range"),
        ("-9223372036854775809", "integer_range"),
        ("1" * 5000, "integer_range"),
        ("[" * 33 + "]" * 33, "too_deep"),
        ('{"a":' * 33 + "1" + "}" * 33, "too_deep"),
        ("[" * 100_000, "too_deep"),
        ('["\\ud800"]', "lone_surrogate"),
        ('{"\\udfff": 1}', "lone_surrogate"),
    ],
)
def test_what_the_standard_parser_lets_through_is_a_fault(text: str | bytes, code: str) -> None:
    _, faults = strict_json.parse(text)
    assert [fault.code for fault in faults] == [code]


@pytest.mark.parametrize(
    "text", ["18446744073709551615", "-9223372036854775808", "[" * 32 + "]" * 32, '"\\ud83d\\ude00"']
)
def test_what_just_fits_is_no_fault(text: str) -> None:
    assert strict_json.parse(text)[1] == []


def test_every_fault_of_a_text_is_found() -> None:
    value, faults = strict_json.parse('{"a": NaN, "b": 1, "b": 2, "c": 1e999}')
    assert [fault.code for fault in faults] == ["non_finite", "non_finite", "duplicate_key"]
    assert math.isnan(value["a"])
    assert value["b"] == 2


def test_faults_do_not_repeat_the_text() -> None:
    """It may be a configuration with a secret in it."""
    _, faults = strict_json.parse('{"password": "correct horse", "password": correct}')
    assert "horse" not in faults[0].reason


def test_text_made_to_be_slow_is_not() -> None:
    """All keys twice: a quadratic search would take minutes and meet the test's own time limit."""
    keys = ",".join(f'"{number}":0' for number in range(100_000))
    _, faults = strict_json.parse(f"{{{keys},{keys}}}")
    assert len(faults) == 100_000
