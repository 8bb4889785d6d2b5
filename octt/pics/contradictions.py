"""Answers of a declaration that contradict each other, and the connector table that contradicts them."""

from __future__ import annotations

from collections.abc import Iterator

from octt.pics.declaration import Connector, Declaration, Problem, short
from octt.pics.expression import explain, parse
from octt.pics.facts import DeclaredFacts
from octt.pics.questionnaire import load_questionnaire

# Answers that cannot all be true of one station: (item, the contradiction, what it means, remedy, severity).
CONTRADICTIONS = (
    (
        "profiles",
        "not Core",
        "the profile Core is not declared",
        'every station needs it: add "Core" to profiles',
        "error",
    ),
    (
        "C-06.1",
        "C-06.1 and C-06.2",
        "a transaction cannot both go on (C-06.1) and stop (C-06.2) when the cable is pulled out on the EV's side",
        "declare what the station does as delivered",
        "error",
    ),
    (
        "C-06.1",
        "not C-06.1 and not C-06.2",
        "a transaction either goes on (C-06.1) or stops (C-06.2) when the cable is pulled out on the EV's side",
        "declare one of the two",
        "error",
    ),
    (
        "C-01",
        "C-01 and not C-02 and not C-04 and not LocalAuthListManagement",
        "offline authorization (C-01) has nothing to decide by: no cache, no local list, no unknown idTags",
        "declare C-02, C-04 or LocalAuthListManagement, or C-01 = false",
        "error",
    ),
    (
        "C-01",
        "C-01 and not C-07",
        "a transaction started offline (C-01) is started at the station, but C-07 says that this is impossible",
        "declare C-07 = true or C-01 = false",
        "error",
    ),
    (
        "AQ-7.1",
        "AQ-7.1 and AQ-7.2",
        "StopTransaction is sent before (AQ-7.1) or after (AQ-7.2) a power loss, not both",
        "declare one of the two",
        "error",
    ),
    (
        "AQ-7.1",
        "not AQ-7.1 and not AQ-7.2",
        "StopTransaction is sent neither before nor after a power loss, so no case tests it",
        "declare one of the two",
        "warning",
    ),
    (
        "HFS-1",
        "not HFS-1 and not HFS-2",
        "there is neither a detachable (HFS-1) nor a fixed cable (HFS-2)",
        "declare at least one",
        "error",
    ),
    (
        "HFS-1",
        "HFS-1 and HFS-2 and HFS-8 == 1",
        "the only connector has both a detachable (HFS-1) and a fixed cable (HFS-2)",
        "declare one of the two, or more connectors (HFS-8)",
        "error",
    ),
    (
        "HFS-3",
        "not HFS-3 and not HFS-4",
        "it charges with neither AC (HFS-3) nor DC (HFS-4)",
        "declare at least one",
        "error",
    ),
    (
        "HFS-5",
        "HFS-3 and not HFS-5 and not HFS-6 and not HFS-7",
        "it charges with AC but with no number of phases (HFS-5 to HFS-7)",
        "declare at least one",
        "error",
    ),
    (
        "SC-1.1",
        "SmartCharging and not SC-1.1 and not SC-1.2",
        "smart charging needs amperes (SC-1.1) or watts (SC-1.2)",
        "declare at least one",
        "error",
    ),
    (
        "SEC-1",
        "Security and not SEC-1 and not SEC-2 and not SEC-3",
        "the security extension is declared but no security profile",
        "declare SEC-1, SEC-2 or SEC-3, or take Security out of profiles",
        "error",
    ),
    (
        "SEC-3",
        'SEC-3 and value:CertificateStoreMaxLength == "0"',
        "SEC-3 needs certificates, but CertificateStoreMaxLength is 0",
        "correct one of the two",
        "error",
    ),
    (
        "AQ-3",
        "AQ-3",
        "the last ChargePointCertificate can be removed, which DeleteCertificate must not do (whitepaper M04.FR.05)",
        "declare AQ-3 = false if DeleteCertificate is refused, as it must be; no case tests it",
        "warning",
    ),
    (
        "F-1",
        "F-1 and not SEC-1 and not SEC-2 and not SEC-3",
        "secure firmware updates are declared but no security profile, so no case tests them",
        "declare a security profile or F-1 = false",
        "warning",
    ),
)  # fmt: skip


