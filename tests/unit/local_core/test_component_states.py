import pytest

from local_core.runtime.states import (
    ERROR_RESET_TIME_S,
    DesiredStates,
    ErrorHistory,
    State,
    may_report,
)


def path_of(desired: DesiredStates) -> list[State]:
    path = []
    while (state := desired.first) is not None:
        path.append(state)
        desired.reached(state)
    return path


@pytest.mark.parametrize("state", [State.NEW, State.STARTING, State.RUNNING])
def test_third_error_in_a_row_in_the_same_state_means_broken(state: State) -> None:
    errors = ErrorHistory()

    successors = [errors.leave(state, State.ERRORED, now) for now in (0.0, 1.0, 2.0)]

    assert successors == [State.ERRORED, State.ERRORED, State.BROKEN]


def test_errors_of_other_states_and_the_way_through_them_do_not_count() -> None:
    """A crash leads through STOPPING, INSTALLED and STARTING before the next one."""
    errors = ErrorHistory()
    way_back = [
        (State.ERRORED, State.STOPPING),
        (State.STOPPING, State.INSTALLED),
        (State.INSTALLED, State.STARTING),
        (State.STARTING, State.RUNNING),
    ]

    first = errors.leave(State.RUNNING, State.ERRORED, 0.0)
    for current, successor in way_back:
        errors.leave(current, successor, 0.0)
    second = errors.leave(State.RUNNING, State.ERRORED, 0.0)
    starting = errors.leave(State.STARTING, State.ERRORED, 0.0)
    third = errors.leave(State.RUNNING, State.ERRORED, 0.0)

    assert [first, second, starting, third] == [State.ERRORED, State.ERRORED, State.ERRORED, State.BROKEN]


def test_leaving_a_state_without_error_begins_its_count_anew() -> None:
    errors = ErrorHistory()
    errors.leave(State.RUNNING, State.ERRORED, 0.0)
    errors.leave(State.RUNNING, State.ERRORED, 0.0)

    errors.leave(State.RUNNING, State.STOPPING, 0.0)

    assert errors.leave(State.RUNNING, State.ERRORED, 0.0) is State.ERRORED


@pytest.mark.parametrize(
    ("pause_s", "third"), [(ERROR_RESET_TIME_S - 1, State.BROKEN), (ERROR_RESET_TIME_S, State.ERRORED)]
)
def test_an_hour_without_error_begins_the_count_anew(pause_s: float, third: State) -> None:
    errors = ErrorHistory()
    errors.leave(State.RUNNING, State.ERRORED, 0.0)
    errors.leave(State.RUNNING, State.ERRORED, 1.0)

    assert errors.leave(State.RUNNING, State.ERRORED, 1.0 + pause_s) is third


def test_reinstallation_forgives_all_errors() -> None:
    errors = ErrorHistory()
    errors.leave(State.NEW, State.ERRORED, 0.0)
    errors.leave(State.NEW, State.ERRORED, 0.0)

    errors.forget()

    assert errors.leave(State.NEW, State.ERRORED, 0.0) is State.ERRORED


@pytest.mark.parametrize(
    ("current", "reported", "allowed"),
    [
        (State.STARTING, State.RUNNING, True),
        (State.RUNNING, State.RUNNING, False),
        (State.RUNNING, State.ERRORED, True),
        (State.FINISHED, State.RUNNING, False),
        (State.NEW, State.RUNNING, False),
        (State.BROKEN, State.ERRORED, False),
    ],
)
def test_component_may_report_only_what_its_state_allows(
    current: State, reported: State, *, allowed: bool
) -> None:
    assert may_report(current, reported) is allowed


def test_restart_goes_through_installed_and_is_not_asked_of_what_never_started() -> None:
    desired = DesiredStates()

    assert not desired.restart(State.NEW)
    assert desired.restart(State.RUNNING)
    assert path_of(desired) == [State.INSTALLED, State.RUNNING]


def test_reinstallation_that_is_under_way_is_still_done_when_a_stop_comes() -> None:
    desired = DesiredStates()

    desired.reinstall()
    desired.stop()

    assert path_of(desired) == [State.NEW, State.FINISHED]


def test_start_after_stop_means_running() -> None:
    desired = DesiredStates()

    desired.stop()
    desired.start()

    assert path_of(desired) == [State.RUNNING]


def test_only_a_path_of_nothing_but_the_present_state_is_reached() -> None:
    desired = DesiredStates()
    desired.start()

    assert desired.are_reached_in(State.RUNNING)
    assert not desired.are_reached_in(State.STARTING)
