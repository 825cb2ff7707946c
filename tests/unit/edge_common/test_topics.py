import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.errors import PermanentError
from edge_common.topics import IOT_CORE, MQTT, Template, TopicLimits, check_filter, check_topic, matches

# Few letters, so that levels often meet; the wildcards are added where a test wants them.
NAMES = st.text("ab$é", min_size=1, max_size=3)
TOPICS = st.lists(NAMES, min_size=1, max_size=8).map("/".join)
FIELD_VALUES = st.text(min_size=1, max_size=20).filter(
    lambda text: (
        not set(text) & set("/+#$") and all(not 0 <= ord(c) < 32 and not 127 <= ord(c) < 160 for c in text)
    )
)


@st.composite
def topics_and_filters_for_them(draw: st.DrawFn) -> tuple[str, str]:
    """A topic, and a filter made from it by putting wildcards in the place of levels."""
    levels = draw(st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=8))
    wanted = [draw(st.sampled_from([level, "+"])) for level in levels]
    keep = draw(st.integers(0, len(levels)))
    wanted = draw(st.sampled_from([wanted, [*wanted[:keep], "#"]]))
    return "/".join(levels), "/".join(wanted)


@pytest.mark.parametrize(
    ("topic_filter", "topic"),
    [
        ("a/b", "a/b"),
        ("a/+", "a/b"),
        ("a/+", "a/"),  # an empty level is a level
        ("+/+", "/a"),
        ("a/#", "a"),  # the parent too
        ("a/#", "a/b/c"),
        ("#", "a/b"),
        ("$SYS/#", "$SYS/uptime"),
    ],
)
def test_filter_matches_as_section_4_7_of_mqtt_5_says(topic_filter: str, topic: str) -> None:
    assert matches(topic_filter, topic)


@pytest.mark.parametrize(
    ("topic_filter", "topic"),
    [
        ("a/b", "a/B"),
        ("a/b", "a/b/c"),
        ("a/+", "a"),
        ("a/+", "a/b/c"),
        ("+", "/a"),
        ("a/#", "ab"),
        ("a/+/#", "a"),
        ("#", "$SYS/uptime"),
        ("+/uptime", "$SYS/uptime"),
    ],
)
def test_filter_does_not_match_what_section_4_7_of_mqtt_5_excludes(topic_filter: str, topic: str) -> None:
    assert not matches(topic_filter, topic)


@given(topics_and_filters_for_them())
def test_filter_made_from_a_topic_matches_it(pair: tuple[str, str]) -> None:
    topic, topic_filter = pair
    assert matches(topic_filter, topic)


@given(TOPICS, TOPICS)
def test_filter_without_wildcards_matches_only_itself(one: str, other: str) -> None:
    assert matches(one, other) is (one == other)


@given(TOPICS)
def test_topic_of_the_brokers_own_is_never_matched_by_a_leading_wildcard(rest: str) -> None:
    assert not matches("#", f"${rest}")
    assert not matches(f"+/{rest}", f"$SYS/{rest}")


@given(st.text(max_size=300))
def test_whatever_is_accepted_keeps_every_rule(text: str) -> None:
    try:
        check_topic(text)
    except PermanentError:
        return
    assert 0 < len(text.encode()) <= 256
    assert text.count("/") <= 7
    assert not set(text) & {"+", "#", "\x00", "\n", "\x7f", "\x85"}


@given(st.text())
def test_refusal_is_one_line_whatever_the_topic_holds(text: str) -> None:
    with pytest.raises(PermanentError) as refusal:
        check_topic(f"{text}#")
    assert refusal.value.code == "bad_topic"
    assert refusal.value.reason.isprintable()


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("", "empty"),
        ("a/+/b", "no wildcards"),
        ("a/#", "no wildcards"),
        ("a\x00b", "control characters"),
        ("a\x01b", "control characters"),
        ("a\nb", "control characters"),
        ("a\x85b", "control characters"),
        ("a\ud800b", "control characters"),
        ("/".join("abcdefghi"), "8 slashes and 7 are allowed"),
        ("é" * 129, "258 bytes and 256 are allowed"),
    ],
)
def test_topic_that_is_refused_says_why(topic: str, reason: str) -> None:
    with pytest.raises(PermanentError, match=reason):
        check_topic(topic)


@pytest.mark.parametrize(
    "topic", ["a", "a/b/c/d/e/f/g/h", "é" * 128, "../../x", "=cmd|calc", "a//b", "$aws/x"]
)
def test_topic_within_the_limits_of_iot_core_is_returned_unchanged(topic: str) -> None:
    assert check_topic(topic) == topic


