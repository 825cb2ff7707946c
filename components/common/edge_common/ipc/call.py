"""One request to the core and how it ended: sent now, its answer waited for later.

Requests that are sent before the first answer is waited for are pipelined: the core gets them in their order.
Used by the thread that asks; only the SDK's future is completed by its I/O thread.
"""

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from edge_common.errors import EdgeError
from edge_common.ipc.errors import Asked, failure_of, no_answer, translate
from edge_common.ipc.timing import Deadline, DeadlineExceededError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: an answer, or an error that says what is known of it.

    Attributes:
        error: None when the core has answered.
        response: The SDK's response, when it has.
    """

    error: EdgeError | None = None
    response: Any = None

    def result(self) -> Any:
        """The response, or the error raised."""
        if self.error is not None:
            raise self.error
        return self.response


class Call:
    """A request that is on its way, or could not be sent.

    Args:
        asked: What was asked.
        response: The SDK's future of the answer; None when nothing was sent.
        not_sent: Why nothing was.
    """

    def __init__(
        self, asked: Asked, response: "Future[Any] | None" = None, not_sent: EdgeError | None = None
    ) -> None:
        self._asked = asked
        self._response = response
        self._not_sent = not_sent

    def outcome(self, deadline: Deadline) -> Outcome:
        """Wait for the answer until `deadline`; an answer that is there already is always taken."""
        if self._response is None:
            return Outcome(error=self._not_sent)
        try:
            deadline.wait_for(self._response)
        except DeadlineExceededError:
            unanswered = no_answer(self._asked, deadline.timeout_s, stopping=deadline.shortened)
            return Outcome(error=unanswered)
        if (error := failure_of(self._response)) is not None:
            return Outcome(error=translate(error, self._asked))
        return Outcome(response=self._response.result())
