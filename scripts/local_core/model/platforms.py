"""What platform this machine is, and whether a manifest's `Platform` asks for it.

Keys and values are those of the nuclei: `PlatformResolver` of the classic one, `ggl-recipe/recipe.c` of Lite.
Nothing here starts a process or caches: the caller keeps the mapping.
"""

import platform as machine
import re
from collections.abc import Mapping

from local_core.settings import Flavor

OS = "os"
ARCHITECTURE = "architecture"
ARCHITECTURE_DETAIL = "architecture.detail"
RUNTIME = "runtime"

LITE_RUNTIME = "aws_nucleus_lite"
ANYTHING = "*"
UNKNOWN = "unknown"

# The only values a nucleus gives its own machine: a manifest that asks for another one never matches.
ARCHITECTURES = ("amd64", "x86", "arm", "aarch64", "riscv64")
OPERATING_SYSTEMS = ("linux", "darwin", "windows")

_ARCHITECTURE_BY_MACHINE = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "i386": "x86",
    "i686": "x86",
    "x86": "x86",
    "aarch64": "aarch64",
    "arm64": "aarch64",  # what macOS calls it; Java calls the same machine aarch64
    "riscv64": "riscv64",
}
# PlatformResolver.getArchDetailInfo reports these and nothing else.
_DETAILED_MACHINES = ("armv6l", "armv7l", "armv8l")
_WILDCARDS_OF_OLD = {OS: ("all", "any"), ARCHITECTURE: ("all", "any")}
_LITE_WILDCARDS = {OS: (ANYTHING, "all"), ARCHITECTURE: (ANYTHING,), RUNTIME: (ANYTHING,)}


def current_platform(flavor: Flavor, architecture: str | None = None) -> dict[str, str]:
    """This machine as a nucleus of `flavor` describes it.

    Args:
        flavor: Which nucleus.
        architecture: One of `ARCHITECTURES` that it says instead of its own; None: its own.

    `architecture.detail` is there only on 32-bit arm; `runtime` only on Lite (the classic nucleus does not
    define it, so that only `runtime: "*"` or none matches there).
    """
    hardware = machine.machine().lower()
    described = {
        OS: machine.system().lower() or UNKNOWN,
        ARCHITECTURE: _ARCHITECTURE_BY_MACHINE.get(hardware, "arm" if "arm" in hardware else UNKNOWN),
    }
    if architecture:
        described[ARCHITECTURE] = architecture
    elif hardware in _DETAILED_MACHINES:
        described[ARCHITECTURE_DETAIL] = hardware
    if flavor is Flavor.LITE:
        described[RUNTIME] = LITE_RUNTIME
    return described


def matches(wanted: Mapping[str, str], platform: Mapping[str, str], flavor: Flavor) -> bool:
    """Whether a manifest whose `Platform` is `wanted` is for the machine that `platform` describes.

    Classic (component-common `PlatformHelper`): a value is exact, `/java regular expression/` over the whole
    value, or `*`; for os and architecture also `all` and `any`; no keys at all match everything.
    Lite: `runtime` must be there; values are exact or `*`, for os also `all`; no regular expressions.
    """
    if flavor is Flavor.LITE:
        return RUNTIME in wanted and all(
            value in _LITE_WILDCARDS.get(key, ()) or value == platform.get(key)
            for key, value in wanted.items()
            if key in _LITE_WILDCARDS
        )
    return all(_classic_match(key, value, platform.get(key, "")) for key, value in wanted.items())


def as_regex(value: str) -> str | None:
    """The regular expression inside `/…/`; None when `value` is not written as one."""
    slashes = 2
    if len(value) >= slashes and value.startswith("/") and value.endswith("/"):
        return value[1:-1]
    return None


def _classic_match(key: str, value: str, label: str) -> bool:
    if value == ANYTHING:
        return True
    if not label:
        return False
    if (pattern := as_regex(value)) is not None:
        return re.fullmatch(pattern, label) is not None
    return value in _WILDCARDS_OF_OLD.get(key, ()) or value == label
