"""The campaigns that prove the checks: every case against the station in its legal variants and with every fault.

    python -m tests.campaign                    everything; exit code 1 when something is not proven
    python -m tests.campaign --case TC_012_CS   only what concerns a case
    python -m tests.campaign --write FILE       also writes the matrix of cases and faults

A *proof* is a fault of the simulated station (octt/simulator/faults/) that names the check of a case it breaks: the
case must then FAIL, at that step. A *variant* is a legal station: every case that applies to it must PASS.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from octt import paths
from octt.bench import Bench
from octt.pics.declaration import Declaration, load_declaration
from octt.suite.catalogue import Case, load_catalogue, plan

WORKERS = int(os.environ.get("OCTT_CAMPAIGN_WORKERS", "14"))
CALM = 3
"""Stations side by side in a second attempt."""


@dataclass(frozen=True)
class Station:
    """A legal station: how its declaration differs from the standard one, and options of the simulator.

    `security`: it is put through the Security cases, begun on that profile, and through no others; `beyond` are those
    that need a lower one, and `home_of` those whose faults are tried on it. `bench` changes sections of the bench.
    `lacks` is a profile that it declares and does not have.
    """

    name: str
    answers: dict[str, Any] = field(default_factory=dict)
    profiles: tuple[str, ...] | None = None
    cable: str | None = None
    arguments: tuple[str, ...] = ()
    security: int | None = None
    beyond: tuple[str, ...] = ()
    home_of: tuple[str, ...] = ()
    bench: dict[str, Any] = field(default_factory=dict)
    lacks: str = ""

    def declaration(self) -> Declaration:
        """What its vendor declares."""
        base = load_declaration(paths.PICS / "simulated.toml")
        connectors = base.connectors
        if self.cable:
            connectors = tuple(replace(line, cable=self.cable) for line in connectors)
        if "HFS-8" in self.answers:
            connectors = connectors[: self.answers["HFS-8"]]
        return replace(
            base,
            answers={**base.answers, **self.answers},
            profiles=base.profiles if self.profiles is None else self.profiles,
            connectors=connectors,
        )

    def takes(self, case: Case) -> bool:
        """Whether the station is meant for a case: the Security cases have stations of their own."""
        if self.security is None:
            return case.profile != "Security"
        return case.profile == "Security" and case.id not in self.beyond

    def options(self) -> list[str]:
        """Options of the simulated station that make it this one."""
        from octt.pics.simulate import simulator_options

        built = self.declaration()
        has = tuple(profile for profile in built.profiles if profile != self.lacks)
        return [*simulator_options(replace(built, profiles=has)), *self.arguments]

    def on_bench(self, bench: Bench) -> Bench:
        """The bench for it."""
        changes = {**self.bench}
        changes["central_system"] = {
            "security_profile": self.security or 0,
            **self.bench.get("central_system", {}),
        }
        sections = {name: getattr(bench, name).model_copy(update=values) for name, values in changes.items()}
        return bench.model_copy(update=sections)


FIXED: dict[str, Any] = {"HFS-1": False, "HFS-2": True}
BACKUP: dict[str, Any] = {"AQ-7.1": True, "AQ-7.2": False}

STANDARD = Station("standard")
_PROPER_FIRST = ("--fault", "proper-first")
_ON_3 = ("TC_074_CS", "TC_077_CS", "TC_087_CS")
PROFILE_1 = Station(
    "security profile 1, changed by a reset",
    arguments=("--profile-change-reboots", *_PROPER_FIRST),
    security=1,
    home_of=("TC_083_CS",),
)
PROFILE_2 = Station("security profile 2", arguments=_PROPER_FIRST, security=2)
PROFILE_3 = Station(
    "security profile 3",
    arguments=_PROPER_FIRST,
    security=3,
    beyond=("TC_073_CS", "TC_083_CS", "TC_085_CS"),
    home_of=_ON_3,
)
STATIONS = (
    STANDARD,
    Station("fixed cable", FIXED, cable="Fixed Cable"),
    Station("back-up power", BACKUP),
    Station("core only", {"F-1": False, "SEC-1": False, "SEC-2": False, "SEC-3": False}, profiles=("Core",)),
    PROFILE_2,
    PROFILE_1,
    PROFILE_3,
)
"""Between them they let every case apply; a case is proven on the first one it applies to."""

_SMALLEST = (
    *("ChargingScheduleMaxPeriods=5", "MaxChargingProfilesInstalled=3", "ChargeProfileMaxStackLevel=1"),
    *(
        "ChargingScheduleAllowedChargingRateUnit=Power",
        "LocalAuthListMaxLength=1",
        "SendLocalListMaxLength=1",
    ),
)
"""The least a station can declare and still be put through every case."""

UNMEASURED = Station(
    "no measurands configured",
    arguments=("--key", "MeterValuesSampledData=", "--key", "MeterValuesAlignedData="),
)

FREE_PORT = -1
"""In a station's bench: any port that is free, which the station is told of (--tls-csms)."""

