"""The uploader's receipts on a disk that loses what was not synced."""

from pathlib import Path

import pytest

from s3_batch_uploader.folders.receipts import Receipts, receipt
from s3_batch_uploader.folders.settling import Version
from support.figures import Figure
from support.spool.disk import adopt
from support.spool.hooks import Hooks
from support.spool.spooling import seeded

RECEIPTS = 40
STATES_PER_RECEIPT = 10


def test_every_receipt_that_was_written_survives_a_power_cut(
    memory_folder: Path, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    folder = memory_folder / "receipts"
    folder.mkdir()
    digests = [
        receipt("bucket/images", Path(f"/data/{number}.jpg"), Version(1, 2, 3)) for number in range(RECEIPTS)
    ]
    hooks = Hooks(folder)
    states = []
    with monkeypatch.context() as patch:
        hooks.watch(patch)
        receipts = Receipts.opened(folder / "images")
        for number, digest in enumerate(digests):
            receipts.add(digest)
            cuts = (hooks.disk.possible(seeded(seed)) for seed in range(STATES_PER_RECEIPT))
            states += [(number, contents) for contents in cuts]
        receipts.close()
    lost = []
    for index, (number, contents) in enumerate(states):
        left = memory_folder / f"{index}"
        adopt(left, contents)
        known = Receipts.opened(left / "images")
        lost += [(number, digest.hex()) for digest in digests[: number + 1] if digest not in known]
    figure("uploader, receipts after a power cut", states=len(states), lost=len(lost))
    assert lost == []
