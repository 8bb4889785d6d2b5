"""The blast radius: which cases change their verdict when one thing is wrong for a whole run of all cases.

    python -m tests.blast_radius --write FILE    everything, into a readable file; exit code 1 for what is not explained
    python -m tests.blast_radius --only PATTERN  only causes that fit a regular expression

A *cause* is a fault of the simulated station, a configuration key that it does not know, or a profile that it declares
and does not have. A case that changes must change by itself too: run alone with the same cause it has the same verdict,
or it fell because of another case. One that FAILs alone checks the cause; one that does not, rests on it, and
`EXCEPTIONS` says why it has to. With --keep FILE what was run already is not run again.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from octt.ocpp import KEYS
from octt.suite.catalogue import load_catalogue, plan
from tests.campaign import WORKERS, Outcome, Station, parallel, proofs

PROFILES = ("FirmwareManagement", "LocalAuthListManagement", "Reservation", "SmartCharging", "RemoteTrigger")
PLACE = 2
"""The security profile that the run begins with: every case applies then."""

STATION = Station(
    "whole run",
    arguments=("--key", "ConnectionTimeOut=5"),
    bench={
        "central_system": {"security_profile": PLACE},
        "times": {"remote_start_timeout": 4.0, "remote_stop_timeout": 4.0},
    },
)
"""The standard station, with limits as short as it needs."""

EXCEPTIONS: tuple[tuple[str, str, str], ...] = (
    (
        r"`(basic-auth-.*|tls-version=1\.1)`",
        r".*",
        "the station never gets a connection",
    ),
    (
        r"`(reply:RemoteStartTransaction.*|set:StartTransaction\.idTag=.*|malformed-frame:Heartbeat)`",
        r".*",
        "state Charging begins with RemoteStartTransaction and a transaction for its idTag (table 105)",
    ),
    (
        r"`expired-yet-blocks`",
        r"TC_(049|051|053|057|058_2|066|082)_CS",
        "the reservation that TC_047_CS let expire still refuses every start, and nothing else shows that it is there",
    ),
    (
        r"`ignore:CancelReservation`",
        r".*",
        "the connector stays reserved until the reservation expires, whatever is done",
    ),
    (
        r"`(callerror|no-reply|late-reply):GetConfiguration.*`",
        r".*",
        "what a case sets is read before, so that it can be put back",
    ),
    (
        r"`reply:ChangeConfiguration(@2)?=Rejected`",
        r"TC_(074|077|083|087)_CS",
        "the name in the station's certificate is that of CpoName, which cannot be set (whitepaper A02)",
    ),
    (
        r"`reply:ChangeAvailability(@2)?=Rejected`",
        r".*",
        "states SetConnectorUnavailable and SetChargePointUnavailable are made by ChangeAvailability (tables 108, 109)",
    ),
    (
        r"`inoperative-forever`",
        r".*",
        "the connector stays out of service, whatever is done",
    ),
    (
        r"`reply:SendLocalList(@2)?=.*`",
        r"TC_037_[123]_CS|TC_039_CS",
        "what the station knows of an idTag while it is offline is in its list (table 113)",
    ),
    (
        r"`(reply|callerror):SetChargingProfile(=.*)?`",
        r"TC_(066|067|072)_CS",
        "the case begins in memory state SetChargingProfile (table 116)",
    ),
    (
        r"`(reply:InstallCertificate=Rejected|root-forgotten|hash-of-whole-key|serial-number-decimal)`",
        r"TC_(076|080)_CS",
        "the root has to be installed, and to be seen to be, before it can be deleted or sign firmware (table 114)",
    ),
    (
        r"`(reply:ExtendedTriggerMessage=.*|reply:CertificateSigned=.*|skip:SignCertificate|csr-.*|old-certificate-kept)`",
        r"TC_(074|083|087)_CS",
        "state RenewChargePointCertificate gives the station what security profile 3 asks for (table 115)",
    ),
    (
        r"`reply:Reset=Rejected`",
        r"TC_(085|086|087)_CS",
        "their preparation is that the station is triggered to reset",
    ),
)
"""What rests on a cause without checking it, or falls with other cases: patterns of cause and case, and the reason."""


@dataclass(frozen=True)
class Cause:
    """One thing that is wrong, and the station that has it."""

    name: str
    station: Station
    faults: tuple[str, ...] = ()


@dataclass
class Change:
    """A case with another verdict than on the right station; `alone` is its verdict when no other case is run."""

    outcome: Outcome
    alone: str

    def kind(self) -> str:
        """How it hangs together with the cause."""
        if self.alone != self.outcome.verdict:
            return "falls with others"
        return "checks it" if self.alone == "FAIL" else "rests on it"


def causes(pattern: str = "") -> list[Cause]:
    """Everything that can be wrong one at a time."""
    from octt.simulator.main import FAULTS

    found = [Cause(f"`{fault}`", STATION, (fault,)) for fault in FAULTS]
    for key in KEYS:
        station = replace(STATION, arguments=(*STATION.arguments, "--absent", key))
        found.append(Cause(f"without key {key}", station))
    found += [Cause(f"without profile {profile}", replace(STATION, lacks=profile)) for profile in PROFILES]
    return [cause for cause in found if re.search(pattern, cause.name)]


def cases() -> tuple[str, ...]:
    """Every case that applies, in the order of a run."""
    planned = plan(load_catalogue(), STATION.declaration(), None, ())
    applying = [one.case for one in planned if one.applies is not False]
    return tuple(case.id for case in sorted(applying, key=lambda case: case.place(PLACE)))


class Kept:
    """Outcomes by what was run, kept in a file between two calls."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.known: dict[str, list[Outcome]] = {}
        if file and file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                self.known[entry["job"]] = [
                    Outcome(**{**one, "steps": tuple(one["steps"])}) for one in entry["outcomes"]
                ]

    def run(self, jobs: dict[str, tuple[Station, tuple[str, ...], tuple[str, ...]]], workers: int) -> None:
        """Runs what is not known yet."""
        new = {name: job for name, job in jobs.items() if name not in self.known}
        began = time.monotonic()
        for number, (name, outcomes) in enumerate(parallel(new, workers), 1):
            self.known[name] = outcomes
            changed = sum(one.verdict != "PASS" for one in outcomes)
            print(f"[{number}/{len(new)}] {time.monotonic() - began:.0f} s  {name}: {changed}", flush=True)
            if self.file:
                with self.file.open("a", encoding="utf-8") as file:
                    entry = {"job": name, "outcomes": [asdict(one) for one in outcomes]}
                    file.write(json.dumps(entry) + "\n")


