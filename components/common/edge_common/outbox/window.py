"""How many messages may be under way at once, and what has become of them. Pure, used by one thread.

Only a beginning of the lane is released, so a record that succeeded behind one that did not is remembered
here until its turn, and not sent again. A death of the process forgets that: what is repeated then is at
most one window.
"""

from collections.abc import Iterator, Sequence

from edge_common.errors import EdgeError, PermanentError

Numbered = tuple[int, bytes]


class Window:
    """The window of one lane.

    Its size is 1 after a failure and doubles with each success: a far end that comes back is not flooded, and
    a record at fault is soon sent alone.

    Args:
        max_in_flight: Its largest size; 1 keeps strict order.
    """

    def __init__(self, max_in_flight: int) -> None:
        self._max_in_flight = max_in_flight
        self._size = max_in_flight
        self._settled: dict[int, PermanentError | None] = {}

    def to_send(self, first: int, records: Sequence[bytes]) -> list[Numbered]:
        """What of the lane's oldest records is to be sent now, with their numbers."""
        self._settled = {number: outcome for number, outcome in self._settled.items() if number >= first}
        open_ones = [item for item in enumerate(records, first) if item[0] not in self._settled]
        return open_ones[: self._size]

    def failed(self) -> None:
        """Nothing is known of any of them."""
        self._size = 1

    def settle(self, sent: Sequence[Numbered], outcomes: Sequence[EdgeError | None]) -> EdgeError | None:
        """Take in what became of each.

        Returns:
            The first failure that is to be tried again; None when there is none.

        Raises:
            ValueError: Not one outcome for each.
        """
        failure = None
        for (number, _), outcome in zip(sent, outcomes, strict=True):
            if outcome is None or isinstance(outcome, PermanentError):
                self._settled[number] = outcome
            else:
                failure = failure or outcome
        self._size = 1 if failure else min(self._max_in_flight, 2 * self._size)
        return failure

    def finished(
        self, first: int, records: Sequence[bytes]
    ) -> Iterator[tuple[Numbered, PermanentError | None]]:
        """The lane's oldest records up to the first that is not settled; None for those delivered."""
        for number, record in enumerate(records, first):
            if number not in self._settled:
                return
            yield (number, record), self._settled[number]
