"""How times are written in payloads, keys and logs. Pure: it reads no clock, so that logic may import it."""

from datetime import UTC, datetime


def format_timestamp(moment: datetime) -> str:
    """Write `moment` as payloads do: UTC, milliseconds (cut, not rounded), `Z`.

    >>> format_timestamp(datetime(2026, 11, 22, 4, 26, 11, 123_999, UTC))
    '2026-11-22T04:26:11.123Z'
    """
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
