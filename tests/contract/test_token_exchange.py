"""Token exchange and the S3 stand-in, used by unmodified boto3 as a component would use them."""

import asyncio
import http.client
import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local_core.cloud.broker import Broker
from local_core.cloud.s3 import store as object_store_module
from local_core.cloud.s3.store import ObjectStore
from local_core.cloud.token_exchange import PATH, TokenExchange
from local_core.errors import CoreError
from local_core.ipc.tokens import Tokens
from local_core.layout import Layout
from local_core.processes.children import Children
from local_core.settings import Flavor
from support.loops import LoopThread

REGION = "ap-northeast-2"
BUCKET = "edge-local"


@contextmanager
def token_exchange(
    flavor: Flavor = Flavor.CLASSIC, lifetime_s: float = 3600
) -> Iterator[tuple[LoopThread, TokenExchange, str]]:
    """A running endpoint and a token of a component."""
    tokens = Tokens()
    with LoopThread() as loop:
        endpoint = TokenExchange(tokens, flavor, lifetime_s=lifetime_s)
        loop.run(endpoint.start())
        try:
            yield loop, endpoint, tokens.issue("com.example.Uploader")
        finally:
            loop.run(endpoint.stop())


@contextmanager
def object_store(root: Path, loop: LoopThread, bucket: str = BUCKET, port: int = 0) -> Iterator[ObjectStore]:
    """A running S3 stand-in."""
    children = loop.call(Children, root / "children.json")
    store = loop.call(ObjectStore, Layout(root), children, bucket, REGION, port)
    loop.run(store.start())
    try:
        yield store
    finally:
        loop.run(store.stop())


