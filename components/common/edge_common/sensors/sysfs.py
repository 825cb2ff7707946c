"""Numbers out of the kernel's sysfs, and the reason when there is none. No threads."""

import errno
import math
import os
from collections.abc import Iterator
from pathlib import Path

from edge_common.errors import TransientError

ABSOLUTE_ZERO_C = -273.15
_MAX_BYTES = 4096  # of one attribute: a page (Documentation/filesystems/sysfs.rst)
_ADVICE = {
    errno.ENOENT: "The device or its driver is gone: look at the wiring and at dmesg",
    errno.ENODEV: "The device is gone: look at the wiring and at dmesg",
    errno.ENXIO: "The device does not answer: look at its wiring, address and power",
    errno.EIO: "The device does not answer properly: look at its wiring and power",
    errno.EREMOTEIO: "The device does not answer: look at its wiring, address and power",
    errno.ETIMEDOUT: "The device does not answer in time: look at its wiring and power",
    errno.EAGAIN: "The device has no value yet, or it is switched off",
    errno.ENODATA: "The device has no value yet, or it is switched off",
    errno.EACCES: "Let the component's user read it",
}
_OTHER_ADVICE = "Look at the device and at dmesg"


def read_text(file: Path) -> str:
    """The content of one attribute, without the white space around it.

    Never waits for a writer, as opening a named pipe would.

    Raises:
        TransientError: It cannot be read now; the reason names the file.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        try:
            content = os.read(descriptor, _MAX_BYTES)
        finally:
            os.close(descriptor)
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, _OTHER_ADVICE)
        raise TransientError(f"cannot read {file}: {error.strerror or error}. {advice}.") from error
    return content.decode(errors="replace").strip()


def read_number(file: Path) -> float:
    """The number in one attribute, in the kernel's unit.

    Raises:
        TransientError: It cannot be read now, or holds no finite number; the reason names the file.
    """
    text = read_text(file)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise TransientError(f"cannot read {file}: {text[:40]!r} is no number. {_OTHER_ADVICE}.")
    return number


def entries(folder: Path, pattern: str) -> Iterator[Path]:
    """What matches `pattern` in `folder`, number 10 after number 9; nothing when there is no such folder."""
    yield from sorted(folder.glob(pattern), key=lambda path: (len(path.name), path.name))
