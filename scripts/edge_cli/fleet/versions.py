"""Versions in their order (semver.org 2.0.0), and the one after. Pure; no I/O."""

from collections.abc import Iterable

from semantic_version import Version

from edge_cli.building.names import checked_version
from edge_cli.errors import CommandError


def ordered(versions: Iterable[str]) -> list[str]:
    """Oldest first; what is no version is left out.

    >>> ordered(["1.10.0", "1.9.0", "1.10.0-rc.1"])
    ['1.9.0', '1.10.0-rc.1', '1.10.0']
    """
    return sorted((one for one in versions if _is_version(one)), key=Version)


def newest_release(versions: Iterable[str]) -> str | None:
    """The newest version that is no pre-release; where there are only those, the newest; None of none.

    >>> newest_release(["1.0.0", "1.1.0-rc.1"])
    '1.0.0'
    """
    in_order = ordered(versions)
    releases = [one for one in in_order if not Version(one).prerelease]
    newest_last = releases or in_order
    return newest_last[-1] if newest_last else None


def next_version(built: str, published: Iterable[str]) -> str:
    """What to call something new.

    Args:
        built: What the build is called: taken when it is higher than all that are published.
        published: Versions that are taken.

    >>> next_version("1.0.0", ["1.0.0", "1.0.4"]), next_version("2.0.0", ["1.0.4"])
    ('1.0.5', '2.0.0')
    """
    in_order = ordered(published)
    if not in_order or Version(built) > Version(in_order[-1]):
        return built
    latest = Version(in_order[-1])
    return checked_version(f"{latest.major}.{latest.minor}.{latest.patch + 1}")


def _is_version(text: str) -> bool:
    try:
        checked_version(text)
    except CommandError:
        return False
    return True
