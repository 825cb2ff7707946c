from pathlib import Path

import pytest

from local_core.runtime.environment import CoreVariables, component_environment

CORE = CoreVariables(
    ipc_socket=Path("/core/ipc.socket"),
    thing_name="thing",
    region="ap-northeast-2",
    nucleus_version="2.17.0",
    home=Path("/core/home"),
    first_on_path="/opt/python/bin",
    credentials_uri="http://localhost:1234/2016-11-01/credentialprovider/",
    extra={"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"},
)


def environment(*, uses_token_exchange: bool = False, **setenv: str) -> dict[str, str]:
    return component_environment(CORE, "TOKEN", uses_token_exchange=uses_token_exchange, setenv=setenv)


def test_component_gets_what_a_device_s_core_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("TZ", "Asia/Seoul")
    monkeypatch.setenv("PATH", "/usr/bin")

    assert environment() == {
        "PATH": "/opt/python/bin:/usr/bin",
        "HOME": "/core/home",
        "LANG": "de_DE.UTF-8",
        "TZ": "Asia/Seoul",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH": "/core/ipc.socket",
        "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": "/core/ipc.socket",
        "AWS_IOT_THING_NAME": "thing",
        "AWS_REGION": "ap-northeast-2",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "GGC_VERSION": "2.17.0",
        "GG_ROOT_CA_PATH": "",
        "SVCUID": "TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "TOKEN",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
    }


def test_nothing_of_the_laptop_user_s_own_credentials_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "session",
        "AWS_PROFILE": "production",
        "AWS_CONFIG_FILE": "/home/user/.aws/config",
        "PYTHONPATH": "/home/user/code",
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)

    assert not own.keys() & environment().keys()


def test_token_exchange_is_told_only_to_those_that_depend_on_it() -> None:
    name = "AWS_CONTAINER_CREDENTIALS_FULL_URI"

    assert name not in environment()
    assert environment(uses_token_exchange=True)[name] == CORE.credentials_uri


def test_recipe_s_own_values_come_last() -> None:
    assert environment(AWS_REGION="eu-west-1", MINE="1")["AWS_REGION"] == "eu-west-1"
