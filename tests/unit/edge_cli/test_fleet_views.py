"""What the fleet's commands draw on a narrow terminal and in a pipe: what people copy is never broken."""

import io

from rich.console import Console, RenderableType

from edge_cli.fleet import aws_errors, views
from edge_cli.fleet.group_deployments import GroupDeployment
from edge_cli.fleet.history import History, PastDeployment
from edge_cli.fleet.publishing import Outcome, PublishedArtifact, PublishedComponent
from edge_cli.fleet.rollout import DeviceResult

DEPLOYMENT_ID = "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"
COMPONENT = "aws.greengrass.TokenExchangeService"
URI = "s3://greengrass-artifacts-ap-northeast-2-123456789012/com.example.S3BatchUploader/1.0.0/0123/x.zip"


def _drawn(view: RenderableType, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as drawn:
        console.print(view)
    return [line.rstrip() for line in drawn.get().splitlines()]


def test_deployments_and_names_are_whole_on_sixty_columns() -> None:
    past = PastDeployment(
        DEPLOYMENT_ID, "Deployment to group", "2026-11-22T14:00:00Z", "ACTIVE", True, {COMPONENT: "2.0.3"}
    )
    device = DeviceResult("orangepi5-core-001", "FAILED", "FAILED_ROLLBACK_COMPLETE: " + "word " * 20)
    through = GroupDeployment("orangepis", DEPLOYMENT_ID, "SUCCEEDED", {COMPONENT: "2.0.3"})
    lines = _drawn(views.history(History("arn", "thing a", (past,), (device,), (through,))), 60)
    assert sum(DEPLOYMENT_ID in line for line in lines) == 2
    assert sum(f"{COMPONENT} 2.0.3" in line for line in lines) == 2
    assert any(line.startswith("orangepi5-core-001  FAILED") for line in lines)


def test_publication_is_whole_on_sixty_columns() -> None:
    one = PublishedComponent(
        component="com.example.S3BatchUploader",
        version="1.0.0",
        arn="arn",
        outcome=Outcome.ALREADY_PUBLISHED,
        architectures=("aarch64",),
        python="3.11",
        artifacts=(PublishedArtifact(URI, "00", 1_200_000),),
    )
    assert _drawn(views.published([one]), 60) == [
        "com.example.S3BatchUploader 1.0.0  already published",
        "  for aarch64; Python 3.11",
        "  x.zip, 1.2 MB",
    ]


def test_sentence_of_the_sdk_ends_before_the_next_one_begins() -> None:
    said = 'Could not connect to the endpoint URL: "http://127.0.0.1:9/"'
    text = aws_errors.unanswered("iot", "DescribeThing", "EndpointConnectionError", said, "eu-west-1")
    assert '"http://127.0.0.1:9/". Is the network there' in text
    text = aws_errors.answered("iot", "DescribeThing", "ValidationException", "No", "me")
    assert text.endswith("No (ValidationException).")
