"""A stand-in of AWS over HTTP for a fleet: greengrassv2, iot, cloudformation, sts and s3 on one port.

moto has no greengrassv2. The unmodified boto3 gets here by AWS_ENDPOINT_URL_*. Requests are held against
botocore's own models, and so are answers. S3 is the local core's stand-in, a process of its own; what a test
wants to go wrong with it is done on the way. A thread for each connection; one lock for everything.
"""

import threading
from dataclasses import dataclass, field
from functools import cache, partial
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import ClientError

from support.aws.account import ACCESS_KEY, ACCOUNT, SECRET_KEY, SESSION_TOKEN
from support.aws.components import Components
from support.aws.faults import Faults
from support.aws.fleet import Fleet
from support.aws.http import Handler
from support.aws.model import Api
from support.aws.query import QueryApi
from support.aws.stacks import Stacks
from support.s3.store import REGION, Store

_SERVED = {"greengrass": "greengrassv2", "iot": "iot"}


@cache
def _api(service: str) -> Api:
    """A model is read once in a process: it never changes."""
    return Api(service)


@cache
def _query_api() -> QueryApi:
    return QueryApi("cloudformation")


@dataclass(slots=True)
class World:
    """What an account has in one region."""

    components: Components
    fleet: Fleet
    stacks: Stacks


@dataclass(slots=True)
class Buckets:
    """Which buckets are not what one expects.

    Attributes:
        store: Where objects are.
        regions: Bucket -> region, of those that are not in `REGION`.
        of_others: Buckets of other accounts.
    """

    store: Store
    regions: dict[str, str] = field(default_factory=dict)
    of_others: set[str] = field(default_factory=set)

    def make(self, name: str) -> str:
        """A new bucket; returns its name."""
        self.store.client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name

    def keys(self, bucket: str) -> list[str]:
        """What lies in a bucket."""
        answer = self.store.client.list_objects_v2(Bucket=bucket)
        return [entry["Key"] for entry in answer.get("Contents", [])]

    def body(self, uri: str) -> bytes | None:
        """What lies at `s3://BUCKET/KEY`; None where nothing does."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            body: bytes = self.store.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError:
            return None
        return body


class GreengrassCloud:
    """Context manager: one account of AWS.

    Args:
        store: The S3 stand-in; may serve many clouds.

    Attributes:
        faults: What goes wrong, and what was asked.
        buckets: Of the account.
        lock: Held while a call is done.
        wrong: What was asked or answered against the model; must stay empty.
    """

    def __init__(self, store: Store) -> None:
        self.faults = Faults()
        self.buckets = Buckets(store)
        self.lock = threading.Lock()
        self.wrong: list[str] = []
        self.apis = {name: _api(service) for name, service in _SERVED.items()}
        self.query_api = _query_api()
        self._worlds: dict[str, World] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="greengrass cloud"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What leads boto3 here, and nowhere else."""
        services = ("GREENGRASSV2", "STS", "S3", "IOT", "CLOUDFORMATION")
        return {
            **{f"AWS_ENDPOINT_URL_{service}": self.url for service in services},
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_SESSION_TOKEN": SESSION_TOKEN,
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def components(self) -> Components:
        """Component versions in the home region."""
        return self.world(REGION).components

    @property
    def fleet(self) -> Fleet:
        """Things, groups and deployments in the home region."""
        return self.world(REGION).fleet

    @property
    def stacks(self) -> Stacks:
        """Stacks in the home region."""
        return self.world(REGION).stacks

    def world(self, region: str) -> World:
        """What there is in a region: nothing, where no test has put anything."""
        if region not in self._worlds:
            components = Components(f"arn:aws:greengrass:{region}:{ACCOUNT}:components", self.buckets.body)

            def is_deployable(name: str, version: str) -> bool:
                arns = (components.arn(name, version), components.public_arn(name, version))
                found = next((components.versions[arn] for arn in arns if arn in components.versions), None)
                state = found.status["componentState"] if found else "absent"
                return name.startswith("aws.") or state == "DEPLOYABLE"

            fleet = Fleet(f"arn:aws:iot:{region}:{ACCOUNT}", is_deployable)
            self._worlds[region] = World(components, fleet, Stacks(region, ACCOUNT))
        return self._worlds[region]

    def specification(self, target_arn: str) -> dict[str, Any]:
        """The arguments of the deployment that holds for a target."""
        return next(
            one.arguments for one in self.fleet.deployments if one.is_latest and one.target == target_arn
        )
