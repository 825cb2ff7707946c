"""What a component is trusted with stands in nothing that it writes: neither log nor spool nor other file."""

import json
import urllib.request
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from support.cloud import CloudObserver
from support.component_process import ComponentProcess, started
from support.core import RunningCore, running_core
from support.waiting import wait_until

WITHIN_S = 30.0
PUBLISHER, UPLOADER = "mqtt_publisher", "s3_batch_uploader"
QUICK = {
    PUBLISHER: {"publish_interval_s": "0.05", "give_up_after_s": "5"},
    UPLOADER: {"reading_interval_s": "0.05", "batch_max_age_s": "0.2", "bucket": "edge-local"},
}


def test_no_credential_stands_in_anything_that_components_write(tmp_path: Path) -> None:
    """At DEBUG, through refused credentials, a kill and a core that goes away: where texts get long."""
    with running_core(tmp_path / "core") as core, CloudObserver(core.mqtt_port) as cloud:
        secrets = {core.cli_token, *credentials_of(core)}
        with ExitStack() as running:
            killed = {name: running.enter_context(at_debug(name, core, tmp_path / name)) for name in QUICK}
            wait_for_deliveries(cloud, killed[UPLOADER])
            core.ask("expire_credentials")
            secrets |= credentials_of(core)
            for process in killed.values():
                process.process.kill()
                process.process.wait()
        running_again = ExitStack()
        again = {name: running_again.enter_context(at_debug(name, core, tmp_path / name)) for name in QUICK}
        wait_for_deliveries(cloud, again[UPLOADER])
        secrets |= credentials_of(core)
    with running_again:  # the core has gone
        wait_until(lambda: "delivery_failing" in again[UPLOADER].stdout, WITHIN_S, "an upload that fails")

    assert len(secrets) >= 7  # the token; key id, secret and session token of two sets at least
    written = [
        path for path in tmp_path.rglob("*") if path.is_file() and (tmp_path / "core") not in path.parents
    ]
    assert len(written) >= 8
    for path in written:
        content = path.read_bytes()
        assert [secret for secret in secrets if secret.encode() in content] == [], path


def at_debug(name: str, core: RunningCore, folder: Path) -> AbstractContextManager[ComponentProcess]:
    """One component with the core's token, at its most talkative; its files stay in `folder`."""
    folder.mkdir(exist_ok=True)
    (folder / "stdout").touch()
    for stream in ("stdout", "stderr"):
        if (folder / stream).exists():
            (folder / stream).rename(folder / f"{stream}.{len(list(folder.iterdir()))}")
    environment = {
        "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": core.endpoints["ipc"],
        "SVCUID": core.cli_token,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": core.cli_token,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": core.endpoints["token_exchange"],
        "AWS_ENDPOINT_URL_S3": core.endpoints["s3"],
        "AWS_REGION": "ap-northeast-2",
    }
    settings = {**QUICK[name], "outbox": {"max_bytes": str(8 << 20)}}
    return started(name, folder, settings, "--debug", **environment)


def credentials_of(core: RunningCore) -> set[str]:
    """What the token exchange hands out now: key id, secret and session token."""
    request = urllib.request.Request(  # noqa: S310  the core's own endpoint, on loopback
        core.endpoints["token_exchange"], headers={"Authorization": core.cli_token}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310  the same
        given = json.load(answer)
    return {given["AccessKeyId"], given["SecretAccessKey"], given["Token"]}


def wait_for_deliveries(cloud: CloudObserver, uploader: ComponentProcess) -> None:
    """Wait until both components have delivered something since they were started."""
    cloud.wait_for(len(cloud.messages) + 5, WITHIN_S)
    wait_until(lambda: uploader.stdout.count("batch_uploaded") >= 2, WITHIN_S, "two batches uploaded")
