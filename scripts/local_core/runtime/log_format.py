"""One log line as the classic nucleus writes it, and the splitting of a process's output into lines. Pure.

The format is that of GreengrassLogMessage.getTextMessage in aws-greengrass-logging-java:
`<ISO instant> [LEVEL] (thread) <logger>: <event type>. <message>. {key=value, …}`, empty parts left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

# A process that never ends a line gets one for each piece of this size: memory stays bounded.
MAX_LINE_BYTES = 64 * 1024

_CONTINUATION_BYTE_MASK, _CONTINUATION_BYTE = 0xC0, 0x80  # RFC 3629, section 3: 10xxxxxx inside a character


def _visible_control_characters() -> dict[int, str]:
    c0_and_delete = [*range(0x20), 0x7F]
    c1 = range(0x80, 0xA0)
    line_and_paragraph_separator = (0x2028, 0x2029)
    codes = [code for code in c0_and_delete if code != ord("\t")]
    visible = {code: f"\\x{code:02x}" for code in [*codes, *c1]}
    visible |= {code: f"\\u{code:04x}" for code in line_and_paragraph_separator}
    return visible | {ord("\n"): r"\n", ord("\r"): r"\r"}


_VISIBLE = _visible_control_characters()


def visible(text: str) -> str:
    """`text` with its control characters spelt out, so that no text can start a line or drive a terminal."""
    return text.translate(_VISIBLE)


def instant(ts: float) -> str:
    """Seconds since the epoch as Java's ISO_INSTANT writes milliseconds: no fraction when it is zero."""
    moment = datetime.fromtimestamp(ts, UTC)
    fraction = f".{moment.microsecond // 1000:03d}" if moment.microsecond >= 1000 else ""  # noqa: PLR2004  us in a ms
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


@dataclass(frozen=True, slots=True)
class LogEvent:
    """What one log line says.

    Attributes:
        ts: Seconds since the epoch.
        level: `INFO`, `WARN`, `ERROR` …
        thread: What stands in parentheses; `Copier` for the output of a process.
        logger: Component name, or the name of a logger of the core.
        event_type: A fixed word such as `stdout` or `shell-runner-start`; empty when there is none.
        message: Any text; control characters are spelt out.
        contexts: Facts about the event, in the order in which they are to stand.
    """

    ts: float
    level: str
    thread: str
    logger: str
    event_type: str = ""
    message: str = ""
    contexts: Mapping[str, object] = field(default_factory=dict)

    def line(self) -> str:
        """The line, without its end."""
        context = ", ".join(f"{key}={visible(str(value))}" for key, value in self.contexts.items())
        parts = (self.event_type, visible(self.message), f"{{{context}}}" if context else "")
        text = ". ".join(part for part in parts if part)
        return f"{instant(self.ts)} [{self.level}] ({self.thread}) {self.logger}: {text}"


class LineSplitter:
    """Turns chunks of bytes into lines: ends at LF, CR or CRLF, wherever the chunks are cut.

    Bytes that are not UTF-8 become U+FFFD; a line of more than MAX_LINE_BYTES comes out in pieces.
    """

    def __init__(self) -> None:
        self._pending = b""
        self._ended_with_cr = False

    def feed(self, chunk: bytes) -> list[str]:
        """Lines that `chunk` completes, without their ends."""
        if self._ended_with_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._ended_with_cr = False
        if not chunk:
            return []
        self._ended_with_cr = chunk.endswith(b"\r")
        text = (self._pending + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *complete, self._pending = text.split(b"\n")
        lines = [piece for line in complete for piece in _pieces(line)]
        while len(self._pending) > MAX_LINE_BYTES:
            piece, self._pending = _cut(self._pending)
            lines.append(piece)
        return [line.decode(errors="replace") for line in lines]

    def finish(self) -> list[str]:
        """What stood after the last line's end; empty when nothing did."""
        rest, self._pending = self._pending, b""
        return [piece.decode(errors="replace") for piece in _pieces(rest)] if rest else []


def _pieces(line: bytes) -> list[bytes]:
    pieces = []
    while len(line) > MAX_LINE_BYTES:
        piece, line = _cut(line)
        pieces.append(piece)
    return [*pieces, line]


def _cut(line: bytes) -> tuple[bytes, bytes]:
    # Never inside a character, as far as one can tell: a character has three continuation bytes at most.
    end = MAX_LINE_BYTES
    while end > MAX_LINE_BYTES - 3 and line[end] & _CONTINUATION_BYTE_MASK == _CONTINUATION_BYTE:
        end -= 1
    return line[:end], line[end:]
