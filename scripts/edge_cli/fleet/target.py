"""What is deployed to: a thing or a thing group, and its core devices. Asks AWS; changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge_cli.errors import CommandError
from edge_cli.fleet.aws import Aws, AwsError

_DEVICES_NAMED = 5
# The most that these operations give at once (botocore's models).
_THINGS_PAGE, _CORES_PAGE = 250, 100


@dataclass(frozen=True, slots=True)
class Target:
    """A thing or a thing group that exists.

    Attributes:
        name: Of it.
        is_group: Which of the two.
        arn: Of it.
    """

    name: str
    is_group: bool
    arn: str

    def __str__(self) -> str:
        return f"{'group' if self.is_group else 'thing'} {self.name}"


def refuse_unclear(thing: str | None, group: str | None) -> None:
    """A deployment has one target.

    Raises:
        CommandError: None was named, or two.
    """
    if bool(thing) == bool(group):
        raise CommandError(
            "Name one target in AWS: either --thing NAME or --group NAME. To deploy to the core on this "
            "laptop: scripts/edge deployment --help"
        )


def find(aws: Aws, thing: str | None, group: str | None) -> Target:
    """Look a target up.

    Raises:
        CommandError: There is none of that name.
    """
    kind, name = ("thing", thing) if thing else ("thinggroup", group)
    try:
        if thing:
            arn = aws.call("iot", "describe_thing", thingName=thing).get("thingArn")
        else:
            arn = aws.call("iot", "describe_thing_group", thingGroupName=group).get("thingGroupArn")
    except AwsError as error:
        if not error.is_absent:
            raise
        what = "thing" if thing else "thing group"
        raise CommandError(
            f"There is no {what} {name} in account {aws.account}, region {aws.region}. Is the name right? "
            "Another region: --region"
        ) from None
    fallback = f"arn:{aws.partition}:iot:{aws.region}:{aws.account}:{kind}/{name}"
    return Target(str(name), not thing, arn or fallback)


def core_devices(aws: Aws, target: Target) -> list[str]:
    """Thing names of the Greengrass cores that get what is deployed to a target, in order; may be empty.

    `ListCoreDevices` of a group is not asked: it names those that ever succeeded with a deployment of the
    group, neither new members nor only members.
    """
    if target.is_group:
        things = set(
            aws.pages(
                "iot",
                "list_things_in_thing_group",
                "things",
                thingGroupName=target.name,
                recursive=True,
                maxResults=_THINGS_PAGE,
            )
        )
        if not things:
            return []
        cores = aws.pages("greengrassv2", "list_core_devices", "coreDevices", maxResults=_CORES_PAGE)
        return sorted(things & {core["coreDeviceThingName"] for core in cores})
    try:
        aws.call("greengrassv2", "get_core_device", coreDeviceThingName=target.name)
    except AwsError as error:
        if error.is_absent:
            return []
        raise
    return [target.name]


def nobody(target: Target) -> str:
    """The beginning of a sentence: a target has no core device."""
    if target.is_group:
        return f"No thing in {target} has connected as a Greengrass core yet"
    return f"No Greengrass core has connected as {target} yet"


def few(devices: Sequence[str]) -> str:
    """Devices in a sentence, not more than a person reads.

    >>> few(["a", "b"]), few([f"core-{number}" for number in range(1000)])
    ('a, b', 'core-0, core-1, core-2, core-3, core-4 and 995 more')
    """
    more = len(devices) - _DEVICES_NAMED
    return ", ".join(devices[:_DEVICES_NAMED]) + (f" and {more} more" if more > 0 else "")
