"""What has arrived in the S3 stand-in's bucket. The only user of boto3 here; runs in the caller's thread."""

import json
from dataclasses import dataclass

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from edge_cli.errors import CommandError


@dataclass(frozen=True, slots=True)
class BucketContents:
    """Sums over a bucket.

    Attributes:
        objects: How many objects there are.
        size_bytes: Their sizes together.
        records: Sum of `record_count` over the JSON objects that have one.
    """

    objects: int
    size_bytes: int
    records: int


def count(endpoint: str, bucket: str, region: str) -> BucketContents:
    """Count what a bucket holds; reads every JSON object in it.

    Args:
        endpoint: URL of the S3 stand-in.
        bucket: Its name.
        region: Region to sign for.

    Raises:
        CommandError: The stand-in does not answer or has no such bucket.
    """
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        # The stand-in takes any key; the user's own must not be looked for, let alone sent.
        aws_access_key_id="edge",
        aws_secret_access_key="edge",  # noqa: S106  not a secret: see above
        config=Config(connect_timeout=2, read_timeout=10, retries={"max_attempts": 1}),
    )
    objects = size_bytes = records = 0
    try:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for entry in page.get("Contents", []):
                objects += 1
                size_bytes += entry["Size"]
                if entry["Key"].endswith(".json"):
                    records += _records(client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"Cannot count what is in s3://{bucket} at {endpoint}: {error}") from None
    finally:
        client.close()
    return BucketContents(objects, size_bytes, records)


def _records(body: bytes) -> int:
    try:
        document = json.loads(body)
    except ValueError:
        return 0
    counted = document.get("record_count", 0) if isinstance(document, dict) else 0
    return counted if isinstance(counted, int) else 0
