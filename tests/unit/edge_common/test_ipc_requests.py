import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.errors import PermanentError
from edge_common.ipc import requests
from edge_common.ipc.requests import MAX_IOT_CORE_PAYLOAD_BYTES

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="+#/", categories=["L", "N"]), min_size=1)


@pytest.mark.parametrize(
    "topic",
    ["", "a/+", "a/#", "a\0b", "ä" * 129, "/" * 8],
    ids=["empty", "plus", "hash", "nul", "258 bytes", "8 slashes"],
)
def test_topic_that_the_core_would_refuse_for_ever_is_permanent(topic: str) -> None:
    with pytest.raises(PermanentError) as caught:
        requests.publish_to_iot_core(topic, b"", 1, MAX_IOT_CORE_PAYLOAD_BYTES)
    assert caught.value.code == "bad_topic"


def test_payload_above_the_limit_is_permanent_and_one_at_the_limit_is_taken() -> None:
    at_limit = requests.publish_to_iot_core("a/b", bytes(100), 1, 100)
    with pytest.raises(PermanentError, match="101 bytes; 100 are allowed") as caught:
        requests.publish_to_iot_core("a/b", bytes(101), 1, 100)

    assert len(at_limit.payload) == 100
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("qos", [-1, 2, 3])
def test_qos_that_iot_core_has_not_is_permanent(qos: int) -> None:
    with pytest.raises(PermanentError, match="take 0 or 1"):
        requests.subscribe_to_iot_core("a/#", qos)


@given(levels=st.lists(NAMES, min_size=1, max_size=8), payload=st.binary(max_size=200))
def test_every_legal_topic_and_payload_go_into_the_request_unchanged(
    levels: list[str], payload: bytes
) -> None:
    topic = "/".join(level[:8] for level in levels)

    request = requests.publish_to_iot_core(topic, payload, 0, MAX_IOT_CORE_PAYLOAD_BYTES)

    assert (request.topic_name, request.payload, request.qos) == (topic, payload, "0")
