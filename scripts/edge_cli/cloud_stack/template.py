"""The template as it is sent to CloudFormation. Reads one file; asks nobody."""

import re
from pathlib import Path

from edge_cli.errors import CommandError
from edge_cli.project import PROJECT

TEMPLATE = PROJECT / "scripts" / "cloud" / "fleet.yaml"
DEPLOYMENT = TEMPLATE.parent / "deployment.json"
PREFIX_PARAMETER = "ThingPrefix"
# Parameter of the template; CloudFormation says the same, but only after a change set was made.
_PREFIX = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_BUCKET_NAME = re.compile(r"(?<=BucketName: )!Sub (\S+)")


def body(region: str, account: str, file: Path = TEMPLATE) -> str:
    """The template with the buckets' names written out.

    CloudFormation adopts a bucket that an earlier stack has left only when its name stands in the template
    as text (User Guide, "Import AWS resources into a CloudFormation stack automatically").

    Args:
        region: Where it goes.
        account: Whose it is.
        file: What is read.

    Raises:
        CommandError: It cannot be read.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"The template {file} cannot be read: {error.strerror}.") from None
    return _BUCKET_NAME.sub(lambda found: _written_out(found[1], region, account), text)


def refuse_bad_prefix(prefix: str | None) -> None:
    """Say what the template's parameter takes before anything is asked of AWS.

    Raises:
        CommandError: Not this; None is what holds already, or the template's default.
    """
    if prefix is not None and not _PREFIX.fullmatch(prefix):
        raise CommandError(
            f"--thing-prefix {prefix!r} cannot begin thing names: 1 to 64 of a-z, A-Z, 0-9, _ and -, no '*'."
        )


def _written_out(pattern: str, region: str, account: str) -> str:
    return pattern.replace("${AWS::Region}", region).replace("${AWS::AccountId}", account)
