import subprocess
import sys

import pytest

from edge_common.clock import SystemClock
from edge_common.errors import ConfigError
from edge_common.metrics import Metrics
from edge_common.s3 import S3Gateway
from edge_common.s3.endpoint import checked_place


def gateway(bucket: str = "edge-local", region: str | None = None, **environment: str) -> S3Gateway:
    """A gateway in an environment that holds nothing else."""
    return S3Gateway(bucket, region, clock=SystemClock(), metrics=Metrics(), environment=environment)


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "http://s3.example.com",
        "http://10.0.0.1:9000",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
        "ftp://127.0.0.1",
        "s3.example.com",
        "https://",
        "http://[::1",
    ],
)
def test_endpoint_without_tls_off_this_machine_is_refused(variable: str, url: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        gateway(AWS_REGION="eu-west-1", **{variable: url})

    assert len(refusal.value.faults) == 1
    assert variable in refusal.value.faults[0]
    assert repr(url) in refusal.value.faults[0]


@pytest.mark.parametrize(
    "url", ["", "http://127.0.0.1:9000", "http://localhost:1", "http://[::1]:1", "https://s3.example.com"]
)
def test_endpoint_with_tls_or_on_this_machine_is_taken(url: str) -> None:
    gateway(AWS_REGION="eu-west-1", AWS_ENDPOINT_URL_S3=url)


@pytest.mark.parametrize(
    "bucket",
    [
        "",
        "ab",
        "Upper",
        "a_b",
        "-ab",
        "ab-",
        "a..b",
        "a/b",
        "x" * 64,
        "ab\n",
        "192.168.0.1",
        "images--x-s3",
        "xn--a",
        "b-s3alias",
    ],
)
def test_what_no_bucket_is_called_is_refused_beside_all_other_faults(bucket: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        gateway(bucket, AWS_ENDPOINT_URL_S3="http://example.com")

    assert [fault.split(":")[0] for fault in refusal.value.faults] == [
        "bucket",
        "region",
        "AWS_ENDPOINT_URL_S3",
    ]


@pytest.mark.parametrize("bucket", ["edge-local", "192.168.0.1.com", "x-s3", "a.b-c.1", "a" * 63])
def test_what_a_bucket_may_be_called_is_taken(bucket: str) -> None:
    gateway(bucket, AWS_REGION="eu-west-1")


@pytest.mark.parametrize(
    "region", ["Seoul", "eu-west1", "eu_west_1", "EU-WEST-1", "eu-west-1\n", "eu-west-1."]
)
def test_what_no_region_is_called_is_refused(region: str) -> None:
    with pytest.raises(ConfigError, match=r"region: .*ap-northeast-2"):
        gateway(region=region)
    with pytest.raises(ConfigError, match=r"region: .*ap-northeast-2"):
        gateway(AWS_REGION=region)


@pytest.mark.parametrize("region", ["ap-northeast-2", "us-gov-east-1", "us-isob-east-1", "eusc-de-east-1"])
def test_what_a_region_is_called_is_taken(region: str) -> None:
    gateway(region=region)


@pytest.mark.parametrize(
    ("setting", "environment"),
    [
        ("eu-west-1", {}),
        ("eu-west-1", {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-2"}),
        (None, {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-2"}),
        (None, {"AWS_DEFAULT_REGION": "eu-west-1"}),
    ],
)
def test_region_is_the_setting_or_else_the_cores(setting: str | None, environment: dict[str, str]) -> None:
    assert checked_place("edge-local", setting, environment).region == "eu-west-1"


def test_making_a_gateway_does_not_load_the_sdk() -> None:
    program = (
        "import sys; from edge_common.s3 import S3Gateway; from edge_common.clock import SystemClock; "
        "from edge_common.metrics import Metrics; "
        "S3Gateway('bucket', 'eu-west-1', clock=SystemClock(), metrics=Metrics(), environment={}).close(); "
        "print(sorted(name for name in sys.modules if name in ('botocore', 'boto3', 'urllib3')))"
    )

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert printed.stdout == "[]\n"