_LONG = ("--hash-algorithm", "SHA512")


def _suites(family: str) -> tuple[str, ...]:
    names = (f"{family}_WITH_AES_128_GCM_SHA256", f"{family}_WITH_AES_256_GCM_SHA384")
    return tuple(word for name in names for word in ("--cipher", name))


VARIANTS = (
    *STATIONS,
    UNMEASURED,
    Station("one connector", {"HFS-8": 1}),
    Station("remote starts not authorized", arguments=("--key", "AuthorizeRemoteTxRequests=false")),
    Station(
        "status first, one card reader",
        {"HFS-10": "Single"},
        arguments=("--status-first", "--update-style", "report-first"),
    ),
    Station("chatty", arguments=("--chatty",)),
    Station("terse", arguments=("--terse",)),
    Station("slow", arguments=("--reply-seconds", "0.3", "--boot-seconds", "2")),
    Station("call errors, split schedules", arguments=("--constraint-errors", "--split-schedules")),
    Station("little room", arguments=tuple(word for key in _SMALLEST for word in ("--key", key))),
    Station(
        "soft reset without reboot", arguments=("--no-soft-reset-reboots", "--update-style", "no-reboot")
    ),
    Station("resumes transactions", arguments=("--resume-transactions",)),
    Station("resumes and then stops", arguments=("--resume-transactions", "--stop-resumed")),
    Station("reconnects by itself with a higher profile", security=1),
    Station("TLS on a port of its own", security=1, bench={"central_system": {"tls_port": FREE_PORT}}),
    Station("RSA only", arguments=("--key-type", "rsa", *_suites("TLS_RSA")), security=2),
    Station("ECDSA only, long hashes", arguments=(*_LONG, *_suites("TLS_ECDHE_ECDSA")), security=2),
    Station(
        "one Central System root at a time, short chains",
        arguments=(
            *("--key", "AdditionalRootCertificateCheck=true"),
            *("--key", "CertificateSignedMaxChainSize=2000"),
        ),
        security=2,
    ),
    Station(
        "legacy signatures",
        arguments=("--legacy-signatures", "--reply-seconds", "0.3"),
        security=2,
        bench={"security": {"legacy_signatures": True}},
    ),
)
"""Legal stations that must pass everything that applies to them."""


@dataclass
class Outcome:
    """What became of a case."""

    case: str
    verdict: str
    reason: str
    steps: tuple[str, ...]
    """Labels of the steps that failed."""


def cases_of(station: Station, only: Iterable[str] = ()) -> list[Case]:
    """The cases that apply to a station, in the order they are run."""
    planned = plan(load_catalogue(), station.declaration(), None, only)
    cases = [p.case for p in planned if p.applies is not False and station.takes(p.case)]
    return sorted(cases, key=lambda case: case.place(station.security or 0))


def home(case_id: str) -> Station:
    """The station a case is proven on."""
    named = next((s for s in STATIONS if case_id in s.home_of), None)
    return named or next((s for s in STATIONS if cases_of(s, [case_id])), STANDARD)


def play(
    station: Station, cases: tuple[str, ...], faults: tuple[str, ...] = (), bench: Any = None
) -> list[Outcome]:
    """Runs cases against a simulated station in this process; what became of each."""
    return outcomes(recorded(station, cases, faults, bench), cases)


def outcomes(events: list[Any], cases: tuple[str, ...]) -> list[Outcome]:
    """What became of each case by the record of the run."""
    found = {}
    for event in events:
        if event.kind == "case.end":
            steps = tuple(
                e.step for e in events if e.kind == "step" and e.case == event.case and e.outcome == "fail"
            )
            found[event.case] = Outcome(event.case, event.verdict, getattr(event, "reason", ""), steps)
        elif event.kind == "case.revised":
            found[event.case] = replace(found[event.case], verdict=event.verdict, reason=event.reason)
    missing = Outcome("", "ERROR", "the case was not run", ())
    return [found.get(case, replace(missing, case=case)) for case in cases]


