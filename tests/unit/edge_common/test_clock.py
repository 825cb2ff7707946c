import re
from datetime import timedelta

from edge_common.clock import SystemClock, clock_synchronized

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_every_process_start_has_a_boot_id_of_its_own() -> None:
    ids = {SystemClock().boot_id for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch("[0-9a-f]{16}", boot_id) for boot_id in ids)


def test_system_clock_tells_utc_and_never_goes_back() -> None:
    clock = SystemClock()
    before_s = clock.monotonic_s()
    assert clock.now().utcoffset() == timedelta(0)
    assert TIMESTAMP.fullmatch(clock.timestamp())
    assert clock.monotonic_s() >= before_s


def test_kernel_is_asked_for_synchronisation_without_privileges() -> None:
    assert clock_synchronized() in {True, False, None}
