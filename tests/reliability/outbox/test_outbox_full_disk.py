"""A disk without a free byte: an outbox keeps what it has, goes on by its policy, and drains."""

import random
from pathlib import Path

import pytest

from edge_common.outbox import Batching, BatchOutbox, MessageOutbox, OutboxConfig, OutboxStatistics
from edge_common.spool import SpoolFullError
from support.figures import Figure
from support.outbox.ends import IN_A_BLINK, POISON, Broker, Bucket, Mood, context_of
from support.small_disk import fill
from support.spool.spooling import seeded, trial_seed

MIB = 1 << 20
FILLS = 3
FILLS_RELEASE = 50
WITHIN_S = 60.0
DOWN = [Mood.FAIL] * 10**7


def record(serial: int, chance: random.Random) -> bytes:
    """Some of which cannot be compressed away; now and then it is for nobody."""
    word = POISON if chance.random() < 0.02 else b"good"
    return b"%d %s %s" % (serial, word, chance.randbytes(70_000).replace(b"\n", b"."))


def adds_up(now: OutboxStatistics) -> bool:
    """Every record stands in one place."""
    return now.taken == now.waiting + now.delivered + now.dropped + now.damaged + now.dead


def opened(disk: Path, on_full: str, far_end: Bucket | Broker) -> BatchOutbox | MessageOutbox:
    """An outbox on the small disk, of 24 of its 32 MiB."""
    config = OutboxConfig.model_validate(
        {"folder": str(disk / "outbox"), "max_bytes": 24 * MIB, "min_free_bytes": 0, "on_full": on_full}
    )
    if isinstance(far_end, Bucket):
        return BatchOutbox(config, Batching(10, 0.0, MIB), far_end, context_of(), IN_A_BLINK)
    return MessageOutbox(config, far_end, 10, context_of(), IN_A_BLINK)


@pytest.mark.parametrize(
    "fills", [FILLS, pytest.param(FILLS_RELEASE, marks=[pytest.mark.release, pytest.mark.timeout(1800)])]
)
@pytest.mark.parametrize("on_full", ["reject", "drop_oldest"])
@pytest.mark.parametrize("kind", ["batches", "messages"])
def test_with_no_byte_free_it_drains_and_takes_in_again(
    small_disk: Path, kind: str, on_full: str, fills: int, figure: Figure
) -> None:
    seed = trial_seed()
    chance = seeded(seed)
    far_end: Bucket | Broker = Bucket() if kind == "batches" else Broker()
    taken: dict[int, bool] = {}
    refused = 0
    serial = 0
    with opened(small_disk, on_full, far_end) as outbox:
        for _ in range(fills):
            far_end.moods = list(DOWN)
            for _ in range(400):
                serial += 1
                content = record(serial, chance)
                try:
                    outbox.put(content)
                    taken[serial] = POISON in content[:20]
                except SpoolFullError:
                    refused += 1
            ballast = fill(small_disk)
            assert adds_up(outbox.statistics())
            far_end.moods = []
            assert outbox.drain(WITHIN_S)
            ballast.unlink()
            serial += 1
            outbox.put(b"%d fresh" % serial)
            taken[serial] = False
            assert outbox.drain(WITHIN_S)
            assert adds_up(outbox.statistics())
    now = outbox.statistics()
    arrived = [int(content.split()[0]) for content in far_end.records if content[:1].isdigit()]
    missing = {serial for serial, poisoned in taken.items() if not poisoned} - set(arrived)
    figure("outbox, full disk", kind=kind, policy=on_full, fills=fills, taken=now.taken, dropped=now.dropped,
           refused=refused, lost=max(0, len(missing) - now.dropped), seed=seed)  # fmt: skip
    assert (now.taken, now.rejected, now.waiting, now.damaged) == (len(taken), refused, 0, 0)
    assert len(arrived) == len(set(arrived))
    if on_full == "reject":
        assert (missing, now.dropped) == (set(), 0)
        assert refused > 0
        assert now.dead == sum(taken.values())
    else:
        assert refused == 0
        assert len(missing) <= now.dropped
        assert now.dropped > 0
