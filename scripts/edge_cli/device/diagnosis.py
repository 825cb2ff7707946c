"""What each finding of `edge doctor` on a board means and what to do about it; pure."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from edge_cli.device.effective import EffectiveConfig
from edge_cli.health import BROKER_PORT, Check, Verdict
from edge_cli.views import size

_OLDEST_NUCLEUS = (2, 6)  # what our recipes depend on: 2.6.0 expands variables in configurations
_OUTBOX_BYTES = 268_435_456  # `outbox.max_bytes` of each recipe
_LARGEST_SHARE = 0.8  # of the free space, which an outbox refuses to go beyond
_CREDENTIALS_PORT = 443


def judge_nucleus(kind: str, version: str, root: Path) -> Check:
    """The kind, and whether it is new enough for our recipes; an empty version is one that is not known."""
    found = f"{kind} {version or '(version not known)'} in {root}"
    numbers = tuple(int(number) for number in version.split(".")[:2] if number.isdecimal())
    if numbers and numbers < _OLDEST_NUCLEUS:
        advice = "The recipes need 2.6.0: deploy a later aws.greengrass.Nucleus."
        return Check("Nucleus", Verdict.FAIL, found, advice)
    return Check("Nucleus", Verdict.OK, found)


def judge_running(how: str, service: str, *, running: bool) -> Check:
    """Nothing runs without it."""
    if running:
        return Check("Running", Verdict.OK, how)
    return Check(
        "Running", Verdict.FAIL, how, f"sudo systemctl start {service}; why not: journalctl -u {service}"
    )


def judge_configuration(error: str) -> Check:
    """It could not be read."""
    return Check("Configuration", Verdict.FAIL, error, "It takes root: sudo scripts/edge doctor")


def judge_interpreters(found: Mapping[str, str | None]) -> Check:
    """Recipes name the Python that their artifacts were built for; another one cannot import them.

    Args:
        found: Program, e.g. `python3.11` -> what it says of its version; None where it is not there.
    """
    missing = sorted(name for name, version in found.items() if version is None)
    text = ", ".join(f"{name}: {version or 'not there'}" for name, version in sorted(found.items()))
    if missing:
        advice = (
            f"apt install {' '.join(missing)}; or build for the Python that is there: "
            "scripts/edge build --arch aarch64 --python 3.x (python3 --version says which)"
        )
        return Check("Python", Verdict.FAIL, text, advice)
    return Check("Python", Verdict.OK, text)


def judge_user(run_as: str, missing: Sequence[str]) -> Check:
    """Who components run as must exist.

    Args:
        run_as: `user` or `user:group`.
        missing: Those of the two that do not exist, as `user NAME` or `group NAME`.
    """
    if not missing:
        return Check("User", Verdict.OK, run_as)
    user, _, group = run_as.partition(":")
    group = group or user
    advice = f"sudo groupadd --system {group}; sudo useradd --system --create-home -g {group} {user}"
    return Check("User", Verdict.FAIL, f"{run_as}: there is no {' and no '.join(missing)}", advice)


def judge_room(root: Path, free_bytes: int) -> Check:
    """An outbox refuses to be larger than its share of what is free; each component has one."""
    needed = int(_OUTBOX_BYTES / _LARGEST_SHARE)
    found = f"{size(free_bytes)} free for {root}"
    if free_bytes < needed:
        advice = (
            f"An outbox of {size(_OUTBOX_BYTES)} may take 80 % of it, so {size(needed)} must be free. "
            "Make room, or deploy with a smaller settings.outbox.max_bytes."
        )
        return Check("Disk", Verdict.FAIL, found, advice)
    if free_bytes < 3 * needed:
        return Check("Disk", Verdict.WARN, found, "Enough for one component's outbox, not for several.")
    return Check("Disk", Verdict.OK, found)


def judge_identity(config: EffectiveConfig, missing: Sequence[str]) -> Check:
    """Without certificate and key there is no connection to AWS.

    Args:
        config: Of the nucleus.
        missing: Files that it names and that are not there.
    """
    if not config.thing_name or not config.certificate or missing:
        found = f"thing {config.thing_name or '(no name)'}"
        gone = f"; not there: {', '.join(missing)}" if missing else "; no certificate is configured"
        advice = "Provision it again (the installer's --provision true), or copy its certificate and key."
        return Check("Identity", Verdict.FAIL, found + gone, advice)
    return Check("Identity", Verdict.OK, f"thing {config.thing_name}, certificate and key are there")


def judge_role_alias(role_alias: str) -> Check:
    """Components that use S3 get their credentials through it."""
    if role_alias:
        return Check("Credentials", Verdict.OK, f"token exchange role alias {role_alias}")
    advice = (
        "S3 takes credentials. Make the role and its alias (scripts/edge cloud up), then set iotRoleAlias of "
        "aws.greengrass.Nucleus and deploy aws.greengrass.TokenExchangeService."
    )
    return Check("Credentials", Verdict.FAIL, "no token exchange role alias is configured", advice)


def judge_ports(answers: Mapping[str, bool]) -> Check:
    """What the nucleus connects to.

    Args:
        answers: `host:port` -> whether a connection was made.
    """
    if not answers:
        return Check("Ports", Verdict.WARN, "no endpoints are configured", "Provision the device.")
    closed = [where for where, answered in answers.items() if not answered]
    if closed:
        advice = (
            "The network must let it out: 8883 (MQTT; 443 with mqtt.port: 443) and 443 (credentials, S3). "
            "Is there a proxy? networkProxy of aws.greengrass.Nucleus"
        )
        return Check("Ports", Verdict.FAIL, f"no connection to {', '.join(closed)}", advice)
    return Check("Ports", Verdict.OK, f"{', '.join(answers)} answer")


def endpoints(config: EffectiveConfig) -> list[tuple[str, int]]:
    """Host and port of everything that a nucleus of this configuration connects to."""
    hosts = ((config.data_endpoint, config.mqtt_port), (config.credentials_endpoint, _CREDENTIALS_PORT))
    return [(host, port) for host, port in hosts if host]


def judge_broker(*, answers: bool) -> Check:
    """Components that read other people's devices need one; the others do not."""
    if answers:
        return Check("Broker", Verdict.OK, f"something listens on 127.0.0.1:{BROKER_PORT}")
    advice = "Only components that read a local broker need it: apt install mosquitto"
    return Check("Broker", Verdict.WARN, f"nothing listens on 127.0.0.1:{BROKER_PORT}", advice)


def judge_cli(path: str | None, wanted: str) -> Check:
    """Local deployments go through it."""
    if path:
        return Check("Command", Verdict.OK, path)
    advice = (
        "edge deploy --local needs it. Add the component aws.greengrass.Cli to the device's deployment, "
        "or run the installer with --deploy-dev-tools true."
    )
    return Check("Command", Verdict.WARN, f"{wanted} is not there", advice)


def judge_build(machine: str, built_for: Sequence[str]) -> Check:
    """An artifact for another processor cannot be imported.

    Args:
        machine: As `uname -m` has it.
        built_for: The processors of what is in the build folder; empty where nothing was built here.
    """
    if not built_for:
        return Check("Build", Verdict.OK, f"{machine}; nothing was built here")
    found = f"{machine}; built for {', '.join(built_for)}"
    if machine not in built_for:
        return Check("Build", Verdict.FAIL, found, f"scripts/edge build --arch {machine}")
    return Check("Build", Verdict.OK, found)
