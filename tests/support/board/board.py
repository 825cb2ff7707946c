"""A board put together from real parts: a running core, greengrass-cli's words, a real sshd."""

import getpass
import os
import shlex
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from edge_cli.building import checksums
from support.waiting import wait_until

GREENGRASS_CLI = Path(__file__).with_name("greengrass_cli.py")
GGL_CLI = Path(__file__).with_name("ggl_cli.py")
_SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") or "sshd"
_DEADLINE_S = 20.0


def install_greengrass_cli(root: Path) -> Path:
    """Put `bin/greengrass-cli` into a core's folder, as the component aws.greengrass.Cli does."""
    program = root / "bin" / "greengrass-cli"
    program.parent.mkdir(exist_ok=True)
    path = shlex.quote(os.environ.get("PYTHONPATH", ""))
    program.write_text(
        f"#!/bin/sh\nPYTHONPATH={path} exec {shlex.quote(sys.executable)} {shlex.quote(str(GREENGRASS_CLI))} "
        '"$@"\n'
    )
    program.chmod(0o755)
    return program


def write_build(  # noqa: PLR0913  a build has as many facts
    folder: Path,
    name: str,
    script: str,
    *,
    version: str = "1.0.0",
    grants: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    body: bytes = b"print('hello')\n",
    machine: str = os.uname().machine,
) -> None:
    """One small component in a build folder, as `edge build` leaves it.

    Args:
        folder: The build folder.
        name: Greengrass name.
        script: What it runs.
        version: ComponentVersion.
        grants: `accessControl`.
        settings: `settings` of its configuration; None means some.
        body: What its artifact holds.
        machine: For which processor it is built.
    """
    archive = f"part-cp311-{machine}.zip"
    artifacts = folder / "artifacts" / name / version
    artifacts.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(artifacts / archive, "w") as packed:
        packed.writestr(zipfile.ZipInfo("part/__main__.py"), body)
    content = (artifacts / archive).read_bytes()
    (artifacts / f"part-cp311-{machine}.sha256").write_bytes(checksums.manifest({archive: content}))
    defaults: dict[str, Any] = {"settings": {"word": "tick"} if settings is None else dict(settings)}
    if grants:
        defaults["accessControl"] = grants
    document = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": name,
        "ComponentVersion": version,
        "ComponentPublisher": "Example",
        "ComponentConfiguration": {"DefaultConfiguration": defaults},
        "Manifests": [
            {
                "Platform": {"os": "linux", "runtime": "*"},
                "Lifecycle": {"run": {"Script": script}},
                "Artifacts": [
                    {
                        "Uri": f"s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/{archive}",
                        "Unarchive": "ZIP",
                    }
                ],
            }
        ],
    }
    recipe = folder / "recipes" / f"{name}.yaml"
    recipe.parent.mkdir(exist_ok=True)
    recipe.write_text(yaml.safe_dump(document, sort_keys=False))


def install_program(path: Path, text: str) -> None:
    """Put a shell script where a board has a program of that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def publishing_to(topic: str) -> dict[str, Any]:
    """Grants that let a component publish to one local topic."""
    return {
        "aws.greengrass.ipc.pubsub": {
            "part:pubsub:1": {"operations": ["aws.greengrass#PublishToTopic"], "resources": [topic]}
        }
    }


@contextmanager
def ssh_server(folder: Path) -> Iterator[Path]:
    """A real sshd on loopback that takes one fresh key, for this user.

    Yields:
        A folder with a program `ssh` for PATH: the real one, told by its own configuration where the hosts
        `board` (reachable), `stranger` (takes another key) and `nowhere` (nothing listens) are.
    """
    folder.chmod(0o700)
    for name in ("host", "user", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    (folder / "authorized").write_bytes((folder / "user.pub").read_bytes())
    port, closed = _free_port(), _free_port()
    settings = {
        "Port": str(port),
        "ListenAddress": "127.0.0.1",
        "HostKey": str(folder / "host"),
        "AuthorizedKeysFile": str(folder / "authorized"),
        "PidFile": "none",
        "StrictModes": "no",  # temporary folders lie below one that everybody may write to
        "PasswordAuthentication": "no",
        "UsePAM": "no",
        "PermitRootLogin": "prohibit-password",
    }
    (folder / "sshd_config").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd, as root, insists on locking itself up
    with (folder / "sshd.log").open("wb") as log:
        server = subprocess.Popen([_SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=log)
    try:
        wait_until(lambda: _answers(port), _DEADLINE_S, "sshd listens")
        yield _client(folder, port, closed)
    finally:
        server.terminate()
        server.wait(_DEADLINE_S)


def _client(folder: Path, port: int, closed: int) -> Path:
    known = folder / "known_hosts"
    host_key = " ".join((folder / "host.pub").read_text().split()[:2])
    known.write_text(f"[127.0.0.1]:{port} {host_key}\n")
    common = {
        "HostName": "127.0.0.1",
        "User": getpass.getuser(),
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "UserKnownHostsFile": str(known),
        "StrictHostKeyChecking": "yes",
        "RemoteCommand": "echo mine",
    }
    hosts = {"board": (port, "user"), "stranger": (port, "other"), "nowhere": (closed, "user")}
    (folder / "ssh_config").write_text(
        "".join(
            f"Host {name}\n  Port {number}\n  IdentityFile {folder / key}\n"
            + "".join(f"  {word} {value}\n" for word, value in common.items())
            for name, (number, key) in hosts.items()
        )
    )
    real = shutil.which("ssh")
    programs = folder / "bin"
    programs.mkdir()
    program = programs / "ssh"
    program.write_text(f'#!/bin/sh\nexec {real} -F {shlex.quote(str(folder / "ssh_config"))} "$@"\n')
    program.chmod(0o755)
    return programs


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
