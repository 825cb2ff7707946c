"""Topic rules: what may be published to or subscribed to, and which filters a topic matches.

Two families share the syntax and differ in one rule. In local publish/subscribe (the nucleus's
SubscriptionTrie) `a/#` matches one or more levels below `a`, not `a` itself. In MQTT (specification 5.0,
section 4.7) `a/#` matches `a` too, and a wildcard in the first level matches no topic that begins with `$`.

Pure functions and one data structure; no I/O. Nothing here is thread-safe.
"""

import re
from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from typing import Generic, TypeVar

# Limits of AWS IoT Core that the nucleus enforces before it spools (IotCoreTopicValidator).
MAX_TOPIC_BYTES = 256
MAX_SLASHES = 7
MAX_RESERVED_TOPIC_BYTES = (
    512  # `$...` topics other than basic ingest: their own limits are left to the cloud
)

# MQTT counts the bytes of every string in two bytes (specification 5.0, section 1.5.4).
MAX_STRING_BYTES = 65_535

_BASIC_INGEST_PREFIX = re.compile(r"\$aws/rules/[^/]+/", re.IGNORECASE)
_SHARED_PREFIX = re.compile(r"\$share/[^/]+/")

# What no MQTT string may hold: surrogates (1.5.4-1), NUL (1.5.4-2), and the control characters and
# non-characters that section 1.5.4 lets a receiver refuse. Mosquitto does: it closes the connection.
_PLANE_ENDS = "".join(chr(plane * 0x10000 + end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
_FORBIDDEN_CHARACTERS = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_PLANE_ENDS}]")


class TopicError(ValueError):
    """A topic, a filter or another MQTT string breaks a rule; the text says which."""


def check_text(text: str, what: str) -> None:
    """Refuse a string that would make a broker close the connection.

    Args:
        text: Any string that is to travel as an MQTT string.
        what: Named in the error, e.g. `Content type`.

    Raises:
        TopicError: A forbidden character, or more than 65,535 bytes of UTF-8.
    """
    found = _FORBIDDEN_CHARACTERS.search(text)
    if found:
        raise TopicError(
            f"{what} must not contain the character U+{ord(found[0]):04X} (position {found.start()})"
        )
    if len(text.encode()) > MAX_STRING_BYTES:
        raise TopicError(
            f"{what} must be no larger than {MAX_STRING_BYTES} bytes of UTF-8 encoded characters"
        )


@lru_cache(maxsize=1024)
def check_publish_topic(topic: str) -> None:
    """Refuse what neither the nucleus nor AWS IoT Core lets a component publish to.

    The texts are those of the nucleus's IotCoreTopicValidator, but for the control characters, which it lets
    pass and the cloud answers by closing the connection.

    Raises:
        TopicError: Empty, wildcard, control character, more than 256 bytes or 7 slashes.
    """
    _check_not_empty(topic)
    if "#" in topic or "+" in topic:
        raise TopicError("Publish topics must not contain wildcard characters of '#' or '+'")
    check_text(topic, "Publish topic")
    _check_limits(topic, topic, "")


@lru_cache(maxsize=1024)
def check_filter(topic_filter: str) -> None:
    """Refuse what neither the nucleus nor AWS IoT Core lets a component subscribe to.

    Raises:
        TopicError: Empty, misplaced wildcard, control character, more than 256 bytes or 7 slashes.
    """
    _check_not_empty(topic_filter)
    check_text(topic_filter, "Topic filter")
    check_wildcards(topic_filter)
    _check_limits(
        topic_filter,
        without_share(topic_filter),
        " or first 2 mandatory segments for MQTT Shared Subscriptions ($share/share-name/)",
    )


def check_wildcards(topic_filter: str) -> None:
    """Refuse a filter that matches nothing because of where its wildcards stand.

    Raises:
        TopicError: A wildcard is misplaced.
    """
    *upper_levels, last_level = topic_filter.split("/")
    if any("#" in level or ("+" in level and level != "+") for level in upper_levels) or (
        len(last_level) > 1 and ("#" in last_level or "+" in last_level)
    ):
        raise TopicError("'+' must stand for a whole level of a topic filter and '#' for the whole last one")


