"""Where S3 is: the bucket's name, its region and its endpoint, checked before anything is opened.

Pure; any thread.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from edge_common.errors import ConfigError

# Amazon S3 User Guide, "General purpose bucket naming rules": 3 to 63 of lower-case letters, digits, dots and
# hyphens, beginning and ending in a letter or digit.
BUCKET_PATTERN = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
# botocore takes the second where the first is not set; the nucleus sets both regions.
_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bucket is.

    Attributes:
        region: To sign for.
        url: The endpoint, or None for AWS's own.
    """

    region: str
    url: str | None


def checked_place(bucket: str, region: str | None, environment: Mapping[str, str]) -> Place:
    """Check where objects will go.

    Args:
        bucket: Its name.
        region: None takes the core's, from the environment.
        environment: The process's.

    Raises:
        ConfigError: A name that no bucket has, no region, or an endpoint without TLS; all faults at once.
    """
    faults = []
    if not re.fullmatch(BUCKET_PATTERN, bucket) or ".." in bucket:
        faults.append(
            f"bucket: {bucket!r} is no name of a bucket. Allowed: 3 to 63 of a-z, 0-9, '.' and '-', "
            "beginning and ending in a letter or digit. Correct it."
        )
    chosen = region or next((environment[name] for name in _REGION_VARIABLES if environment.get(name)), "")
    if not chosen:
        faults.append(f"region: missing, and {_REGION_VARIABLES[0]} is not set. Name the bucket's region.")
    faults += [
        f"{name}: {fault}"
        for name in _ENDPOINT_VARIABLES
        if (fault := endpoint_fault(environment.get(name, "")))
    ]
    if faults:
        raise ConfigError(faults)
    return Place(
        chosen, next((environment[name] for name in _ENDPOINT_VARIABLES if environment.get(name)), None)
    )


def endpoint_fault(url: str) -> str | None:
    """What is wrong with an endpoint; None when nothing is, or it is empty: AWS's own.

    Plain HTTP would show readings and session tokens to whoever is on the way; to this machine itself, where
    the local core listens, nobody is.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        return f"{url!r} is no URL: {error}. Correct it or unset it."
    if not url or (parts.scheme == "https" and host) or (parts.scheme == "http" and _is_loopback(host)):
        return None
    if parts.scheme == "http":
        return f"{url!r} is not encrypted and not on this machine. Use https://, or unset it."
    return f"{url!r} is no https:// URL with a host. Correct it or unset it."


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
