"""The outcome of a demo: as JSON for programs, in sentences for people, and whether it was good; pure."""

from dataclasses import asdict, dataclass
from typing import Any

from edge_cli.core.status import ComponentStatus, CoreStatus
from edge_cli.demo.reconcile import Balance
from edge_cli.demo.state import Outage
from edge_cli.screen.views import plural, size


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
        outages: Times without IoT Core.
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
        """Whether the demo ends with exit code 0: every component runs, and whatever was produced arrived."""
        return 0 < self.balance.produced == self.balance.delivered and not self._broken()

    def document(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "components": [
                {
                    "name": component["name"],
                    "version": component["version"],
                    "state": component["state"],
                    "restarts": component["restarts"],
                    "crashes": component["crashes"],
                }
                for component in self._components()
            ],
            "iot_core": {"messages": sum(self.by_topic.values()), "by_topic": self.by_topic},
            "s3": asdict(self.s3),
            "readings": {
                "produced": self.balance.produced,
                "delivered": self.balance.delivered,
                "waiting": self.balance.waiting,
                "lost": self.balance.lost,
                "duplicated": self.balance.duplicated,
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
        lines += [
            f"IoT Core away for {outage.duration_s or 0:.1f} s: {held(outage)}." for outage in self.outages
        ]
        topics = ", ".join(f"{topic} {count}" for topic, count in sorted(self.by_topic.items()))
        messages = plural(sum(self.by_topic.values()), "message")
        lines.append(f"IoT Core: {messages} ({topics})." if topics else f"IoT Core: {messages}.")
        if self.s3.objects:
            objects, records = plural(self.s3.objects, "object"), plural(self.s3.records, "record")
            lines.append(f"S3: {objects}, {size(self.s3.bytes)}, {records}.")
        lines += [
            f"{component['name']} crashed: {plural(component['crashes'], 'time')}."
            for component in self._components()
            if component["crashes"]
        ]
        lines += [f"{name} is no longer running: see its log." for name in self._broken()]
        return lines

    def _broken(self) -> list[str]:
        return [c["name"] for c in self._components() if c["state"] in ("BROKEN", "ERRORED")]

    def _components(self) -> list[ComponentStatus]:
        """Those that were deployed, not what the nucleus brings."""
        return [component for component in self.core["components"] if component["is_root"]]

    def _about_losses(self) -> list[str]:
        lines = []
        balance = self.balance
        if not balance.produced:
            lines.append("Nothing was produced: see the publisher's log.")
        if balance.waiting:
            lines.append(
                f"Not arrived yet: {balance.waiting}. They wait in the publisher's outbox, on disk, and go "
                "out when it runs and IoT Core is there."
            )
        if balance.lost:
            lines.append(
                f"Lost without a trace, or after the core had taken them: {balance.lost}. "
                "The publisher's log says which readings it stored and published."
            )
        return lines


def held(outage: Outage) -> str:
    """What waited while IoT Core was away, and where."""
    places = []
    if outage.spooled_messages_max:
        waited = plural(outage.spooled_messages_max, "message")
        places.append(f"{waited} ({size(outage.spooled_bytes_max)}) waited on the core")
    if outage.waiting_readings_max > len(places):  # beside a spooler, one is just being handed over
        places.append(f"{plural(outage.waiting_readings_max, 'reading')} waited in the publisher's outbox")
    return f"up to {' and '.join(places)}" if places else "nothing had to wait"


def _rounded(document: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in document.items()}
