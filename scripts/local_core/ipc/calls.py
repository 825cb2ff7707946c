"""One call of a client and its stream: from the request to the response, the events and the end.

A call begins when its request arrives, opens its stream when the response of a streaming operation has been
queued, and ends with the last message of either side or with the connection. Runs on the core's event loop.
"""

import asyncio
import logging
from collections.abc import Callable
from enum import Enum
from typing import Protocol

import orjson

from local_core.ipc.eventstream import FrameError
from local_core.ipc.messages import END_OF_STREAM, error_template, event_template
from local_core.ipc.routes import Route
from local_core.ipc.rpc import Call, JsonObject, RpcError, invalid_arguments, service_error

_log = logging.getLogger(__name__)


class Outlet(Protocol):
    """What a call needs of its connection."""

    def write(self, frame: bytes) -> None:
        """Queue a frame; frames leave in the order they were queued, and none leaves a closed connection."""

    def is_mute(self, operation: str) -> bool:
        """Whether calls of this operation are to go unanswered now: a fault on request."""

    def forget(self, stream_id: int) -> None:
        """The stream has ended: the connection need not know it any longer."""


class _Stage(Enum):
    ANSWERING = 1  # no response has been queued
    OPEN = 2  # the response has been queued, events may follow
    ENDED = 3


class CallStream:
    """A call's stream as its handler sees it (`rpc.Stream`), and the answering of the call itself.

    Args:
        stream_id: Its id on the connection.
        route: The operation that answers.
        outlet: The connection.
    """

    __slots__ = ("_callbacks", "_close_after_response", "_id", "_outlet", "_route", "_stage")

    def __init__(self, stream_id: int, route: Route, outlet: Outlet) -> None:
        self._id = stream_id
        self._route = route
        self._outlet = outlet
        self._stage = _Stage.ANSWERING
        self._close_after_response = False
        self._callbacks: list[Callable[[], None]] = []

    def send(self, shape: str, event: JsonObject) -> None:
        """Queue one event; dropped unless the response has been queued and the stream is open."""
        if self._stage is not _Stage.OPEN:
            return
        try:
            frame = event_template(shape).frame(self._id, orjson.dumps(event))
        except (TypeError, FrameError):
            # A subscriber's stream is no place to tell a publisher what is wrong with a message: it may have
            # others. TypeError: nested deeper than 254 levels, or not JSON at all.
            _log.exception(
                "Dropped an event that no frame can carry: %s of %s", shape, self._route.operation.name
            )
        else:
            self._write(frame)

    def close(self) -> None:
        """End the stream from the server's side; before the response, it ends together with the response."""
        if self._stage is _Stage.OPEN:
            self._write(END_OF_STREAM.frame(self._id))
            self.end()
        else:
            self._close_after_response = True

    def on_close(self, callback: Callable[[], None]) -> None:
        """Call `callback` once when the stream ends; at once when it has ended already."""
        if self._stage is _Stage.ENDED:
            callback()
        else:
            self._callbacks.append(callback)

    def end(self) -> None:
        """The stream is over, whoever ended it: tell the connection and whoever asked to be told."""
        if self._stage is _Stage.ENDED:
            return
        self._stage = _Stage.ENDED
        self._outlet.forget(self._id)
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001  one owner that fails to clean up must not keep the others from it
                _log.exception("A callback failed at the end of a stream of %s", self._route.operation.name)

    def answer(self, component: str, payload: bytes) -> "asyncio.Future[JsonObject] | None":
        """Hand the request to the operation and answer with what it returns.

        Returns:
            None when the call has been answered; else the operation's work, for `answered` when it is done.
        """
        operation = self._route.operation
        try:
            call = Call(component, operation.name, _request_of(payload, operation.name), self)
            response = operation.handler(call)
            if not isinstance(response, dict):
                return asyncio.ensure_future(response)
            self._respond(response)
        except Exception as error:  # noqa: BLE001  the one place that catches all that a handler may raise
            self._fail(error)
        return None

    def answered(self, work: "asyncio.Future[JsonObject]") -> None:
        """Answer with what an operation's work, now done, has come to."""
        try:
            self._respond(work.result())
        except asyncio.CancelledError:
            self._fail(service_error(f"{self._route.operation.name} was cancelled in the core"))
        except Exception as error:  # noqa: BLE001  the same place for operations that answer later
            self._fail(error)

    def refuse_message(self) -> None:
        """The client has sent more than its request; the nucleus too ends the stream with an error.

        No operation of Greengrass takes events from its client.
        """
        self._fail(service_error(f"{self._route.operation.name} takes no further messages from its client"))

    def _write(self, frame: bytes) -> None:
        if not self._outlet.is_mute(self._route.operation.name):
            self._outlet.write(frame)

    def _fail(self, error: Exception) -> None:
        if self._stage is _Stage.ENDED:
            return
        if not isinstance(error, RpcError):
            name = self._route.operation.name
            _log.error("%s failed unexpectedly", name, exc_info=error)
            error = service_error(f"{name} failed in the core: {error!r}. The core's log has the traceback.")
        self._write(error_template(error.shape).frame(self._id, orjson.dumps(error.to_json())))
        self.end()

    def _respond(self, response: JsonObject) -> None:
        if self._stage is _Stage.ENDED:
            return
        payload = orjson.dumps(response)
        if self._route.operation.streaming and not self._close_after_response:
            self._write(self._route.response.frame(self._id, payload))
            self._stage = _Stage.OPEN
        else:
            self._write(self._route.last_response.frame(self._id, payload))
            self.end()


def _request_of(payload: bytes, operation: str) -> JsonObject:
    try:
        request = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise invalid_arguments(f"The request of {operation} is no JSON: {error}") from error
    if not isinstance(request, dict):
        raise invalid_arguments(f"The request of {operation} is no JSON object")
    if None in request.values():
        return {key: value for key, value in request.items() if value is not None}
    return request