def test_local_broker_takes_longer_and_deeper_topics_than_iot_core() -> None:
    topic = "/".join(["level"] * 60)
    assert check_topic(topic, MQTT) == topic
    with pytest.raises(PermanentError):
        check_topic(topic, IOT_CORE)
    with pytest.raises(PermanentError, match="3 are allowed"):
        check_topic("abcd", TopicLimits(max_bytes=3))


@pytest.mark.parametrize(
    "topic_filter", ["a/b", "a/+", "a/#", "+/a", "+/a/#", "x/+/+", "$aws/things/x/#", "$SYS"]
)
def test_filter_that_names_a_level_is_returned_unchanged(topic_filter: str) -> None:
    assert check_filter(topic_filter) == topic_filter


@pytest.mark.parametrize(
    ("topic_filter", "reason"),
    [
        ("", "empty"),
        ("a/b+", "whole levels"),
        ("a/b#", "whole levels"),
        ("a/#/b", "last level"),
        ("a/\x00/+", "control characters"),
        ("a/b/c/d/e/f/g/h/#", "8 slashes"),
        ("#", "everything"),
        ("+/#", "everything"),
        ("+", "everything"),
        ("+/+", "everything"),
        ("$SYS/#", "everything"),
        ("$aws/#", "everything"),
        ("$aws/+/#", "everything"),
    ],
)
def test_filter_that_is_refused_says_why(topic_filter: str, reason: str) -> None:
    with pytest.raises(PermanentError, match=reason):
        check_filter(topic_filter)


def test_template_is_filled_in_and_read_back() -> None:
    template = Template("amr/{robot_id}/{category}/{action}")
    topic = template.expand(robot_id="r2", category="status", action="now")
    assert topic == "amr/r2/status/now"
    assert template.filter == "amr/+/+/+"
    assert template.fields_of(topic) == {"robot_id": "r2", "category": "status", "action": "now"}


@given(FIELD_VALUES, FIELD_VALUES)
def test_fields_of_an_expanded_template_are_what_it_was_filled_with(robot_id: str, action: str) -> None:
    template = Template("amr/{robot_id}/status/{action}")
    topic = template.expand(robot_id=robot_id, action=action)
    assert template.fields_of(topic) == {"robot_id": robot_id, "action": action}
    assert matches(template.filter, topic)


@given(st.text(max_size=10))
def test_no_value_reaches_into_another_level(value: str) -> None:
    template = Template("amr/{robot_id}/status")
    try:
        topic = template.expand(robot_id=value)
    except PermanentError:
        return
    assert topic.split("/") == ["amr", value, "status"]


@pytest.mark.parametrize("value", ["", "a/b", "+", "#", "a+", "a\x00", "\n", "\ud800"])
def test_value_that_is_not_one_level_is_refused(value: str) -> None:
    with pytest.raises(PermanentError, match="robot_id is one level"):
        Template("amr/{robot_id}/status").expand(robot_id=value)


def test_first_level_cannot_be_turned_into_the_brokers_own() -> None:
    with pytest.raises(PermanentError, match="broker's own"):
        Template("{thing}/status").expand(thing="$aws")


def test_wildcards_stay_beside_fields() -> None:
    template = Template("{thing}/+/#")
    assert template.expand(thing="core") == "core/+/#"
    assert template.fields_of("core/a/b/c") == {"thing": "core"}


@pytest.mark.parametrize(
    "topic", ["amr/r2/status", "amr/r2/status/now/x", "bot/r2/status/now", "amr//status/now"]
)
def test_topic_of_another_form_has_no_fields(topic: str) -> None:
    assert Template("amr/{robot_id}/{category}/{action}").fields_of(topic) is None


@pytest.mark.parametrize("text", ["a/{", "a/}b", "a/x{b}", "{A}/b", "a/{}", "a/{b}/{b}", "a/{b c}"])
def test_template_that_cannot_work_is_refused_when_it_is_made(text: str) -> None:
    with pytest.raises(PermanentError, match="field"):
        Template(text)


@pytest.mark.parametrize("values", [{}, {"robot": "r2"}, {"robot_id": "r2", "thing": "x"}])
def test_missing_and_unknown_fields_are_named(values: dict[str, str]) -> None:
    with pytest.raises(PermanentError, match=r"its fields are \['robot_id'\]"):
        Template("amr/{robot_id}/status").expand(**values)
