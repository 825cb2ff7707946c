"""Judges a pipeline: everything that was taken in waits, or has arrived, and has arrived once."""

import re
from dataclasses import dataclass
from pathlib import Path

from support.edge import edge_json
from support.pipeline.disk import Held
from support.pipeline.pipeline import NAMES, PUBLISHER, UPLOADER, WITHIN_S, Pipeline
from support.pipeline.table import (
    Table,
    in_order_without_gaps,
    readings_by_number,
    table_of_messages,
    table_of_objects,
)
from support.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trial has come to.

    Attributes:
        acknowledged: Readings that either component has taken in.
        lost: Of these, how many neither wait nor have arrived.
        duplicated: Rows too many in the table of objects.
        repeated: Messages that came again; a table of them is made with DISTINCT.
        objects: How many there are.
        unreadable: How many of them are no JSON, or not as they say.
        overwritten: How many were written over.
    """

    acknowledged: int
    lost: int
    duplicated: int
    repeated: int
    objects: int
    unreadable: int
    overwritten: int


def judge_now(pipeline: Pipeline) -> dict[str, Held]:
    """Conservation at this moment, read from both disks first and from the far ends afterwards.

    Returns:
        What the disks hold, by component.

    Raises:
        AssertionError: Something that was taken in is nowhere, or is counted as lost.
    """
    stored = pipeline.stored()
    held = {name: pipeline.held(name) for name in NAMES}
    messages, batches = held[PUBLISHER], held[UPLOADER]

    def every_message_is_somewhere() -> bool:
        somewhere = messages.waiting | set(pipeline.cloud.published())
        return stored <= somewhere and messages.counts.taken <= len(somewhere)

    wait_until(every_message_is_somewhere, WITHIN_S, "every stored reading waits or has arrived")
    missing = set(range(batches.counts.taken)) - batches.numbers - pipeline.cloud.uploaded_numbers()
    assert missing == set(), f"records {sorted(missing)} neither wait nor are in an object"
    return held


def judge_in_the_end(pipeline: Pipeline, folder: Path) -> Verdict:
    """Conservation and uniqueness of everything, when the core and both components have ended.

    Args:
        pipeline: One that was stopped.
        folder: Gets what has arrived, for DuckDB.

    Raises:
        AssertionError: Something is missing in the middle, or not in its order.
    """
    cloud, held = pipeline.cloud, judge_now(pipeline)
    for name in NAMES:
        shown = edge_json("spool", str(pipeline.work(name)))
        assert (shown["in_use_by"], shown["taken"]) == (None, held[name].counts.taken)
    objects_folder, messages_folder = cloud.save_to(folder)
    objects, messages = table_of_objects(objects_folder), table_of_messages(messages_folder)
    claimed = set(re.findall(r" batch_uploaded key=(\S+)", pipeline.log(UPLOADER)))
    assert claimed <= set(cloud.keys()), f"said to be uploaded: {sorted(claimed - set(cloud.keys()))}"
    assert in_order_without_gaps(readings_by_number(objects_folder)), f"gaps or disorder in {objects_folder}"
    unaccounted = _unaccounted(messages, held[PUBLISHER]) + _unaccounted(objects, held[UPLOADER])
    return Verdict(
        acknowledged=sum(one.counts.taken for one in held.values()),
        lost=len(pipeline.stored() - messages.readings - held[PUBLISHER].waiting) + unaccounted,
        duplicated=objects.repeated,
        repeated=messages.repeated,
        objects=len(cloud.keys()),
        unreadable=objects.unreadable + messages.unreadable,
        overwritten=cloud.store.counts()["objects_overwritten"],
    )


def _unaccounted(arrived: Table, held: Held) -> int:
    """How many readings were taken in and are nowhere, or are somewhere and were never taken in."""
    somewhere = arrived.readings | held.waiting
    assert in_order_without_gaps(sorted(somewhere)), f"gaps in {sorted(somewhere)}"
    return abs(held.counts.taken - len(somewhere))
