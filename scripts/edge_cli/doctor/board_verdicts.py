"""What each finding of `edge doctor` on a board means and what to do about it; pure."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from edge_cli.device import interpreters
from edge_cli.device.effective_config import EffectiveConfig
from edge_cli.doctor.verdicts import BROKER_PORT, Check, Verdict
from edge_cli.screen.views import plural, size
from edge_cli.targets import DEVICE_PYTHON

_OLDEST_NUCLEUS = (2, 6)  # what our recipes depend on: 2.6.0 expands variables in configurations
_CREDENTIALS_PORT = 443
_COPY_BYTES = 100_000_000  # the largest artifact, packed, with room to spare


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


def judge_rights(*, is_root: bool) -> Check:
    """Most of what a nucleus has may be seen by root only."""
    if is_root:
        return Check("Rights", Verdict.OK, "this is root")
    advice = (
        "Some checks need root: sudo scripts/edge doctor. edge deploy --local uses sudo where it asks for no "
        "password: sudo -v first, or be in AuthorizedPosixGroups of the component aws.greengrass.Cli"
    )
    return Check("Rights", Verdict.WARN, "this is not root", advice)


def judge_half_installed(root: Path, missing: Path) -> Check:
    """A nucleus writes its configuration when it first runs."""
    advice = (
        "It has never started. Run its installer to the end (java -jar lib/Greengrass.jar … "
        "--setup-system-service true --deploy-dev-tools true), or start it: sudo systemctl start greengrass"
    )
    return Check("Nucleus", Verdict.FAIL, f"installed in part in {root}: there is no {missing}", advice)


def judge_java(version: str | None) -> Check:
    """The classic nucleus and greengrass-cli are Java programs."""
    if version is None:
        advice = "sudo apt install default-jre-headless"
        return Check("Java", Verdict.FAIL, "there is no java on the PATH", advice)
    return Check("Java", Verdict.OK, version)


def judge_configuration(error: str, *, is_root: bool) -> Check:
    """It is there, and could not be read; the nucleus writes it anew when it starts."""
    advice = "sudo systemctl restart greengrass" if is_root else "It takes root: sudo scripts/edge doctor"
    return Check("Configuration", Verdict.FAIL, error, advice)


def judge_interpreters(
    wanted: Mapping[str, Collection[str]], found: Mapping[str, str], machine: str
) -> Check:
    """Recipes name the Python that their artifacts were built for; another one cannot import them.

    Args:
        wanted: Component -> the programs that it starts; empty where nothing was built here.
        found: As `interpreters.found_on` gives it.
        machine: As `uname -m` has it.
    """
    there = interpreters.describe(found)
    lacking = sorted(name for name, programs in wanted.items() if {*programs} - {*found})
    if lacking:
        missing = sorted(set().union(*(wanted[name] for name in lacking)) - {*found})
        advice = (
            f"sudo apt install {' '.join(missing)}; or build for what is there: "
            f"{interpreters.build_line(lacking, machine, found)}"
        )
        return Check("Python", Verdict.FAIL, f"{there}; no {', '.join(missing)}", advice)
    if interpreters.fitting(found) is None:
        return Check("Python", Verdict.FAIL, there, f"sudo apt install python{DEVICE_PYTHON}")
    if not wanted and f"python{DEVICE_PYTHON}" not in found:
        line = interpreters.build_line((), machine, found)
        return Check("Python", Verdict.WARN, there, f"Build for it: {line}")
    return Check("Python", Verdict.OK, there)


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
    # A laptop's `edge doctor` works without what these need, and looks whether that is there.
    from edge_common.outbox.config import OutboxConfig  # noqa: PLC0415  see above
    from edge_common.outbox.folder import MAX_SHARE_OF_FREE_SPACE  # noqa: PLC0415  see above

    outbox_bytes = OutboxConfig().max_bytes
    needed = int(outbox_bytes / MAX_SHARE_OF_FREE_SPACE)
    found = f"{size(free_bytes)} free for {root}"
    if free_bytes < needed:
        percent = round(100 * MAX_SHARE_OF_FREE_SPACE)
        advice = (
            f"An outbox of {size(outbox_bytes)} may take {percent} % of it, so {size(needed)} must be free. "
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
        "S3 needs credentials. Create the role and its alias (scripts/edge cloud up), then set "
        "iotRoleAlias of "
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


def judge_build(machine: str, built_for: Sequence[str], other_content: str) -> Check:
    """An artifact for another processor cannot be imported, and a version stands for one content.

    Args:
        machine: As `uname -m` has it.
        built_for: The processors of what is in the build folder; empty where nothing was built here.
        other_content: What is wrong with versions that the board has already; empty for nothing.
    """
    if not built_for:
        return Check("Build", Verdict.OK, f"{machine}; nothing was built here")
    found = f"{machine}; built for {', '.join(built_for)}"
    if machine not in built_for:
        return Check("Build", Verdict.FAIL, found, f"scripts/edge build --arch {machine}")
    if other_content:
        return Check("Build", Verdict.WARN, found, other_content)
    return Check("Build", Verdict.OK, found)


def judge_inbox(folder: str, free_bytes: int, copies: Sequence[Path]) -> Check:
    """Deployments are copied there first.

    Args:
        folder: Where.
        free_bytes: Of its file system.
        copies: What earlier ones have left.
    """
    found = f"{size(free_bytes)} free for {folder}"
    if copies:
        advice = f"When no deployment is under way: sudo rm -r {' '.join(map(str, copies))}"
        return Check("Copies", Verdict.WARN, f"{found}; {plural(len(copies), 'folder')} left behind", advice)
    if free_bytes < _COPY_BYTES:
        advice = f"edge deploy --local copies builds there first: make room, sudo du -xh {folder} | sort -h"
        return Check("Copies", Verdict.WARN, found, advice)
    return Check("Copies", Verdict.OK, found)


def judge_deploying(pid: int | None) -> Check:
    """Only one deploys at a time."""
    if pid is None:
        return Check("Deploying", Verdict.OK, "nobody is deploying")
    advice = f"edge deploy --local does not wait: try again when it has ended. To see who it is: ps -fp {pid}"
    return Check("Deploying", Verdict.WARN, f"process {pid} is deploying", advice)
