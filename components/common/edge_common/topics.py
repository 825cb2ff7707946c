"""MQTT topic names and filters: what is legal, what matches, and templates such as `amr/{robot_id}/status`.

Owns the rules; pure, no I/O, no threads. Checks are made before a topic reaches a client, because a broker
answers a bad one by closing the connection, and the client then sends it again, for ever.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from edge_common.errors import PermanentError


@dataclass(frozen=True, slots=True)
class TopicLimits:
    """What one network takes.

    Attributes:
        max_bytes: Length of a topic or filter in UTF-8.
        max_slashes: How many `/` it may have; None means any number.
    """

    max_bytes: int
    max_slashes: int | None = None


# The nucleus checks both before it publishes (mqttclient/IotCoreTopicValidator.java), as AWS IoT Core does.
IOT_CORE = TopicLimits(max_bytes=256, max_slashes=7)
MQTT = TopicLimits(max_bytes=65_535)  # MQTT 5.0 section 1.5.4: the length of a string is a two-byte integer

_WILDCARDS = re.compile(r"[+#]")
# C0, DEL, C1 and lone surrogates: brokers close the connection on them (MQTT 5.0 section 1.5.4).
_UNSENDABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_FIELD = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_SHOWN_CHARACTERS = 80  # of a bad topic, in the error's one line


def check_topic(topic: str, limits: TopicLimits = IOT_CORE) -> str:
    """Return `topic` unchanged when a message may be published to it.

    Raises:
        PermanentError: It is empty, too long, too deep, or has wildcards or control characters.
    """
    if _WILDCARDS.search(topic):
        raise _bad(topic, "a topic to publish to has no wildcards: replace + and # by names")
    return _check_form(topic, limits)


def check_filter(topic_filter: str, limits: TopicLimits = IOT_CORE) -> str:
    """Return `topic_filter` unchanged when it may be subscribed to.

    A filter that names no level at all (`#`, `+/#`, `+/+`) is legal MQTT but reads the whole network, so it
    is refused here; so are the broker's own topics as a whole (`$SYS/#`, `$aws/#`).

    Raises:
        PermanentError: It is empty, too long, too deep or too wide, or has a wildcard that is not a whole
            level, a `#` that is not the last one, or control characters.
    """
    _check_form(topic_filter, limits)
    levels = topic_filter.split("/")
    if any(_WILDCARDS.search(level) and len(level) > 1 for level in levels):
        raise _bad(topic_filter, "+ and # stand for whole levels: write a/+/b or a/#")
    if "#" in levels[:-1]:
        raise _bad(topic_filter, "# may only be the last level")
    named = [level for level in levels if level not in {"+", "#"}]
    if not named or (len(named) == 1 < len(levels) and levels[0].startswith("$")):
        raise _bad(topic_filter, "it takes in everything: name a level, such as building-7/#")
    return topic_filter


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a subscription to `topic_filter` gets what is published to `topic` (MQTT 5.0 section 4.7).

    >>> matches("a/#", "a"), matches("a/+/c", "a/b/c"), matches("#", "$SYS/uptime")
    (True, True, False)
    """
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in {"+", "#"}:
        return False
    if wanted[-1] == "#":
        wanted.pop()
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(
        want in {"+", level} for want, level in zip(wanted, levels, strict=True)
    )


@dataclass(frozen=True)
class Template:
    """A topic with named levels, such as `amr/{robot_id}/{category}/{action}`.

    Makes topics from fields (`expand`), the filter that gets them all (`filter`), and the fields back out of
    a topic (`fields_of`). A field stands for exactly one whole level; wildcards may stand beside fields.

    Attributes:
        text: The template as written. A PermanentError is raised when a brace is not part of a whole
            `{field}` level or a field is named twice.
    """

    text: str

    def __post_init__(self) -> None:
        braced = [level for level in self.text.split("/") if "{" in level or "}" in level]
        if not all(_FIELD.fullmatch(level) for level in braced):
            raise _bad(self.text, "a field is a whole level in lower case, such as amr/{robot_id}/status")
        if len(set(braced)) < len(braced):
            raise _bad(self.text, "each field may stand in one level only")

    def expand(self, **values: str) -> str:
        """Put a value in the place of each field; wildcards stay.

        >>> Template("{thing}/sensors/+").expand(thing="orangepi5-core-001")
        'orangepi5-core-001/sensors/+'

        Raises:
            PermanentError: A value is missing, belongs to no field, is empty, or holds `/`, `+`, `#` or
                control characters (none may reach into another level) or leads with `$` to the broker's own.
        """
        if odd := values.keys() ^ self._fields.values():
            raise _bad(self.text, f"its fields are {list(self._fields.values())}: check {sorted(odd)}")
        levels = self.text.split("/")
        for index, field in self._fields.items():
            value = values[field]
            if not value or "/" in value or _WILDCARDS.search(value) or _UNSENDABLE.search(value):
                raise _bad(value, f"{field} is one level: not empty, without /, +, # and control characters")
            if index == 0 and value.startswith("$"):
                raise _bad(value, f"{field} leads the topic, and topics with $ in front are the broker's own")
            levels[index] = value
        return "/".join(levels)

    @property
    def filter(self) -> str:
        """The narrowest filter that gets every topic of this template: each field becomes `+`."""
        return "/".join("+" if _FIELD.fullmatch(level) else level for level in self.text.split("/"))

    def fields_of(self, topic: str) -> dict[str, str] | None:
        """The fields that `topic` was made from; None when it is no topic of this template.

        >>> Template("amr/{robot_id}/{category}/+").fields_of("amr/r2/status/now")
        {'robot_id': 'r2', 'category': 'status'}
        """
        if not matches(self.filter, topic):
            return None
        levels = topic.split("/")
        fields = {field: levels[index] for index, field in self._fields.items()}
        return fields if all(fields.values()) else None

    @cached_property
    def _fields(self) -> dict[int, str]:
        """Level number -> name of the field that stands there."""
        found = ((index, _FIELD.fullmatch(level)) for index, level in enumerate(self.text.split("/")))
        return {index: match[1] for index, match in found if match}


def _check_form(text: str, limits: TopicLimits) -> str:
    """Refuse what neither a topic nor a filter may be."""
    if not text:
        raise _bad(text, "it is empty: give it at least one level")
    if _UNSENDABLE.search(text):
        raise _bad(text, "control characters make brokers close the connection: remove them")
    if (size_bytes := len(text.encode())) > limits.max_bytes:
        raise _bad(text, f"it has {size_bytes} bytes and {limits.max_bytes} are allowed: shorten it")
    if limits.max_slashes is not None and (slashes := text.count("/")) > limits.max_slashes:
        raise _bad(text, f"it has {slashes} slashes and {limits.max_slashes} are allowed: join some levels")
    return text


def _bad(text: str, why: str) -> PermanentError:
    shown = repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
    return PermanentError(f"topic {shown}: {why}", code="bad_topic")
