"""A demo's report: its JSON, its sentences, and when a demo was a good one."""

from dataclasses import replace
from typing import Any

import pytest

from edge_cli.core.status import CoreStatus
from edge_cli.demo.reconcile import Balance
from edge_cli.demo.report import Objects, Report
from edge_cli.demo.state import Outage

OUTAGE = Outage(
    after_s=6.0, duration_s=8.0, spooled_messages_max=9, spooled_bytes_max=1500, waiting_readings_max=1
)


def _core(**changes: Any) -> CoreStatus:
    status: dict[str, Any] = {
        "pid": 1,
        "root": "core",
        "thing_name": "thing",
        "region": "eu-west-1",
        "flavor": "classic",
        "online": True,
        "away": {},
        "uptime_s": 20.0,
        "bucket": "edge-local",
        "endpoints": {
            "ipc": "s",
            "mqtt": "127.0.0.1:1",
            "s3": "http://127.0.0.1:2",
            "token_exchange": "http://x",
        },
        "broker": "mosquitto",
        "components": [
            {
                "name": "a.B",
                "version": "1.0.0",
                "state": "RUNNING",
                "restarts": 0,
                "crashes": 0,
                "pid": 7,
                "is_root": True,
            }
        ],
        "iot_core": {},
    }
    return status | changes  # type: ignore[return-value]  # a status as the core sends it


def _balance(delivered: int, *, lost: int = 0, waiting: int = 0, duplicated: int = 0) -> Balance:
    return Balance(delivered + waiting + lost, delivered, waiting, duplicated)


def _report(balance: Balance, outages: list[Outage] | None = None, **core: Any) -> Report:
    return Report(
        core=_core(**core),
        balance=balance,
        by_topic={"thing/sensors/data": balance.delivered, "thing/status/heartbeat": 2},
        s3=Objects(0, 0, 0),
        outages=outages or [],
        timings_s={"set_up": 1.5, "first_message": 2.0},
    )


BROKEN = [
    {
        "name": "a.B",
        "version": "1.0.0",
        "state": "BROKEN",
        "restarts": 0,
        "crashes": 3,
        "pid": None,
        "is_root": True,
    }
]


@pytest.mark.parametrize(
    ("report", "is_good"),
    [
        (_report(_balance(20)), True),
        (_report(_balance(20, duplicated=1)), True),
        (_report(_balance(20), [OUTAGE]), True),
        (_report(_balance(0)), False),
        (_report(_balance(20, lost=1)), False),
        (_report(_balance(20, waiting=1)), False),
        (_report(_balance(20, lost=1), [OUTAGE], flavor="lite"), False),
        (_report(_balance(20), components=BROKEN), False),
    ],
)
def test_demo_is_good_when_whatever_was_produced_arrived(report: Report, is_good: bool) -> None:  # noqa: FBT001  a case of the table
    assert report.is_good is is_good


def test_document_holds_what_was_promised() -> None:
    document = _report(_balance(20), [OUTAGE]).document()
    assert document["components"] == [
        {"name": "a.B", "version": "1.0.0", "state": "RUNNING", "restarts": 0, "crashes": 0}
    ]
    assert document["iot_core"] == {
        "messages": 22,
        "by_topic": {"thing/sensors/data": 20, "thing/status/heartbeat": 2},
    }
    assert document["s3"] == {"objects": 0, "bytes": 0, "records": 0}
    assert document["readings"] == {
        "produced": 20,
        "delivered": 20,
        "waiting": 0,
        "lost": 0,
        "duplicated": 0,
    }
    assert document["outages"] == [
        {
            "after_s": 6.0,
            "duration_s": 8.0,
            "spooled_messages_max": 9,
            "spooled_bytes_max": 1500,
            "waiting_readings_max": 1,
        }
    ]
    assert document["timings_s"] == {"set_up": 1.5, "first_message": 2.0}


def test_summary_says_first_what_was_lost_and_then_where_the_rest_is() -> None:
    sentences = _report(_balance(12, waiting=6, lost=2), [OUTAGE], flavor="lite").sentences()
    assert sentences[0] == "20 readings produced, 12 arrived in the cloud: 2 lost, 0 duplicated."
    assert sentences[1].startswith("Not arrived yet: 6. They wait in the publisher's outbox, on disk")
    assert sentences[2].startswith("Lost without a trace, or after the core had taken them: 2.")


def test_summary_names_s3_only_when_something_is_in_it() -> None:
    empty = _report(_balance(12))
    assert "S3" not in " ".join(empty.sentences())
    assert "S3: 1 object, 200 B, 10 records." in replace(empty, s3=Objects(1, 200, 10)).sentences()


@pytest.mark.parametrize(
    ("outage", "said"),
    [
        (OUTAGE, "up to 9 messages (1.5 kB) waited on the core."),
        (Outage(6.0, 8.0, waiting_readings_max=8), "up to 8 readings waited in the publisher's outbox."),
        (
            Outage(6.0, 8.0, 9, 1500, 30),
            "up to 9 messages (1.5 kB) waited on the core and 30 readings waited in the publisher's outbox.",
        ),
        (Outage(6.0, 8.0), "nothing had to wait."),
    ],
)
def test_summary_says_where_what_was_held_in_an_outage(outage: Outage, said: str) -> None:
    assert f"IoT Core away for 8.0 s: {said}" in _report(_balance(12), [outage]).sentences()