def recorded(
    station: Station,
    cases: tuple[str, ...],
    faults: tuple[str, ...] = (),
    bench: Any = None,
    declaration: Declaration | None = None,
) -> list[Any]:
    """The record of cases run against a simulated station in this process.

    `declaration`: another one than the station's own; the station is built by its own all the same.
    """
    import pytest

    from octt.bench import SIMULATED
    from octt.record import read
    from octt.suite.options import Options
    from octt.suite.plugin import WithOptions
    from octt.suite.prepare import pki_folder

    arguments = station.options()
    bench = station.on_bench(bench or SIMULATED)
    if bench.central_system.tls_port == FREE_PORT:
        with socket.create_server(("127.0.0.1", 0)) as free:
            bench.central_system.tls_port = free.getsockname()[1]
        arguments += ["--tls-csms", f"wss://localhost:{bench.central_system.tls_port}/ocpp"]
    for fault in faults:
        arguments += ["--fault", fault]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        options = Options(bench, declaration or station.declaration(), out, cases, (), None, arguments)
        options.pki_folder = pki_folder(SIMULATED, None)
        quiet = ["-p", "no:terminal", "-s", "-c", str(paths.TESTCASES / "pytest.ini"), "-p", "no:xdist"]
        pytest.main([str(paths.TESTCASES), *quiet], plugins=[WithOptions(options)])
        return list(read(out / "record.jsonl"))


@dataclass(frozen=True)
class Proof:
    """A fault and the step of a case that must fail because of it."""

    fault: str
    case: str
    step: str
    station: str = ""
    """Name of the legal station to break; by default the first one the case applies to."""


def proofs(only: Iterable[str] = ()) -> list[Proof]:
    """Every proof that the simulated station's faults declare."""
    from octt.simulator.main import FAULTS

    wanted, found = set(only), []
    for name, fault in FAULTS.items():
        for line in fault.proofs:
            case, _, step = line.partition(" step ")
            if not wanted or case in wanted:
                found.append(Proof(name, case, step))
    return found + [proof for proof in EXTRA if not wanted or proof.case in wanted]


def unproven(known: Iterable[Proof], written: Iterable[str]) -> list[str]:
    """Checks of written cases that no fault breaks, one sentence for each step.

    A step with several checks needs as many faults, so that each check can be the reason.
    """
    faults: dict[tuple[str, str], set[str]] = {}
    for proof in known:
        faults.setdefault((proof.case, proof.step), set()).add(proof.fault)
    missing = []
    catalogue = load_catalogue()
    for case_id in written:
        checks: dict[str, list[str]] = {}
        for check in catalogue[case_id].checks:
            label, _, text = check.partition(": ")
            if (case_id, label) not in SAME:
                checks.setdefault(label, []).append(text)
        for label, texts in checks.items():
            have = len(faults.get((case_id, label), ()))
            if have < len(texts):
                missing.append(
                    f"{case_id} step {label}: {have} faults for {len(texts)} checks ({'; '.join(texts)})"
                )
    return missing


def written_cases() -> set[str]:
    """The ids of the cases that have a script."""
    import re

    texts = (file.read_text(encoding="utf-8") for file in paths.TESTCASES.rglob("test_*.py"))
    return {match for text in texts for match in re.findall(r'@case\("(TC_\w+)"\)', text)}


_VOLTAGE = "set:MeterValues.meterValue.*.sampledValue.*.measurand=Voltage"
_ASKS_NOTHING, _ASKS = "remote starts not authorized", "remote-authorization-inverted"
EXTRA = (
    Proof(_ASKS, "TC_010_CS", "Charging.9", _ASKS_NOTHING),
    *(Proof(_ASKS, case, "5", _ASKS_NOTHING) for case in ("TC_011_1_CS", "TC_011_2_CS", "TC_024_CS")),
    Proof(_ASKS, "TC_047_CS", "result", _ASKS_NOTHING),
    Proof(_VOLTAGE, "TC_070_CS", "1", UNMEASURED.name),
    Proof(_VOLTAGE, "TC_071_CS", "1", UNMEASURED.name),
)
"""Proofs on stations of their own."""

SAME = {("TC_068_CS", "result"): "1"}
"""Where the document's expected result says no more than one of its steps."""


def judged(proof: Proof, outcome: Outcome) -> str:
    """What is wrong with the outcome of a proof; nothing when it proves the check."""
    if outcome.verdict != "FAIL":
        return f"{proof.case} with {proof.fault}: {outcome.verdict} instead of FAIL ({outcome.reason})"
    step = SAME.get((proof.case, proof.step), proof.step)
    if not any(label == step or label.startswith(f"{step}/") for label in outcome.steps):
        at = ", ".join(outcome.steps) or "no step"
        return (
            f"{proof.case} with {proof.fault}: failed at {at} instead of step {proof.step} ({outcome.reason})"
        )
    return ""


def place(proof: Proof) -> Station:
    """The legal station that a proof breaks."""
    return next((s for s in VARIANTS if s.name == proof.station), None) or home(proof.case)


