"""How large the spools of an outbox may grow, told from what its component has noted in it."""

from edge_cli.errors import CommandError
from edge_cli.spool.places import Place
from edge_common.outbox.cap import Cap, read_cap
from edge_common.outbox.config import MIN_MAX_BYTES, OutboxConfig, Shares, batch_shares, message_shares
from edge_common.outbox.dead_letters import RECORDS_FOLDER
from edge_common.spool.standing import reading


def cap_of(place: Place) -> Cap | None:
    """The cap of an outbox; None where its component has noted none, and for a spool by itself.

    Raises:
        EdgeError: It cannot be read.
    """
    if not place.is_outbox:
        return None
    with reading(place.path):
        return read_cap(place.path)


def letters_cap(place: Place, cap: Cap | None) -> int | None:
    """How many bytes of dead letters an outbox with that cap keeps; None where it is not known."""
    if cap is None:
        return None
    return _shares(place, OutboxConfig.model_construct(max_bytes=cap.max_bytes)).dead.max_bytes


def opened_with(place: Place, max_bytes: int | None) -> tuple[OutboxConfig, Shares]:
    """Settings and shares with which the component would open the outbox `place`.

    Args:
        place: The outbox.
        max_bytes: What somebody says the cap is; None for what is noted.

    Raises:
        CommandError: Nobody says what the cap is.
        EdgeError: It cannot be read.
    """
    noted = cap_of(place)
    if max_bytes is None and noted is None:
        raise CommandError(
            f"{place.path} does not say how large it may grow: its component has not noted that yet. Give "
            f"its outbox.max_bytes, such as --max-bytes {OutboxConfig().max_bytes}"
        )
    if max_bytes is not None and max_bytes < MIN_MAX_BYTES:
        raise CommandError(f"--max-bytes {max_bytes}: an outbox has {MIN_MAX_BYTES} bytes at least.")
    usual = OutboxConfig()
    known = noted or Cap(usual.max_bytes, usual.min_free_bytes)
    # Without validation: that asks for a folder below a work folder, and this one may lie anywhere.
    config = OutboxConfig.model_construct(
        folder=str(place.path),
        max_bytes=max_bytes or known.max_bytes,
        min_free_bytes=known.min_free_bytes,
    )
    return config, _shares(place, config)


def _shares(place: Place, config: OutboxConfig) -> Shares:
    is_batch = RECORDS_FOLDER in {path.name for path in place.lanes}
    return batch_shares(config) if is_batch else message_shares(config)
