"""Where mosquitto is on this machine. Looks at the folders of programs, runs nothing."""

import os
import shutil

# Debian's lies in /usr/sbin, which is not on everybody's PATH.
_MORE_FOLDERS = ("/usr/sbin", "/usr/local/sbin")


def find_mosquitto() -> str | None:
    """The program's path; None where it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=os.pathsep.join(_MORE_FOLDERS))