def ask(
    endpoint: TokenExchange, token: str | None, method: str = "GET", path: str = PATH, body: bytes = b""
) -> tuple[int, bytes]:
    """One HTTP request by the standard library's client."""
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
    try:
        connection.request(method, path, body or None, {"Authorization": token} if token else {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def s3_client(monkeypatch: pytest.MonkeyPatch, endpoint: TokenExchange, token: str, store_url: str) -> Any:
    """boto3 in the environment that the core gives a component, and no other credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.full_uri)
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", token)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", store_url)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    return boto3.session.Session().client("s3", config=Config(retries={"total_max_attempts": 1}))


def test_boto3_uploads_with_credentials_from_the_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with token_exchange() as (loop, endpoint, token), object_store(tmp_path, loop) as store:
        s3 = s3_client(monkeypatch, endpoint, token, store.endpoint_url)
        s3.put_object(Bucket=BUCKET, Key="sensor-data/thing/1.json", Body=b"{}", IfNoneMatch="*")

        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.put_object(Bucket=BUCKET, Key="sensor-data/thing/1.json", Body=b"{}", IfNoneMatch="*")
        assert s3.get_object(Bucket=BUCKET, Key="sensor-data/thing/1.json")["Body"].read() == b"{}"
        assert s3.head_bucket(Bucket=BUCKET)["BucketRegion"] == REGION
        assert store.log_file.read_text() == ""  # requests are not worth a line


def test_object_of_many_parts_is_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = bytes(range(256)) * 50_000
    path = tmp_path / "big"
    path.write_bytes(body)
    with token_exchange() as (loop, endpoint, token), object_store(tmp_path, loop) as store:
        s3 = s3_client(monkeypatch, endpoint, token, store.endpoint_url)
        s3.upload_file(str(path), BUCKET, "big")

        assert s3.get_object(Bucket=BUCKET, Key="big")["Body"].read() == body


def test_expired_credentials_are_refused_until_new_ones_are_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with token_exchange() as (loop, endpoint, token), object_store(tmp_path, loop) as store:
        old = s3_client(monkeypatch, endpoint, token, store.endpoint_url)
        old.put_object(Bucket=BUCKET, Key="before", Body=b"x")
        expired = loop.call(endpoint.expire)
        loop.run(store.refuse_tokens(expired))

        with pytest.raises(ClientError) as refusal:
            old.put_object(Bucket=BUCKET, Key="after", Body=bytes(1_000_000))
        assert refusal.value.response["Error"]["Code"] == "ExpiredToken"
        assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        new = s3_client(monkeypatch, endpoint, token, store.endpoint_url)
        new.put_object(Bucket=BUCKET, Key="after", Body=b"y")
        assert [one["Key"] for one in new.list_objects_v2(Bucket=BUCKET)["Contents"]] == ["after", "before"]


def test_credentials_stay_the_same_until_they_end_soon_or_are_expired() -> None:
    with token_exchange() as (loop, endpoint, token):
        first, second = json.loads(ask(endpoint, token)[1]), json.loads(ask(endpoint, token)[1])
        assert loop.call(endpoint.expire) == [first["Token"]]
        third = json.loads(ask(endpoint, token)[1])

    assert first == second
    assert len({first["AccessKeyId"], third["AccessKeyId"]}) == 2
    assert set(first) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
    ends_at = datetime.strptime(first["Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert 3590 < (ends_at - datetime.now(UTC)).total_seconds() <= 3600


def test_credentials_that_end_within_five_minutes_are_made_anew() -> None:
    with token_exchange(lifetime_s=299) as (loop, endpoint, token):
        first, second = json.loads(ask(endpoint, token)[1]), json.loads(ask(endpoint, token)[1])

        assert first["Token"] != second["Token"]
        assert loop.call(endpoint.expire) == [first["Token"], second["Token"]]


@pytest.mark.parametrize(
    ("flavor", "without_token", "with_wrong_token"), [(Flavor.CLASSIC, 403, 403), (Flavor.LITE, 400, 404)]
)
def test_caller_without_a_valid_token_is_refused_as_its_flavor_does(
    flavor: Flavor, without_token: int, with_wrong_token: int
) -> None:
    with token_exchange(flavor) as (_, endpoint, _):
        assert ask(endpoint, None) == (without_token, b"")
        assert ask(endpoint, "WRONG") == (with_wrong_token, b"")


@pytest.mark.parametrize("flavor", Flavor)
def test_other_verbs_and_other_paths_are_refused(flavor: Flavor) -> None:
    with token_exchange(flavor) as (_, endpoint, token):
        assert ask(endpoint, token, "POST", body=bytes(10_000)) == (405, b"")
        assert ask(endpoint, token, "HEAD") == (405, b"")
        assert ask(endpoint, token, path="/") == (400, b"")
        assert ask(endpoint, token, path=PATH.rstrip("/")) == (400, b"")


def test_token_of_a_stopped_component_is_refused() -> None:
    tokens = Tokens()
    with LoopThread() as loop:
        endpoint = TokenExchange(tokens, Flavor.CLASSIC)
        loop.run(endpoint.start())
        token = tokens.issue("c")
        assert ask(endpoint, token)[0] == 200
        loop.call(tokens.revoke, "c")
        assert ask(endpoint, token)[0] == 403
        loop.run(endpoint.stop())


@pytest.mark.parametrize(
    "nonsense",
    [b"\r\n\r\n", b"GET\r\n\r\n", b"\x00\xff\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n"],
)
def test_nonsense_is_answered_and_costs_nobody_else(nonsense: bytes) -> None:
    with token_exchange() as (_, endpoint, token):
        with socket.create_connection(("127.0.0.1", endpoint.port), timeout=10) as client:
            client.sendall(nonsense)
            assert client.recv(100).startswith(b"HTTP/1.1 400 ")

        assert ask(endpoint, token)[0] == 200


@pytest.mark.parametrize("unfinished", [b"", b"GET", b"x" * 100_000])
def test_client_that_never_finishes_does_not_hold_up_the_end(unfinished: bytes) -> None:
    with token_exchange() as (loop, endpoint, token), socket.socket() as client:
        client.connect(("127.0.0.1", endpoint.port))
        client.sendall(unfinished)
        assert ask(endpoint, token)[0] == 200

        loop.run(endpoint.stop())


def test_store_that_hangs_does_not_hang_the_core_that_tells_it_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store_module, "ANSWER_TIMEOUT_S", 0.2)
    with LoopThread() as loop, object_store(tmp_path, loop) as store:
        assert store.pid is not None
        os.kill(store.pid, signal.SIGSTOP)
        try:
            with pytest.raises(CoreError, match=r"does not answer: nothing came within 0\.2 s.*s3\.log"):
                loop.run(store.refuse_tokens(["token"]))
        finally:
            os.kill(store.pid, signal.SIGCONT)


def test_taken_port_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder, LoopThread() as loop:
        port = holder.getsockname()[1]
        with pytest.raises(CoreError, match=rf"^S3 port {port} on 127.0.0.1 is taken .*--s3-port"):
            object_store(tmp_path, loop, port=port).__enter__()


def test_bucket_name_that_s3_does_not_take_is_named(tmp_path: Path) -> None:
    with LoopThread() as loop, pytest.raises(CoreError) as refusal:
        object_store(tmp_path, loop, bucket="x").__enter__()

    assert "with bucket 'x'" in str(refusal.value)
    assert "The specified bucket is not valid" in str(refusal.value)


def test_everything_listens_on_loopback_only(tmp_path: Path) -> None:
    with token_exchange() as (loop, endpoint, _), object_store(tmp_path, loop) as store:
        assert store.pid is not None
        listening = [
            c.laddr
            for process in (psutil.Process(), psutil.Process(store.pid))
            for c in process.net_connections("inet")
            if c.status == psutil.CONN_LISTEN
        ]

        assert set(listening) == {("127.0.0.1", endpoint.port), ("127.0.0.1", store.port)}


def test_store_starts_beside_the_broker_and_leaves_no_process(tmp_path: Path) -> None:
    with LoopThread() as loop:
        children = loop.call(Children, tmp_path / "children.json")
        store = loop.call(ObjectStore, Layout(tmp_path), children, BUCKET, REGION)
        broker = loop.call(Broker, Layout(tmp_path), children)

        async def start_both() -> None:
            await asyncio.gather(store.start(), broker.start())

        loop.run(start_both())
        pids = [store.pid, broker.pid]
        loop.run(store.stop())
        loop.run(broker.stop())

    assert None not in pids
    assert not any(psutil.pid_exists(pid) for pid in pids if pid is not None)
    assert (tmp_path / "logs" / "s3.log").read_text() == ""
