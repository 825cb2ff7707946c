"""The outcome of a demo: as JSON for programs, in sentences for people, and whether it was good; pure."""

from dataclasses import asdict, dataclass
from typing import Any

from edge_cli.core_status import ComponentStatus, CoreStatus
from edge_cli.demo.reconcile import Balance
from edge_cli.demo.state import Outage
from edge_cli.views import plural, size
from local_core.settings import Flavor


@dataclass(frozen=True, slots=True)
class Objects:
    """What has arrived in S3."""

    objects: int
    bytes: int
    records: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a demo came to.

    Attributes:
        core: What the core said of itself while everything ran.
        balance: Readings, both ends compared.
        by_topic: Messages in the cloud by topic.
        s3: Objects in the cloud.
        outages: Times without the cloud.
        timings_s: Seconds that each step took; and from the beginning, `set_up` until the deployment was
            through and `first_message` until the first reading was in the cloud, which may be earlier.
    """

    core: CoreStatus
    balance: Balance
    by_topic: dict[str, int]
    s3: Objects
    outages: list[Outage]
    timings_s: dict[str, float]

    @property
    def is_good(self) -> bool:
        """Whether the demo ends with exit code 0.

        Something must have arrived, every component must run and nothing may be lost. But Lite holds nothing
        while the cloud is away: there, what the publisher itself reported as not published is excused.
        """
        if not self.balance.delivered:
            return False
        if self._broken():
            return False
        excused = self._is_lite and bool(self.outages)
        return self.balance.lost == 0 or (excused and self.balance.lost_silently == 0)

    def document(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "components": [
                {
                    "name": component["name"],
                    "version": component["version"],
                    "state": component["state"],
                    "restarts": component["restarts"],
                }
                for component in self._components()
            ],
            "iot_core": {"messages": sum(self.by_topic.values()), "by_topic": self.by_topic},
            "s3": asdict(self.s3),
            "readings": {
                "produced": self.balance.produced,
                "delivered": self.balance.delivered,
                "lost": self.balance.lost,
                "duplicated": self.balance.duplicated,
                "lost_with_notice": self.balance.lost_with_notice,
                "not_taken": self.balance.not_taken,
            },
            "outages": [_rounded(asdict(outage)) for outage in self.outages],
            "timings_s": self.timings_s,
            "flavor": self.core["flavor"],
            "broker": self.core["broker"],
        }

    def sentences(self) -> list[str]:
        """The summary, most important first."""
        balance = self.balance
        account = f"{plural(balance.produced, 'reading')} produced, {balance.delivered} arrived in the cloud"
        lines = [f"{account}: {balance.lost} lost, {balance.duplicated} duplicated."]
        lines += self._about_losses()
        lines += [self._about_outage(outage) for outage in self.outages]
        topics = ", ".join(f"{topic} {count}" for topic, count in sorted(self.by_topic.items()))
        messages = plural(sum(self.by_topic.values()), "message")
        lines.append(f"IoT Core: {messages} ({topics})." if topics else f"IoT Core: {messages}.")
        if self.s3.objects:
            objects, records = plural(self.s3.objects, "object"), plural(self.s3.records, "record")
            lines.append(f"S3: {objects}, {size(self.s3.bytes)}, {records}.")
        lines += [
            f"{component['name']} was restarted: {plural(component['restarts'], 'time')}."
            for component in self._components()
            if component["restarts"]
        ]
        lines += [f"{name} does not run any more: see its log." for name in self._broken()]
        return lines

    def _broken(self) -> list[str]:
        return [c["name"] for c in self._components() if c["state"] in ("BROKEN", "ERRORED")]

    def _components(self) -> list[ComponentStatus]:
        """Those that were deployed, not what the nucleus brings."""
        return [component for component in self.core["components"] if component["is_root"]]

    @property
    def _is_lite(self) -> bool:
        return self.core["flavor"] == Flavor.LITE

    def _about_losses(self) -> list[str]:
        lines = []
        balance = self.balance
        if not balance.produced:
            lines.append("Nothing was produced: see the publisher's log.")
        if balance.lost_with_notice:
            why = (
                "Greengrass Lite has no spooler, so while the cloud was away it refused them."
                if self._is_lite and self.outages
                else "The core refused them."
            )
            lines.append(
                f"Not published, and reported so by the publisher: {balance.lost_with_notice}. {why}"
            )
        if balance.lost_silently:
            lines.append(
                f"Vanished after the core had taken them, or without a trace: {balance.lost_silently}."
            )
        if balance.not_taken:
            lines.append(
                f"Never made: {balance.not_taken}. The publisher was still waiting to publish the one before."
            )
        return lines

    def _about_outage(self, outage: Outage) -> str:
        away = f"Cloud away for {outage.duration_s or 0:.1f} s"
        if self._is_lite:
            return f"{away}: Lite holds nothing, so the publisher waited."
        if not outage.spooled_messages_max:
            return f"{away}: nothing waited on the core."
        waited = plural(outage.spooled_messages_max, "message")
        return f"{away}: up to {waited} ({size(outage.spooled_bytes_max)}) waited on the core."


def _rounded(document: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in document.items()}
