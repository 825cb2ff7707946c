"""`edge doctor`: what each finding means."""

from pathlib import Path

import pytest

from edge_cli.core.processes import CoreProcess
from edge_cli.doctor.verdicts import (
    Check,
    Verdict,
    judge_clock,
    judge_core,
    judge_disk,
    judge_leftovers,
    judge_loopback,
    judge_mosquitto,
    judge_packages,
    judge_python,
    judge_setpriv,
    judge_venv,
)

ROOT = Path("a/core")
PROCESS = CoreProcess(4711, 1.0, ROOT, "me", is_ours=True)
OTHERS = CoreProcess(4711, 1.0, ROOT, "root", is_ours=False)
NOW_S = 1_800_000_000.0

CASES = [
    (judge_python((3, 10, 12), "python3"), Verdict.FAIL),
    (judge_python((3, 11, 0), "python3"), Verdict.OK),
    (judge_python((3, 14, 0), "python3"), Verdict.OK),
    (judge_venv(Path("a/.venv"), Path("a/.venv")), Verdict.OK),
    (judge_venv(Path("usr"), Path("a/.venv")), Verdict.WARN),
    (judge_packages([]), Verdict.OK),
    (judge_packages(["rich"]), Verdict.FAIL),
    (judge_mosquitto("mosquitto version 2.0.11"), Verdict.OK),
    (judge_mosquitto(None), Verdict.WARN),
    (judge_setpriv("usr/bin/setpriv"), Verdict.OK),
    (judge_setpriv(None), Verdict.WARN),
    (judge_loopback(None, False), Verdict.OK),
    (judge_loopback(None, True), Verdict.OK),
    (judge_loopback("Cannot assign requested address", False), Verdict.FAIL),
    (judge_disk(ROOT, 10_000_000_000), Verdict.OK),
    (judge_disk(ROOT, 500_000_000), Verdict.WARN),
    (judge_disk(ROOT, 1_000_000), Verdict.FAIL),
    (judge_clock(NOW_S, NOW_S - 86_400, True), Verdict.OK),
    (judge_clock(NOW_S, NOW_S - 86_400, None), Verdict.OK),
    (judge_clock(NOW_S, NOW_S - 86_400, False), Verdict.WARN),
    (judge_clock(NOW_S, NOW_S + 86_400, True), Verdict.FAIL),
    (judge_core(ROOT, None, "No core runs", answers=False), Verdict.OK),
    (judge_core(ROOT, PROCESS, "runs", answers=True), Verdict.OK),
    (judge_core(ROOT, PROCESS, "did not answer", answers=False), Verdict.FAIL),
    (judge_core(ROOT, OTHERS, "permission denied", answers=False), Verdict.WARN),
    (judge_leftovers([], []), Verdict.OK),
    (judge_leftovers([PROCESS], []), Verdict.WARN),
    (judge_leftovers([], [Path("edge-demo-1-a")]), Verdict.WARN),
]


@pytest.mark.parametrize(("check", "verdict"), CASES)
def test_finding_gets_its_verdict(check: Check, verdict: Verdict) -> None:
    assert check.verdict is verdict


@pytest.mark.parametrize("check", [check for check, verdict in CASES if verdict is not Verdict.OK])
def test_whatever_is_not_well_says_what_to_do(check: Check) -> None:
    assert check.advice
