import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_core.model.versions import VersionError, check_version, newest, parse_requirement
from local_core.settings import Flavor

numbers = st.integers(0, 999_999)
versions = st.builds("{}.{}.{}".format, numbers, numbers, numbers)


@pytest.mark.parametrize(
    ("requirement", "allowed", "refused"),
    [
        ("^2.0.0", ["2.0.0", "2.99.1"], ["1.9.9", "3.0.0"]),
        ("~1.2", ["1.2.0", "1.2.9"], ["1.3.0"]),
        (">=2.6.0 <3.0.0", ["2.6.0", "2.14.3"], ["2.5.9", "3.0.0"]),
        (">= 2.6.0  < 3.0.0", ["2.6.0"], ["3.0.0"]),
        ("1.x || >=3.0.0", ["1.7.0", "3.0.1"], ["2.0.0"]),
        ("1.0.0 - 2.0.0", ["1.0.0", "2.0.0"], ["2.0.1"]),
        ("=1.0.0", ["1.0.0"], ["1.0.1"]),
        ("*", ["0.0.1", "9.9.9"], []),
        ("^1.0.0", [], ["1.1.0-beta"]),
        ("^1.1.0-alpha", ["1.1.0-beta", "1.2.0"], ["1.2.0-beta"]),
    ],
)
def test_classic_reads_npm_ranges(requirement: str, allowed: list[str], refused: list[str]) -> None:
    parsed = parse_requirement(requirement)

    assert [version for version in allowed if not parsed.allows(version)] == []
    assert [version for version in refused if parsed.allows(version)] == []


@pytest.mark.parametrize("requirement", ["latest", "NEXT_PATCH", "", "  ", "==1.0.0", "one"])
def test_classic_refuses_what_is_no_npm_range_by_name(requirement: str) -> None:
    with pytest.raises(VersionError, match="requirement") as refused:
        parse_requirement(requirement)

    assert repr(requirement) in str(refused.value)
    assert ">=1.0.0 <2.0.0" in str(refused.value)


@pytest.mark.parametrize(
    ("requirement", "allowed", "refused"),
    [
        (">=1.0.0 <2.0.0", ["1.0.0", "1.9.9"], ["0.9.9", "2.0.0"]),
        (">1.0.0 <=2.0.0", ["2.0.0"], ["1.0.0", "2.0.1"]),
        ("=1.0.0", ["1.0.0"], ["1.0.1"]),
        ("1.0.0", ["1.0.0"], ["1.0.1"]),
    ],
)
def test_lite_reads_comparators_joined_by_single_spaces(
    requirement: str, allowed: list[str], refused: list[str]
) -> None:
    parsed = parse_requirement(requirement, Flavor.LITE)

    assert all(parsed.allows(version) for version in allowed)
    assert not any(parsed.allows(version) for version in refused)


@pytest.mark.parametrize(
    "requirement", ["^1.0.0", "~1.2.0", "1.x", "*", ">= 1.0.0", ">=1.0.0  <2.0.0", ">=1 || >=2"]
)
def test_lite_refuses_every_other_range_by_name(requirement: str) -> None:
    with pytest.raises(VersionError) as refused:
        parse_requirement(requirement, Flavor.LITE)

    assert repr(requirement) in str(refused.value) or "'1'" in str(refused.value)


@given(low=versions, high=versions, version=versions)
def test_both_nuclei_agree_on_what_both_can_read(low: str, high: str, version: str) -> None:
    requirement = f">={low} <{high}"

    assert parse_requirement(requirement).allows(version) == parse_requirement(
        requirement, Flavor.LITE
    ).allows(version)


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("1.0", "three numbers"),
        ("v1.0.0", "three numbers"),
        ("01.0.0", "three numbers"),
        ("NEXT_PATCH", "three numbers"),
        ("1000000.0.0", "six digits"),
        ("1.0.0-" + "a" * 64, "64 characters"),
    ],
)
def test_what_is_no_component_version_is_refused_with_the_reason(version: str, reason: str) -> None:
    with pytest.raises(VersionError, match=reason):
        check_version(version)


def test_longest_and_largest_version_are_accepted() -> None:
    check_version("999999.999999.999999")
    check_version("1.0.0-" + "a" * 58)


def test_newest_is_by_number_and_not_by_text() -> None:
    assert newest(["1.9.0", "1.10.0", "1.10.0-rc.1"]) == "1.10.0"
    assert newest([]) is None


def test_requirement_picks_the_newest_version_that_it_allows() -> None:
    requirement = parse_requirement(">=1.0.0 <2.0.0")

    assert requirement.newest_of(["0.9.0", "1.2.0", "1.11.0", "2.0.0"]) == "1.11.0"
    assert requirement.newest_of(["2.0.0"]) is None


def test_requirement_shows_itself_as_it_was_written() -> None:
    assert str(parse_requirement("~1.2")) == "~1.2"
    assert parse_requirement("~1.2") == parse_requirement("~1.2")
