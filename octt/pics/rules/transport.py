"""Rules on the connection itself, on what the station says of itself, on file transfers and measured times."""

from __future__ import annotations

import re
from typing import Any

from octt.measure import Statistic
from octt.measure.declared import DECLARED
from octt.ocpp.values import table
from octt.pics.declaration import short
from octt.pics.rules.base import Asked, Sighting, judged, remark
from octt.record.events import Connected

_OPENSSL = re.compile(r"(?:(ECDHE|DHE)-(ECDSA|RSA)-)?AES(128|256)-(GCM-)?SHA(256|384)?$")


def boot_name(asked: Asked) -> Sighting | None:
    """BootNotification's vendor and model (section 6.1); often written differently, so only agreement counts."""
    field = "chargePointVendor" if asked.question.id == "vendor" else "chargePointModel"
    for boot in asked.evidence.sent("BootNotification"):
        name = str(boot.payload.get(field, ""))
        one, other = name.casefold().strip(), str(asked.answer).casefold().strip()
        if one and (one in other or other in one):
            return judged(True, f"{field} is {short(name)}", boot.line)
        return remark(f"{field} is {short(name)}, which a person has to compare", boot.line)
    return None


def firmware_version(asked: Asked) -> Sighting | None:
    """The first BootNotification's firmwareVersion: later ones may follow an update by a test case."""
    for boot in asked.evidence.sent("BootNotification"):
        version = boot.payload.get("firmwareVersion")
        if not isinstance(version, str) or not version.strip():
            return remark("BootNotification has no firmwareVersion", boot.line)
        same = version.strip().casefold() == str(asked.answer).strip().casefold()
        return judged(same, f"firmwareVersion is {short(version)}", boot.line)
    return None


def security_profile(asked: Asked) -> Sighting | None:
    """A connection that was accepted with this security profile: its password, or its client certificate, was right."""
    number = int(asked.question.id.removeprefix("SEC-"))
    for connect in asked.evidence.connects:
        proven = connect.auth == "ok" if number < 3 else bool(table(connect.tls).get("client_cert"))
        if connect.security_profile == number and proven and (number == 1 or connect.tls):
            why = f"the station connected with security profile {number}"
            return judged(asked.answer is True, why, connect.n)
    return None


def cipher_suites(asked: Asked) -> Sighting | None:
    """ClientHello's cipher suites: all the declared ones in one connection confirm, a missing one contradicts.

    A station may offer more than it declares: A00.FR.318 asks for one pair of suites and forbids no others.
    """
    declared = {iana(str(suite)) for suite in asked.answer}
    best: Sighting | None = None
    for connect in asked.evidence.connects:
        if connect.tls is None:
            continue
        line, used = connect.n, iana(_name(connect.tls.get("cipher")))
        suites = set(offered_suites(connect))
        if suites and (missing := declared - suites):
            return judged(False, f"ClientHello does not offer {', '.join(sorted(missing))}", line)
        if suites:
            best = judged(True, "ClientHello offers every declared cipher suite", line)
        elif used and best is None:
            undeclared = "" if used in declared else ", which is not declared"
            best = remark(f"the connection uses {used}{undeclared}; what else is offered was not seen", line)
    return best


def offered_suites(connect: Connected) -> list[str]:
    """The cipher suites of a connection's ClientHello; empty when unknown."""
    offered = table(connect.tls).get("offered")
    suites = offered.get("suites") if isinstance(offered, dict) else offered
    return [iana(_name(suite)) for suite in suites] if isinstance(suites, list) else []


def iana(suite: str) -> str:
    """The IANA name of a TLS 1.2 cipher suite that may be written in OpenSSL's way."""
    match = _OPENSSL.match(suite)
    if not match:
        return suite.strip().upper()
    exchange, signature, bits, gcm, digest = match.groups()
    kind = f"{exchange}_{signature}" if exchange else "RSA"
    return f"TLS_{kind}_WITH_AES_{bits}_{'GCM' if gcm else 'CBC'}_SHA{digest or ''}"


def _name(suite: Any) -> str:
    """A suite as text; Python's ssl gives a tuple whose first part is the name."""
    return str(suite[0]) if isinstance(suite, list | tuple) and suite else str(suite or "")


def transfers(asked: Asked) -> Sighting | None:
    """Protocols by which files were really transferred; one not declared contradicts, some do not confirm all."""
    declared = {str(protocol).lower() for protocol in asked.answer}
    used: dict[str, int] = {}
    for transfer in asked.evidence.transfers:
        protocol = transfer.protocol.lower()
        if transfer.complete and protocol:
            used.setdefault(protocol, transfer.n)
    for protocol, line in used.items():
        if protocol not in declared:
            return judged(False, f"the station transferred a file by {protocol}, which is not declared", line)
    if not used:
        return None
    line = min(used.values())
    if declared <= used.keys():
        return judged(True, "the station transferred files by every declared protocol", line)
    return remark(f"the station transferred files by {', '.join(used)} only", line)


def measured(asked: Asked) -> Sighting | None:
    """Measured times against the declared maximum, with the definitions of `octt.measure`."""
    performance = asked.evidence.performance
    statistic: Statistic | None
    if asked.question.id == "remote_start_response":
        statistic = performance.by_action.get("RemoteStartTransaction")
    else:
        key = next(key for key, item in DECLARED.items() if item == asked.question.id)
        statistic = getattr(performance, key)
    if statistic is None or statistic.maximum is None or statistic.worst_line is None:
        return None
    if statistic.at_least and (statistic.exceeded or not statistic.count):
        why = f"{statistic.found}, declared are {asked.answer:g} seconds"
        return (
            judged(False, why, statistic.worst_line)
            if statistic.exceeded
            else remark(why, statistic.worst_line)
        )
    longest, line = statistic.measured.longest or (0.0, 0)
    times = "once" if statistic.count == 1 else f"{statistic.count} times"
    most = f"{longest:.3f}".rstrip("0").rstrip(".")
    why = f"measured {times}, {most} seconds at most, declared are {asked.answer:g}"
    return judged(longest <= asked.answer, why, line)
