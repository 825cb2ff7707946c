"""How large the spools of an outbox may grow, told from its files where the settings are not at hand."""

from bisect import bisect_left

from edge_cli.spool.places import Place
from edge_common.outbox.config import MIN_MAX_BYTES, OutboxConfig, Shares, batch_shares, message_shares
from edge_common.outbox.dead_letters import RECORDS_FOLDER
from edge_common.spool.standing import segment_names

_LARGEST_CAP_BYTES = 1 << 40


def shares(place: Place, config: OutboxConfig) -> Shares:
    """The bounds of each spool of the outbox `place`, as a component with these settings opens them."""
    is_batch = RECORDS_FOLDER in {path.name for path in place.lanes}
    return batch_shares(config) if is_batch else message_shares(config)


def least_cap(place: Place) -> int:
    """The least `outbox.max_bytes` that gives segments of the size which the lanes have.

    The component's settings are not at hand, and a lane that is filled beyond its cap would drop records when
    the component opens it again.

    Raises:
        OSError: A folder cannot be read.
    """

    def segment_bytes(max_bytes: int) -> int:
        shared = shares(place, OutboxConfig.model_construct(max_bytes=max_bytes))
        return max(limits.segment_bytes for limits in shared.lanes.values())

    newest = [path / name for path in place.lanes for name in segment_names(path)[-1:]]
    if not newest:
        return OutboxConfig().max_bytes
    caps = range(MIN_MAX_BYTES, _LARGEST_CAP_BYTES)
    size_bytes = max(path.stat().st_size for path in newest)
    return MIN_MAX_BYTES + bisect_left(caps, min(size_bytes, segment_bytes(caps[-1])), key=segment_bytes)