def contradictions(declaration: Declaration) -> Iterator[Problem]:
    """Every contradiction of the table above that is certain, and a measuring connection that does not exist."""
    facts = DeclaredFacts(declaration)
    for item, contradiction, what, remedy, severity in CONTRADICTIONS:
        if explain(parse(contradiction), facts).applies:
            yield Problem(item, load_questionnaire()[item].place, what, remedy, severity)
    technologies = declaration.answer("HFS-9")
    used = declaration.answer("communication")
    if isinstance(technologies, list) and isinstance(used, str) and used.lower() not in _lower(technologies):
        what = f"times are measured over {short(used)}, which HFS-9 does not have"
        yield Problem("communication", "performance.communication", what, "correct one of the two", "warning")


def connectors(declaration: Declaration) -> Iterator[Problem]:
    """The connector table by itself and against the hardware feature set."""
    rows = declaration.connectors
    count = declaration.answer("HFS-8")
    if not rows:
        if declaration.form == "2025":
            yield Problem(
                "connectors", "connectors", "there is no table of connectors", "add [[connectors]], one each"
            )
        return
    if type(count) is int and len(rows) != count:
        what = f"{len(rows)} connectors are described, HFS-8 says {count}"
        yield Problem("connectors", "connectors", what, "correct one of the two")
    seen: dict[int, str] = {}
    for number, row in enumerate(rows, 1):
        place = f"connectors[{number}]"
        if row.connector in seen:
            what = f"connector {row.connector} is described twice"
            if seen[row.connector] != row.cable:
                what += f", with {seen[row.connector] or 'no cable'} and with {row.cable or 'no cable'}"
            yield Problem(
                "connectors", place, what, "a connector has one cable; describe each connector once"
            )
        seen[row.connector] = row.cable
        if not 1 <= row.connector <= (count if type(count) is int else row.connector):
            yield Problem(
                "connectors", place, f"there is no connector {row.connector}", "number them from 1 to HFS-8"
            )
        for what, remedy in _row(row, declaration):
            yield Problem("connectors", place, what, remedy)
    for item, claim in _claims(rows).items():
        if declaration.answer(item) is not None and declaration.answer(item) is not claim:
            label = load_questionnaire()[item].label
            what = f"{item} ({label}) is {'No' if claim else 'Yes'}, the table of connectors says otherwise"
            yield Problem(item, f"answers.{item}", what, "correct one of the two")


def _row(row: Connector, declaration: Declaration) -> Iterator[tuple[str, str]]:
    """What is wrong with one connector, and the remedy."""
    if row.current.upper() not in ("AC", "DC"):
        yield f"current {short(row.current)} is unknown", 'write "AC" or "DC"'
    if row.cable.lower() not in ("fixed cable", "detachable cable"):
        yield f"cable {short(row.cable)} is unknown", 'write "Fixed Cable" or "Detachable Cable"'
    if row.current.upper() == "AC":
        item = {1: "HFS-5", 2: "HFS-6", 3: "HFS-7"}.get(row.phases)
        if item is None:
            yield f"{row.phases} is no number of phases", "write 1, 2 or 3"
        elif declaration.answer(item) is False:
            yield f"it has {row.phases} phases, but {item} is No", "correct one of the two"


def _claims(rows: tuple[Connector, ...]) -> dict[str, bool]:
    """What the table says about the hardware feature set."""
    return {
        "HFS-1": any("detach" in row.cable.lower() for row in rows),
        "HFS-2": any("fixed" in row.cable.lower() for row in rows),
        "HFS-3": any(row.current.upper() == "AC" for row in rows),
        "HFS-4": any(row.current.upper() == "DC" for row in rows),
    }


def _lower(texts: list[object]) -> set[str]:
    return {str(text).lower() for text in texts}
