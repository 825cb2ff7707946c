import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_core.ipc.topics import (
    FilterTrie,
    Matching,
    TopicError,
    check_filter,
    check_publish_topic,
    check_text,
    has_wildcard,
    without_share,
)


@pytest.mark.parametrize(
    "topic",
    [
        "a",
        "/",
        "a/",
        "orangepi5-core-001/sensors/data",
        "a/b/c/d/e/f/g/h",
        "ä" * 128,
        "../../etc/passwd",
        "*",
    ],
)
def test_topic_within_the_limits_may_be_published_to(topic: str) -> None:
    check_publish_topic(topic)


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        ("", "Topic must not be empty"),
        ("a/+", "Publish topics must not contain wildcard characters of '#' or '+'"),
        ("a/#", "Publish topics must not contain wildcard characters of '#' or '+'"),
        ("a/b+c", "Publish topics must not contain wildcard characters of '#' or '+'"),
        ("a/b/c/d/e/f/g/h/i", "The request topic must have no more than 7 forward slashes (/)"),
        ("x" * 257, "The topic size of request must be no larger than 256 bytes"),
        ("ä" * 129, "The topic size of request must be no larger than 256 bytes"),
        ("a\x00b", "Publish topic must not contain the character U+0000 (position 1)"),
        ("a\x1fb", "U+001F"),
        ("\x7f", "U+007F"),
        ("a\ud800", "U+D800"),
        ("\U0001ffff", "U+1FFFF"),
    ],
)
def test_topic_that_breaks_a_rule_is_refused_with_the_reason(topic: str, text: str) -> None:
    with pytest.raises(TopicError) as refusal:
        check_publish_topic(topic)

    assert text in str(refusal.value)


def test_prefix_of_basic_ingest_does_not_count() -> None:
    check_publish_topic("$aws/rules/rule/1/2/3/4/5/6/7/8")

    with pytest.raises(TopicError, match="7 forward slashes"):
        check_publish_topic("$aws/rules/rule/1/2/3/4/5/6/7/8/9")


def test_reserved_topics_have_only_a_limit_of_size() -> None:
    check_publish_topic("$aws/things/t/jobs/1/2/3/4/5/6/7/8")

    with pytest.raises(TopicError, match=r"Reserved topic \(\$aws/things/xx.*512 bytes"):
        check_publish_topic("$aws/things/" + "x" * 512)


@pytest.mark.parametrize(
    "topic_filter", ["#", "+", "/", "a/#", "+/+/+", "a/+/b", "a//#", "$share/group/a/b/c/d/e/f/g/#"]
)
def test_well_formed_filter_may_be_subscribed_to(topic_filter: str) -> None:
    check_filter(topic_filter)


@pytest.mark.parametrize(
    ("topic_filter", "text"),
    [
        ("", "Topic must not be empty"),
        ("a/#/b", "'#' for the whole last one"),
        ("a#", "'#' for the whole last one"),
        ("a/b+", "'+' must stand for a whole level"),
        ("+a/b", "'+' must stand for a whole level"),
        ("a/b/c/d/e/f/g/h/#", "7 forward slashes"),
        ("x" * 257, "or first 2 mandatory segments for MQTT Shared Subscriptions"),
        ("a/\x00", "Topic filter must not contain the character U+0000"),
    ],
)
def test_filter_that_breaks_a_rule_is_refused_with_the_reason(topic_filter: str, text: str) -> None:
    with pytest.raises(TopicError) as refusal:
        check_filter(topic_filter)

    assert text in str(refusal.value)


def test_string_longer_than_mqtt_can_count_is_refused() -> None:
    check_text("x" * 65_535, "Content type")

    with pytest.raises(TopicError, match="Content type must be no larger than 65535 bytes"):
        check_text("x" * 65_536, "Content type")


def test_shared_subscription_matches_by_what_follows_its_group() -> None:
    assert without_share("$share/group/a/+") == "a/+"
    assert without_share("a/$share/b") == "a/$share/b"


