"""A message as people and programs are shown it."""

from datetime import UTC, datetime

import pytest

from edge_cli.core.topic_messages import TopicMessage

AT = datetime(2026, 11, 22, 4, 26, 11, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("payload", "shown", "document"),
    [
        (b'{"x": 1}', '{"x": 1}', {"payload": {"x": 1}}),
        (b"[1,\r\n2]", "[1, 2]", {"payload": [1, 2]}),
        (b"null", "null", {"payload": None}),
        (b"21.5 \xc2\xb0C", "21.5 °C", {"payload": "21.5 °C"}),
        (b"", "", {"payload": ""}),
        (b"\xff\xd8\xff\xe0", "<4 bytes: ff d8 ff e0>", {"payload_base64": "/9j/4A=="}),
        (bytes(range(128, 160)), "<32 bytes: 80 81 82 83 84 85 86 87 88 89 8a 8b 8c 8d 8e 8f…>", None),
        (b"\x1b[31mred\x07", "\\x1b[31mred\\x07", {"payload": "\x1b[31mred\x07"}),
    ],
)
def test_payload_is_shown_on_one_harmless_line_and_kept_whole_for_programs(
    payload: bytes, shown: str, document: dict[str, object] | None
) -> None:
    message = TopicMessage(AT, "a/b", payload)
    assert message.text() == shown
    whole = {"received_at": "2026-11-22T04:26:11.123Z", "topic": "a/b"}
    assert document is None or message.document() == whole | document
