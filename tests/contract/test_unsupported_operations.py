"""What a core does not have is refused as the nucleus refuses it, and the connection lives on."""

import re
from pathlib import Path

import pytest
from awsiot.greengrasscoreipc.model import ServiceError

from local_core.coverage import answered_operations, sdk_operations
from support.core import running_core
from support.ipc import connect


@pytest.mark.parametrize("flavor", ["classic", "lite"])
def test_what_a_core_lacks_is_a_service_error(tmp_path: Path, flavor: str) -> None:
    lacking = sorted(set(sdk_operations()) - answered_operations())
    refusals = {}
    with (
        running_core(tmp_path, "--flavor", flavor) as core,
        connect(Path(core.endpoints["ipc"]), core.cli_token) as client,
    ):
        for operation in lacking:
            handlers = {"on_stream_event": print} if operation.startswith("Subscribe") else {}
            method = "_".join(re.findall(r"IoT|[A-Z][a-z]+", operation)).lower()
            with pytest.raises(ServiceError) as refused:
                getattr(client, method)(**handlers)
            refusals[operation] = refused.value.message
        names = [component.component_name for component in client.list_components().components]

    assert "PutComponentMetric" in refusals
    assert refusals == {
        operation: f"Operation aws.greengrass#{operation} is not supported by Greengrass"
        for operation in lacking
    }
    assert "aws.greengrass.Nucleus" in names
