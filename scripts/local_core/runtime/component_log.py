"""`logs/<component>.log` and `logs/greengrass.log`, line for line as the nucleus writes them.

A component's log holds what its processes write (stdout at INFO, stderr at WARN, always) and what the core
does with them. Neither holds tokens or environments. Runs on the core's event loop; the logging handler may
be called from any thread.
"""

import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local_core.runtime.log_files import RotatingFile
from local_core.runtime.log_format import LogEvent, visible

CORE_LOG_NAME = "greengrass"

_LEVEL_BY_STREAM = {"stdout": "INFO", "stderr": "WARN"}
_COPIER = "Copier"  # Exec.Copier, the nucleus's thread that reads a process's output
_JAVA_LEVELS = {logging.WARNING: "WARN", logging.CRITICAL: "ERROR"}


class ComponentLog:
    """One component's log; closed by its component.

    Args:
        folder: The core's `logs`.
        component: Its name: the file's name, the logger and `serviceName`.
        current_state: Asked for each line's `currentState`.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        folder: Path,
        component: str,
        current_state: Callable[[], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._component = component
        self._current_state = current_state
        self._clock = clock
        self._file = RotatingFile(folder, component, self._loss, clock=clock)

    def output(self, stream: str, script_name: str, lines: Sequence[str]) -> None:
        """What a process wrote.

        Args:
            stream: `stdout` or `stderr`.
            script_name: E.g. `services.com.example.X.lifecycle.run.script`.
            lines: Without their ends; both ends are trimmed, as the nucleus does.
        """
        level = _LEVEL_BY_STREAM[stream]
        contexts = self._contexts(scriptName=script_name)
        now = self._clock()
        events = (
            LogEvent(now, level, _COPIER, self._component, stream, line.strip(), contexts) for line in lines
        )
        self._file.write("".join(f"{event.line()}\n" for event in events))

    def event(
        self,
        event_type: str,
        message: str = "",
        *,
        level: str = "INFO",
        about: Mapping[str, object] | None = None,
        **further: object,
    ) -> None:
        """What the core does with the component.

        Args:
            event_type: The nucleus's word for it, e.g. `shell-runner-start`; empty when it has none.
            message: Text for a person.
            level: `INFO`, `WARN` or `ERROR`.
            about: Facts that stand before the component's name and state, e.g. `exitCode`; None for none.
            **further: Facts that stand after them. Neither may be a token or a secret.
        """
        contexts = self._contexts(**(about or {})) | further
        self._file.write(f"{self._lifecycle_event(level, event_type, message, contexts).line()}\n")

    def close(self) -> None:
        """Close the file; a later line opens it again."""
        self._file.close()

    def _loss(self, writes: int) -> str:
        message = f"{writes} writes to this log were lost: the disk was full or the folder not writable"
        return self._lifecycle_event("WARN", "", message, self._contexts()).line()

    def _lifecycle_event(
        self, level: str, event_type: str, message: str, contexts: Mapping[str, object]
    ) -> LogEvent:
        thread = f"{self._component}-lifecycle"
        return LogEvent(self._clock(), level, thread, self._component, event_type, message, contexts)

    def _contexts(self, **first: object) -> dict[str, object]:
        return first | {"serviceName": self._component, "currentState": self._current_state()}


class CoreLogHandler(logging.Handler):
    """Writes the core's own log records to `greengrass.log`; exceptions follow on the next lines.

    A record's facts come from `extra={"contexts": {...}}`, its event type from `extra={"event_type": "..."}`.

    Args:
        folder: The core's `logs`.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._file = RotatingFile(folder, CORE_LOG_NAME, _core_loss)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            event = LogEvent(
                record.created,
                _JAVA_LEVELS.get(record.levelno, record.levelname),
                record.threadName or "",
                record.name,
                getattr(record, "event_type", ""),
                record.getMessage(),
                getattr(record, "contexts", {}),
            )
            self._file.write("\n".join([event.line(), *_exception_lines(record)]) + "\n")
        except Exception:  # noqa: BLE001  a handler must not raise into whoever logs; logging reports it
            self.handleError(record)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def _core_loss(writes: int) -> str:
    message = f"{writes} writes to this log were lost: the disk was full or the folder not writable"
    return LogEvent(time.time(), "WARN", "MainThread", __name__, message=message).line()


def _exception_lines(record: logging.LogRecord) -> list[str]:
    if not record.exc_info or not record.exc_info[0]:
        return []
    text = "".join(traceback.format_exception(*record.exc_info))
    return [visible(line) for line in text.rstrip("\n").split("\n")]
