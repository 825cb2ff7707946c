"""Lines of the record, whatever strangers send."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.config import load_config
from edge_common.errors import ConfigError
from mqtt_subscriber.config import MqttSubscriberConfig
from mqtt_subscriber.record import csv_line, json_line

AT = "2026-11-22T04:26:11.123Z"


@given(st.text(), st.binary())
def test_any_message_is_one_row_of_three_cells_none_of_them_a_formula(topic: str, payload: bytes) -> None:
    line = csv_line(AT, topic, payload)

    assert not {"\n", "\r"} & set(line)
    (row,) = csv.reader([line])
    assert len(row) == 3
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def test_a_json_line_holds_the_message_as_it_was() -> None:
    entry = json.loads(json_line(AT, "boards/\n/é", b'{"a": {"b": [1, 2.5, "\\u2028"]}}'))

    assert entry == {"received_at": AT, "topic": "boards/\n/é", "payload": {"a": {"b": [1, 2.5, "\u2028"]}}}


@pytest.mark.parametrize("path", ["/etc/received", "../received", "a/../../b"])
def test_a_record_outside_the_work_folder_is_refused(path: str) -> None:
    settings = {"GG_COMPONENT_CONFIG": json.dumps({"record": {"path": path}}), "AWS_IOT_THING_NAME": "t"}

    with pytest.raises(ConfigError, match="leads out of the component's work folder"):
        load_config(MqttSubscriberConfig, settings)