def run_proofs(wanted: list[Proof]) -> tuple[dict[Proof, Outcome], list[str]]:
    """Runs every proof on a fresh station; outcomes and what is not proven.

    What is not met on the crowded machine is tried once more with less company, and said to have been.
    """
    outcomes: dict[Proof, Outcome] = {}
    jobs = {proof: (place(proof), (proof.case,), (proof.fault,)) for proof in wanted}
    for proof, result in parallel(jobs):
        outcomes[proof] = result[0]
    unmet = {proof: job for proof, job in jobs.items() if judged(proof, outcomes[proof])}
    for proof, result in parallel(unmet, CALM):
        print(f"second attempt: {judged(proof, outcomes[proof])}", flush=True)
        outcomes[proof] = result[0]
    return outcomes, [problem for proof in outcomes if (problem := judged(proof, outcomes[proof]))]


def run_variants(only: Iterable[str], written: set[str]) -> list[str]:
    """Runs every case on every legal station it applies to; those that did not pass."""
    jobs = {}
    for station in VARIANTS:
        ids = tuple(case.id for case in cases_of(station, only) if case.id in written)
        for start in range(0, len(ids), 13):
            jobs[(station.name, start)] = (station, ids[start : start + 13], ())
    failed: dict[tuple[str, str], tuple[Station, Outcome]] = {}
    for key, result in parallel(jobs):
        for outcome in result:
            if outcome.verdict not in ("PASS", "NOT APPLICABLE"):
                failed[(key[0], outcome.case)] = (jobs[key][0], outcome)
    again = {key: (station, (key[1],), ()) for key, (station, _) in failed.items()}
    problems = []
    for (name, case), result in parallel(again, CALM):
        first = failed[(name, case)][1]
        print(
            f"second attempt: {case} on a legal station ({name}): {first.verdict} ({first.reason})",
            flush=True,
        )
        outcome = result[0]
        if outcome.verdict not in ("PASS", "NOT APPLICABLE"):
            problems.append(f"{case} on a legal station ({name}): {outcome.verdict} ({outcome.reason})")
    return problems


def parallel(
    jobs: dict[Any, tuple[Any, ...]], workers: int = WORKERS, work: Callable[..., Any] = play
) -> Generator[tuple[Any, Any], None, None]:
    """Does the work of all jobs in worker processes, the largest first; results as they come.

    Who asks for no more results ends the work that is going on too.
    """
    if not jobs:
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "octt.suite.run", "octt.script.states", "octt.pics.simulate"])
    ordered = sorted(jobs.items(), key=lambda job: -len(job[1][1]))
    with context.Pool(min(workers, len(jobs)), maxtasksperchild=1) as pool:  # its end ends the workers
        yield from pool.imap_unordered(_done, [(key, work, arguments) for key, arguments in ordered])
        pool.close()
        pool.join()


def _done(job: tuple[Any, Callable[..., Any], tuple[Any, ...]]) -> tuple[Any, Any]:
    key, work, arguments = job
    return key, work(*arguments)


def matrix(outcomes: dict[Proof, Outcome]) -> str:
    """Cases and the faults that they catch, as a readable file."""
    lines = [
        "# Which fault breaks which check",
        "",
        "Made by `make matrix`: with each fault switched on in the simulated station, the case failed at that step.",
        "",
        "| case | step | fault |",
        "|---|---|---|",
    ]
    for proof in sorted(outcomes, key=lambda p: (p.case, p.step, p.fault)):
        if not judged(proof, outcomes[proof]):
            lines.append(f"| {proof.case} | {proof.step} | `{proof.fault}` |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Runs the campaigns; exit code 1 when something is not proven."""
    parser = argparse.ArgumentParser(description="the campaigns that prove the checks")
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--write", type=Path)
    parser.add_argument("--only", choices=["faults", "variants"])
    chosen = parser.parse_args()
    written = written_cases()
    wanted = proofs(chosen.case)
    problems: list[str] = []
    began = time.monotonic()
    if chosen.only != "variants":
        covered = [case for case in sorted(written) if not chosen.case or case in chosen.case]
        problems += unproven(wanted, covered)
        outcomes, unmet = run_proofs([proof for proof in wanted if proof.case in written])
        problems += unmet
        print(f"{len(outcomes)} proofs in {time.monotonic() - began:.0f} s, {len(unmet)} not met", flush=True)
        if chosen.write:
            chosen.write.write_text(matrix(outcomes), encoding="utf-8")
    if chosen.only != "faults":
        failing = run_variants(chosen.case, written)
        problems += failing
        print(
            f"legal variants done after {time.monotonic() - began:.0f} s, {len(failing)} not passed",
            flush=True,
        )
    for problem in sorted(problems):
        print("NOT PROVEN " + problem)
    print(f"campaign: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