def test_wildcard_is_a_whole_level() -> None:
    assert has_wildcard("a/+")
    assert has_wildcard("#")
    assert not has_wildcard("a+b/c#")


@pytest.mark.parametrize(
    ("topic_filter", "topic", "in_pubsub", "in_mqtt"),
    [
        ("a/b", "a/b", True, True),
        ("a/b", "a/b/c", False, False),
        ("a/+", "a/b", True, True),
        ("a/+", "a", False, False),
        ("a/+", "a/", True, True),
        ("+", "a", True, True),
        ("+", "/a", False, False),
        ("+/+", "/a", True, True),
        ("#", "a/b/c", True, True),
        ("a/#", "a/b/c", True, True),
        ("a/#", "ab", False, False),
        ("a/#", "a", False, True),
        ("a/+/#", "a/b", False, True),
        ("#", "$aws/things", True, False),
        ("+/things", "$aws/things", True, False),
        ("$aws/#", "$aws/things", True, True),
        ("a/#", "a/$b", True, True),
    ],
)
def test_filter_matches_by_the_rules_of_its_family(
    topic_filter: str, topic: str, *, in_pubsub: bool, in_mqtt: bool
) -> None:
    found = {}
    for matching in Matching:
        trie: FilterTrie[str] = FilterTrie(matching)
        trie.add(topic_filter, "subscriber")
        found[matching] = trie.match(topic)

    assert found[Matching.PUBSUB] == ["subscriber"] * in_pubsub
    assert found[Matching.MQTT] == ["subscriber"] * in_mqtt


def test_item_with_several_matching_filters_is_found_once() -> None:
    trie: FilterTrie[str] = FilterTrie(Matching.MQTT)
    for topic_filter in ("a/b", "a/+", "+/b", "#", "a/#", "a/b/#"):
        trie.add(topic_filter, "subscriber")

    assert trie.match("a/b") == ["subscriber"]


levels = st.sampled_from(["a", "b", "", "$x"])
topics = st.lists(levels, min_size=1, max_size=4).map("/".join)
filters = st.builds(
    lambda upper, last: "/".join([*upper, last]),
    st.lists(st.one_of(levels, st.just("+")), max_size=3),
    st.one_of(levels, st.just("+"), st.just("#")),
)


def reference_match(topic_filter: str, topic: str, matching: Matching) -> bool:
    """The rules, spelt out for one filter and one topic."""
    if matching is Matching.MQTT and topic.startswith("$") and topic_filter[0] in "+#":
        return False
    wanted, given_levels = topic_filter.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        least = len(wanted) + (matching is Matching.PUBSUB)
        if len(given_levels) < least:
            return False
        given_levels = given_levels[: len(wanted)]
    return len(wanted) == len(given_levels) and all(
        one in ("+", other) for one, other in zip(wanted, given_levels, strict=True)
    )


@given(st.lists(filters.filter(bool), max_size=8), topics.filter(bool), st.sampled_from(Matching))
def test_trie_finds_what_each_filter_by_itself_would(
    some_filters: list[str], topic: str, matching: Matching
) -> None:
    trie: FilterTrie[int] = FilterTrie(matching)
    for number, topic_filter in enumerate(some_filters):
        trie.add(topic_filter, number)

    expected = {n for n, f in enumerate(some_filters) if reference_match(f, topic, matching)}
    assert set(trie.match(topic)) == expected
    assert len(trie.match(topic)) == len(expected)


@given(st.lists(filters.filter(bool), max_size=8), st.randoms(use_true_random=False))
def test_trie_is_empty_again_when_everybody_has_left(some_filters: list[str], random: object) -> None:
    trie: FilterTrie[int] = FilterTrie(Matching.MQTT)
    leave = [trie.add(topic_filter, number) for number, topic_filter in enumerate(some_filters)]
    random.shuffle(leave)  # type: ignore[attr-defined]  # hypothesis names no type for it

    assert len(trie) == len(some_filters)
    for remove in leave:
        remove()
        remove()
    assert len(trie) == 0
    assert trie._root.children == {}