def without_share(topic_filter: str) -> str:
    """The filter that decides which topics match: a shared subscription without `$share/<name>/`."""
    return _SHARED_PREFIX.sub("", topic_filter, count=1)


def has_wildcard(topic_filter: str) -> bool:
    """Whether a level of the filter is `+` or `#`."""
    return any(level in ("+", "#") for level in topic_filter.split("/"))


def _check_not_empty(topic: str) -> None:
    if not topic:
        raise TopicError("Topic must not be empty")


def _check_limits(topic: str, effective_topic: str, more: str) -> None:
    effective_topic = _BASIC_INGEST_PREFIX.sub("", effective_topic, count=1)
    if effective_topic.startswith("$"):
        if len(topic.encode()) > MAX_RESERVED_TOPIC_BYTES:
            raise TopicError(
                f"Reserved topic ({'/'.join(topic.split('/')[:3])}...) total length is greater than "
                f"{MAX_RESERVED_TOPIC_BYTES} bytes of UTF-8 encoded characters and is most likely over the "
                f"IoT Core limit of {MAX_TOPIC_BYTES} bytes (excluding prefixes)."
            )
        return
    if effective_topic.count("/") > MAX_SLASHES:
        raise TopicError(f"The request topic must have no more than {MAX_SLASHES} forward slashes (/)")
    if len(effective_topic.encode()) > MAX_TOPIC_BYTES:
        raise TopicError(
            f"The topic size of request must be no larger than {MAX_TOPIC_BYTES} bytes of UTF-8 encoded "
            "characters. This excludes the first 3 mandatory segments for Basic Ingest topics "
            f"($AWS/rules/rule-name/){more}"
        )


class Matching(Enum):
    """Whose rules decide what a filter matches."""

    PUBSUB = "local publish/subscribe"
    MQTT = "MQTT"


Item = TypeVar("Item")


class _Node(Generic[Item]):
    """One level of the trie; `items` belong to the filters that end here."""

    __slots__ = ("children", "items")

    def __init__(self) -> None:
        self.children: dict[str, _Node[Item]] = {}
        self.items: dict[Item, None] = {}  # a set that remembers the order of subscription


class FilterTrie(Generic[Item]):
    """Many subscriptions, found by topic in time that depends on its levels, not on their number.

    Args:
        matching: Whose rules to follow.
    """

    def __init__(self, matching: Matching) -> None:
        self._matching = matching
        self._root: _Node[Item] = _Node()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, topic_filter: str, item: Item) -> Callable[[], None]:
        """Subscribe `item`; the same item may stand under several filters.

        Returns:
            A function that removes this item from this filter again; calling it twice does no harm.
        """
        path = [self._root]
        levels = topic_filter.split("/")
        for level in levels:
            path.append(path[-1].children.setdefault(level, _Node()))
        if item not in path[-1].items:
            path[-1].items[item] = None
            self._length += 1

        def remove() -> None:
            if item not in path[-1].items:
                return
            del path[-1].items[item]
            self._length -= 1
            self._prune(levels)

        return remove

    def match(self, topic: str) -> list[Item]:
        """Every item with at least one filter that matches `topic`, each once."""
        levels = topic.split("/")
        found: dict[Item, None] = {}
        nodes = [self._root]
        wildcards = not (self._matching is Matching.MQTT and topic.startswith("$"))
        for level in levels:
            below: list[_Node[Item]] = []
            for node in nodes:
                children = node.children
                if level in children:
                    below.append(children[level])
                if wildcards:
                    if "+" in children:
                        below.append(children["+"])
                    if "#" in children:
                        found.update(children["#"].items)
            wildcards = True
            nodes = below
        for node in nodes:
            found.update(node.items)
            if self._matching is Matching.MQTT and "#" in node.children:
                found.update(node.children["#"].items)
        return list(found)

    def _prune(self, levels: list[str]) -> None:
        """Forget the nodes of a filter that nobody needs any more, so that churn does not grow the trie."""
        path = [self._root]
        for level in levels:
            if level not in path[-1].children:
                return
            path.append(path[-1].children[level])
        for parent, level, node in zip(
            reversed(path[:-1]), reversed(levels), reversed(path[1:]), strict=True
        ):
            if node.items or node.children:
                return
            del parent.children[level]