def changes(wanted: list[Cause], kept: Kept, workers: int) -> dict[str, list[Change]]:
    """The cases that change with each cause; each of them is then run alone, unless the matrix has that already."""
    every = cases()
    kept.run({"nothing": (STATION, every, ())}, 1)
    right = {one.case: one.verdict for one in kept.known["nothing"]}
    kept.run({cause.name: (cause.station, every, cause.faults) for cause in wanted}, workers)
    proven = {(f"`{proof.fault}`", proof.case) for proof in proofs()}
    found = {
        cause.name: [one for one in kept.known[cause.name] if one.verdict != right[one.case]]
        for cause in wanted
    }
    alone = {
        f"{cause.name} {one.case}": (cause.station, (one.case,), cause.faults)
        for cause in wanted
        for one in found[cause.name]
        if (cause.name, one.case) not in proven or one.verdict != "FAIL"
    }
    kept.run(alone, workers)
    return {
        cause: [Change(one, kept.known.get(f"{cause} {one.case}", [one])[0].verdict) for one in outcomes]
        for cause, outcomes in found.items()
    }


def reason(cause: str, case: str) -> str:
    """Why an exception has to be one; nothing when nobody says."""
    return next(
        (why for one, other, why in EXCEPTIONS if re.fullmatch(one, cause) and re.fullmatch(other, case)), ""
    )


def unexplained(found: dict[str, list[Change]]) -> list[str]:
    """Cases that change though they do not check the cause, and nobody says why; one sentence each."""
    return [
        f"{cause}: {change.outcome.case} {change.outcome.verdict}, {change.kind()} ({change.outcome.reason})"
        for cause, changed in found.items()
        for change in changed
        if change.kind() != "checks it" and not reason(cause, change.outcome.case)
    ]


def document(found: dict[str, list[Change]]) -> str:
    """The file for people: a line for each cause."""
    lines = [
        "# What falls when one thing is wrong",
        "",
        "Made by `make blast-radius`: one thing is wrong for a whole run of all cases, and these change their verdict.",
        "A case that checks the cause FAILs at the step behind it, alone as in the run. One that rests on the cause",
        "cannot get to its point without it. Nothing else may fall.",
        "",
        "| what is wrong | checks it | rests on it, or falls with it |",
        "|---|---|---|",
    ]
    for cause, changed in found.items():
        checks = [_shown(one.outcome) for one in changed if one.kind() == "checks it"]
        others = [one for one in changed if one.kind() != "checks it"]
        told = [f"{_short(one.outcome.case)} {one.outcome.verdict}: {_told(cause, one)}" for one in others]
        lines.append(f"| {cause} | {', '.join(checks)} | {'; '.join(dict.fromkeys(told))} |")
    return "\n".join(lines) + "\n"


def _shown(outcome: Outcome) -> str:
    """A case and the step at which it failed; "rule" for what a monitor saw."""
    step = next(iter(outcome.steps), "rule")
    return f"{_short(outcome.case)} {step or 'end'}"


def _short(case: str) -> str:
    return case.removeprefix("TC_").removesuffix("_CS")


def _told(cause: str, change: Change) -> str:
    return reason(cause, change.outcome.case) or f"NOT EXPLAINED, {change.kind()}"


def main(arguments: Iterable[str] | None = None) -> int:
    """Runs it; exit code 1 when something falls that nobody explains."""
    parser = argparse.ArgumentParser(description="which cases change when one thing is wrong")
    parser.add_argument("--only", default="", metavar="PATTERN")
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--keep", type=Path, metavar="FILE")
    parser.add_argument("--workers", type=int, default=WORKERS)
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    began = time.monotonic()
    found = changes(causes(chosen.only), Kept(chosen.keep), chosen.workers)
    problems = unexplained(found)
    if chosen.write:
        chosen.write.write_text(document(found), encoding="utf-8")
    for problem in problems:
        print("NOT EXPLAINED " + problem)
    changed = sum(len(one) for one in found.values())
    print(
        f"{len(found)} causes, {changed} verdicts changed, {len(problems)} not explained, "
        f"{time.monotonic() - began:.0f} s"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
