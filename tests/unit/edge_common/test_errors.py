import pytest

from edge_common.errors import ConfigError, EdgeError, PermanentError, TransientError


@pytest.mark.parametrize("error", [ConfigError(["a"]), TransientError("a"), PermanentError("a")])
def test_every_error_is_one_of_ours_and_reads_as_its_reason(error: EdgeError) -> None:
    assert isinstance(error, EdgeError)
    assert str(error) == error.reason == "a"


def test_faults_are_kept_one_by_one() -> None:
    assert ConfigError(["a", "b"]).faults == ("a", "b")
    assert str(ConfigError(["a", "b"])) == "a; b"
