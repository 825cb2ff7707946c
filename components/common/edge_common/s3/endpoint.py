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
_BUCKET = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
# The same page: reserved for access points, directory buckets, table buckets and AWS's own, which want
# another way of asking than ours.
_RESERVED_BEGINNINGS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
# The form of all names in the AWS General Reference, "Regional endpoints": eu-west-1, us-gov-east-1.
_REGION = r"^[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}$"
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
    faults = [f"bucket: {bucket!r}: {fault}. Correct it."] if (fault := bucket_fault(bucket)) else []
    chosen = region or next((environment[name] for name in _REGION_VARIABLES if environment.get(name)), "")
    if not chosen:
        faults.append(f"region: missing, and {_REGION_VARIABLES[0]} is not set. Name the bucket's region.")
    elif fault := region_fault(chosen):
        faults.append(f"region: {chosen!r}: {fault}. Correct it.")
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


def bucket_fault(bucket: str) -> str | None:
    """What is wrong with a bucket's name; None when nothing is.

    >>> bucket_fault("192.168.0.1")
    'no bucket is called like an IP address'
    """
    if not re.fullmatch(_BUCKET, bucket) or ".." in bucket:
        return "a bucket's name has 3 to 63 of a-z, 0-9, hyphens and single dots, and neither at its ends"
    if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", bucket):
        return "no bucket is called like an IP address"
    for reserved in _RESERVED_BEGINNINGS:
        if bucket.startswith(reserved):
            return f"no general purpose bucket's name begins with {reserved}"
    for reserved in _RESERVED_ENDS:
        if bucket.endswith(reserved):
            return f"no general purpose bucket's name ends in {reserved}"
    return None


def region_fault(region: str) -> str | None:
    """What is wrong with a region's name; None when nothing is.

    >>> region_fault("Seoul")
    'a region is called like ap-northeast-2'
    """
    return None if re.fullmatch(_REGION, region) else "a region is called like ap-northeast-2"


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
