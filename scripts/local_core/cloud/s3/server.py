"""The S3 stand-in's own process: moto's S3 behind werkzeug on loopback, with one bucket.

Run as `python -m local_core.cloud.s3.server --port N --bucket NAME --region NAME`. It prints one
JSON line: `{"port": N}` when it listens, `{"error": TEXT}` when it cannot. `store` starts and stops
it; the core never imports it, for moto costs half a second and 45 MB. Objects live here and end with it. It
checks no signature and no permission; `gate` stands before moto and does what moto leaves out:
checksums, expired tokens, conditional writes that hold between threads, counts. werkzeug gives each
request a connection and a thread.
"""

import argparse
import json
import logging
import socket
import sys

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends
from werkzeug.serving import make_server

from local_core.cloud.s3.gate import Gate

_S3 = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]


def main() -> int:
    """Serve until killed; returns the exit code when it could not start."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--region", required=True)
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # not a line for each request
    try:
        _S3.create_bucket(arguments.bucket, arguments.region)
        # Bound here, for werkzeug would ask the DNS for the name of 127.0.0.1.
        listener = socket.create_server(("127.0.0.1", arguments.port))
    except (S3ClientError, OSError) as error:
        print(json.dumps({"error": str(error)}), flush=True)  # noqa: T201  stdout is the way to the core
        return 1
    gate = Gate(create_backend_app("s3"), _Moto())
    server = make_server(
        "127.0.0.1",
        arguments.port,
        gate,
        threaded=True,
        request_handler=MotoRequestHandler,
        fd=listener.fileno(),
    )
    print(json.dumps({"port": server.port}), flush=True)  # noqa: T201  the same
    server.serve_forever(poll_interval=3600)  # it is ended by a signal: nothing to poll for
    return 0


class _Moto:
    """What moto holds, for the gate."""

    def has_object(self, bucket: str, key: str) -> bool:
        """Whether there is an object under this key."""
        return bucket in _S3.buckets and key in _S3.buckets[bucket].keys

    def has_upload(self, bucket: str, upload_id: str) -> bool:
        """Whether there is such a multipart upload."""
        return bucket in _S3.buckets and upload_id in _S3.buckets[bucket].multiparts


if __name__ == "__main__":
    sys.exit(main())
