"""The S3 stand-in's own process: moto's S3 behind werkzeug on loopback, with one bucket.

Run as `python -m local_core.cloud.object_store_server --port N --bucket NAME --region NAME`. It prints one
JSON line: `{"port": N}` when it listens, `{"error": TEXT}` when it cannot. `object_store` starts and stops
it; the core never imports it, for moto costs half a second and 45 MB. Objects live here and end with it. moto
checks no signature and no checksum. werkzeug gives each request a thread.
"""

import argparse
import json
import logging
import socket
import sys
from collections.abc import Iterable
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends
from werkzeug.serving import make_server
from werkzeug.wsgi import get_input_stream

# Where it is told which session tokens have expired: one to a line. No bucket has an underscore in its name.
EXPIRED_TOKENS_PATH = "/_expired_tokens"

_EXPIRED_TOKEN = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"""


class ExpiryCheck:
    """Answers as S3 does when a request carries an expired session token; passes every other on.

    Args:
        application: moto's.
    """

    def __init__(self, application: Any) -> None:
        self._application = application
        self._expired: frozenset[str] = frozenset()  # replaced as a whole: many threads read it

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One WSGI request."""
        if environ["PATH_INFO"] == EXPIRED_TOKENS_PATH:
            self._expired = frozenset(get_input_stream(environ).read().decode("ascii").split())
            start_response("204 No Content", [])
            return []
        if environ.get("HTTP_X_AMZ_SECURITY_TOKEN") in self._expired:
            get_input_stream(environ).read()  # a client that is still sending would miss the answer
            start_response("400 Bad Request", [("Content-Type", "application/xml")])
            return [_EXPIRED_TOKEN]
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer


def main() -> int:
    """Serve until killed; returns the exit code when it could not start."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--region", required=True)
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # not a line for each request
    try:
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].create_bucket(arguments.bucket, arguments.region)
        # Bound here, for werkzeug would ask the DNS for the name of 127.0.0.1.
        listener = socket.create_server(("127.0.0.1", arguments.port))
    except (S3ClientError, OSError) as error:
        print(json.dumps({"error": str(error)}), flush=True)  # noqa: T201  stdout is the way to the core
        return 1
    application = ExpiryCheck(create_backend_app("s3"))
    server = make_server(
        "127.0.0.1",
        arguments.port,
        application,
        threaded=True,
        request_handler=MotoRequestHandler,
        fd=listener.fileno(),
    )
    print(json.dumps({"port": server.port}), flush=True)  # noqa: T201  the same
    server.serve_forever(poll_interval=3600)  # it is ended by a signal: nothing to poll for
    return 0


if __name__ == "__main__":
    sys.exit(main())
