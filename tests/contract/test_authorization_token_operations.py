"""ValidateAuthorizationToken, asked by the unmodified SDK: Stream Manager learns whose token is good."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import InvalidTokenError, UnauthorizedError

from local_core.ipc.server import IpcServer
from local_core.ipc.tokens import Tokens
from local_core.operations.authorization_tokens import STREAM_MANAGER, AuthorizationTokens
from local_core.runtime.builtin import CLI
from support.ipc import connect
from support.loops import LoopThread
from support.refusals import refused

EXPORTER = "com.example.StreamManagerExporter"


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def socket_path(tmp_path: Path, tokens: Tokens) -> Iterator[Path]:
    with LoopThread() as loop:
        operations = AuthorizationTokens(tokens).operations()
        server = loop.call(IpcServer, tmp_path / "ipc.socket", tokens, operations)
        loop.run(server.start())
        yield server.address
        loop.run(server.stop())


@pytest.fixture
def stream_manager(socket_path: Path, tokens: Tokens) -> Iterator[GreengrassCoreIPCClientV2]:
    with connect(socket_path, tokens.issue(STREAM_MANAGER)) as client:
        yield client


def test_token_of_a_component_is_valid(stream_manager: GreengrassCoreIPCClientV2, tokens: Tokens) -> None:
    assert stream_manager.validate_authorization_token(token=tokens.issue(EXPORTER)).is_valid is True


@pytest.mark.parametrize("token", ["", "0123456789ABCDEF", None])
def test_token_that_nobody_was_given_is_invalid(
    stream_manager: GreengrassCoreIPCClientV2, token: str | None
) -> None:
    with refused(InvalidTokenError, "Token is not valid"):
        stream_manager.validate_authorization_token(token=token)


def test_token_is_invalid_once_its_component_has_ended_or_has_a_newer_one(
    stream_manager: GreengrassCoreIPCClientV2, tokens: Tokens
) -> None:
    of_earlier_run = tokens.issue(EXPORTER)
    of_this_run = tokens.issue(EXPORTER)

    with pytest.raises(InvalidTokenError):
        stream_manager.validate_authorization_token(token=of_earlier_run)
    assert stream_manager.validate_authorization_token(token=of_this_run).is_valid is True
    tokens.revoke(EXPORTER)
    with pytest.raises(InvalidTokenError):
        stream_manager.validate_authorization_token(token=of_this_run)


@pytest.mark.parametrize("name", [EXPORTER, CLI, "aws.greengrass.streammanager"])
def test_nobody_but_stream_manager_may_ask(socket_path: Path, tokens: Tokens, name: str) -> None:
    with connect(socket_path, tokens.issue(name)) as client:
        for token in (tokens.issue("com.example.Other"), "unknown"):
            with refused(
                UnauthorizedError, f"{name} is not authorized to perform ValidateAuthorizationToken"
            ):
                client.validate_authorization_token(token=token)
