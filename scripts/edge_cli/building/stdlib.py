"""Names of the standard library of each Python that components run on. Pure; no I/O.

The running interpreter knows its own (`sys.stdlib_module_names`); what came and went is in the release notes:
"What's New in Python 3.12", "Removed", "3.13", "PEP 594" and "3.14", "New modules".
"""

import sys

from edge_cli.targets import PythonVersion

_REMOVED = {
    12: "asynchat asyncore distutils imp smtpd",
    13: "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes "
    "sndhdr spwd sunau telnetlib uu xdrlib",
}
_ADDED = {14: "annotationlib compression"}


def standard_library(python: PythonVersion, running_minor: int = sys.version_info.minor) -> frozenset[str]:
    """Top-level modules that are always there.

    >>> "cgi" in standard_library(PythonVersion.PY312), "cgi" in standard_library(PythonVersion.PY313)
    (True, False)
    """
    names = set(sys.stdlib_module_names)
    for minor in range(running_minor, python.minor, -1):  # back in time
        names |= set(_REMOVED.get(minor, "").split())
        names -= set(_ADDED.get(minor, "").split())
    for minor in range(running_minor + 1, python.minor + 1):  # forward
        names -= set(_REMOVED.get(minor, "").split())
        names |= set(_ADDED.get(minor, "").split())
    return frozenset(names)
