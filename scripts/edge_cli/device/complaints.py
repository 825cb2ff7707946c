"""What greengrass-cli's complaints mean, and what to do about each; pure.

The words are those of aws-greengrass-cli (NucleusAdapterIpcClientImpl, its start script), of Java, of sudo
and of the shell.
"""

import re
from dataclasses import dataclass

# `Caused by: package.Class: words`; the last one of a stack trace is the reason.
_THROWN = re.compile(
    r'^(?:Caused by: |Exception in thread "\S+" )?(?:[\w$]+\.)+(?P<kind>[\w$]+)(?:: (?P<words>.*))?$',
    re.MULTILINE,
)
_NO_KEY = re.compile(r"auth information|authorized user or group")
_NO_RIGHTS = re.compile(
    r"[Pp]ermission denied|AccessDenied|Unauthorized|not permitted|a password is required"
)
_NO_ANSWER = re.compile(
    r"[Cc]onnect|socket|Unable to (?:create|find)|No core (?:runs|answers)|ipc_info|TimeoutException"
)
_OLD_JAVA = "UnsupportedClassVersionError"
_UNKNOWN_OPTION = re.compile(r"Unknown option:? '?--failure-handling-policy")
JAVA = "sudo apt install default-jre-headless"


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why greengrass-cli did not do what it was told.

    Attributes:
        reason: In its words, in one line.
        advice: What to do.
        is_silence: The nucleus did not answer; it may later.
    """

    reason: str
    advice: str
    is_silence: bool = False


def understood(said: str, *, is_root: bool, root: str, advice_on_root: str) -> Complaint:
    r"""What a complaint means.

    Args:
        said: All that it said, with its line breaks.
        is_root: Whether it ran as root.
        root: The nucleus's folder.
        advice_on_root: How a person becomes root there.

    >>> understood("java.lang.RuntimeException: Unable to create ipc client\n\tat x\nCaused by: "
    ...            "java.io.IOException: Not able to find auth information in directory: /x. Please run CLI "
    ...            "as authorized user or group.", is_root=False, root="/x", advice_on_root="sudo").advice
    'It admits root and the groups in AuthorizedPosixGroups of aws.greengrass.Cli only. sudo'
    """
    look = "systemctl status greengrass, and scripts/edge doctor on the board"
    advice, is_silence = f"Its log: {root}/logs/greengrass.log", False
    if _NO_KEY.search(said) and is_root:
        advice = (
            "The nucleus has given its command no key: it does not run, or its component aws.greengrass.Cli "
            f"does not. {look}"
        )
        is_silence = True
    elif _NO_KEY.search(said):
        advice = (
            "It admits root and the groups in AuthorizedPosixGroups of aws.greengrass.Cli only. "
            f"{advice_on_root}"
        )
    elif _OLD_JAVA in said:
        advice = f"Its Java is too old: {JAVA}"
    elif _NO_RIGHTS.search(said):
        advice = f"That takes root. {advice_on_root}"
    elif _UNKNOWN_OPTION.search(said):
        advice = "It is too old to roll back what fails: deploy a later aws.greengrass.Cli to the device"
    elif _NO_ANSWER.search(said):
        advice, is_silence = f"Is the nucleus running? {look}", True
    return Complaint(_reason(said), advice, is_silence)


def _reason(said: str) -> str:
    """The last cause of a stack trace, else all of it; in one line."""
    thrown = [one["words"] or one["kind"] for one in _THROWN.finditer(said)]
    if thrown and "\n\tat " in said:
        said = thrown[-1]
    return " ".join(said.split()).removeprefix("error: ").rstrip(".")
