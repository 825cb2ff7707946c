"""The S3 stand-in as a process of its own, without a core, and plain boto3 to look into it."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

REGION = "ap-northeast-2"
BUCKET = "edge-local"
_HOST = "127.0.0.1"
_STOP_DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class Store:
    """A running stand-in with one empty bucket.

    Attributes:
        port: Where it listens on loopback.
        client: Plain boto3; closed with the store.
    """

    port: int
    client: Any

    @property
    def url(self) -> str:
        """What AWS_ENDPOINT_URL_S3 says."""
        return f"http://{_HOST}:{self.port}"

    def counts(self) -> dict[str, Any]:
        """What it was asked and how it answered; how many objects were created and overwritten."""
        counts: dict[str, Any] = json.loads(self._ask("GET", "/_counts", b""))
        return counts

    def answers(self, operation: str) -> dict[str, int]:
        """Outcome -> count of one operation, such as "PutObject"."""
        outcomes: dict[str, int] = self.counts()["answers"].get(operation, {})
        return outcomes

    def refuse_tokens(self, tokens: Sequence[str]) -> None:
        """From now on answer ExpiredToken to these session tokens, and to those with no other."""
        self._ask("PUT", "/_expired_tokens", "\n".join(tokens).encode())

    def listing(self) -> list[str]:
        """The keys of all objects."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def body(self, key: str) -> bytes:
        """What an object holds."""
        body: bytes = self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body

    def unfinished_uploads(self) -> list[str]:
        """The keys of multipart uploads that are neither completed nor aborted."""
        answer = self.client.list_multipart_uploads(Bucket=BUCKET)
        return [upload["Key"] for upload in answer.get("Uploads", [])]

    def save_to(self, folder: Path) -> None:
        """Write every object to a file, for DuckDB to read."""
        for key in self.listing():
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.body(key))

    def _ask(self, method: str, path: str, body: bytes) -> bytes:
        connection = http.client.HTTPConnection(_HOST, self.port, timeout=10)
        try:
            connection.request(method, path, body)
            return connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def running_store() -> Iterator[Store]:
    """Start a stand-in; it is gone afterwards, with its objects."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "local_core.cloud.s3.server"),
            *("--port", "0", "--bucket", BUCKET, "--region", REGION),
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        client = plain_client(f"http://{_HOST}:{port}")
        try:
            yield Store(port, client)
        finally:
            client.close()
    finally:
        process.kill()
        process.communicate(timeout=_STOP_DEADLINE_S)


def plain_client(url: str, **config: Any) -> Any:
    """boto3 as anybody would use it; any key will do for the stand-in.

    Args:
        url: The endpoint.
        config: Of botocore.
    """
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  no secret: the stand-in takes any
        config=Config(retries={"total_max_attempts": 1}, **config),
    )
