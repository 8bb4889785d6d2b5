"""Cross-examination: every answer of a declaration against what the record of a run shows.

A rule looks at the evidence for one or several answers and returns what it saw, or None. It never claims more
than that: a contradiction names the record line that shows it, and what was not seen is "not observed".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from octt.measure import declared_maxima
from octt.pics.declaration import Declaration
from octt.pics.evidence import gather
from octt.pics.questionnaire import load_questionnaire
from octt.pics.rules import functions, keys, sessions, transport
from octt.pics.rules.base import Asked, Rule, Sighting
from octt.record import Event
from octt.record.words import Agreement

__all__ = ["RULES", "Examined", "examine"]


@dataclass(frozen=True)
class Examined:
    """What became of one answer, why, and the record line that shows it (0: none)."""

    item: str
    answer: str
    result: Agreement
    why: str
    line: int = 0


# What can show whether an answer is true: the items, the rule, and what it waits to see.
RULES: tuple[tuple[str, Rule, str], ...] = (
    # product, and what kind of station it is
    ("vendor designation", transport.boot_name, "a BootNotification with the same name"),
    ("software_version", transport.firmware_version, "a BootNotification with a firmwareVersion"),
    ("profiles", keys.value, "SupportedFeatureProfiles"),
    ("profiles", functions.unsupported_message, "a message of a declared profile answered as not supported"),
    ("HFS-1", functions.unlocked, "UnlockConnector answered Unlocked"),
    ("HFS-2", functions.unlock_not_supported, "UnlockConnector of a connector answered NotSupported"),
    ("HFS-8", keys.value, "NumberOfConnectors"),
    ("HFS-8", functions.highest_connector, "a StatusNotification of a connector beyond the declared number"),
    # core
    ("C-01", sessions.offline_start, "a StartTransaction made while the Central System was out of reach"),
    ("C-02 C-03 C-04 C-05", keys.exists, "whether the configuration key exists"),
    ("C-06.1 C-06.2", keys.value, "StopTransactionOnEVSideDisconnect"),
    (
        "C-06.1 C-06.2",
        sessions.ev_disconnect,
        "the cable pulled out on the EV's side during a transaction, by a station without the key",
    ),
    ("C-07", sessions.local_start, "a StartTransaction after an idTag was presented at the station"),
    ("C-08", sessions.local_stop, "a StopTransaction by an action at the station"),
    ("C-09.1 C-09.2", functions.measurands, "MeterValues with all the declared measurands"),
    ("C-09.1 C-09.2", keys.value, "the configured measurands"),
    # optional profiles
    ("SC-1.1 SC-1.2", keys.value, "ChargingScheduleAllowedChargingRateUnit"),
    ("R-1", keys.value, "ReserveConnectorZeroSupported"),
    ("R-1", functions.reserved_zero, "ReserveNow of connector 0 accepted"),
    ("F-1", functions.signed_update, "an answer to SignedUpdateFirmware"),
    # security
    ("SEC-1 SEC-2 SEC-3", transport.security_profile, "a connection with that security profile"),
    ("SEC-1 SEC-2 SEC-3", keys.value, "SecurityProfile"),
    ("SEC-4", transport.cipher_suites, "the cipher suites that the station offers"),
    # additional questions
    ("AQ-1", functions.last_root_deleted, "DeleteCertificate of the only CentralSystemRootCertificate"),
    ("AQ-2", sessions.plugged_unauthorized, "the cable plugged in before any authorization"),
    (
        "AQ-4",
        sessions.download_in_transaction,
        "a firmware download while a transaction is running (no test case has one)",
    ),
    ("AQ-7.1 AQ-7.2", sessions.power_loss, "a transaction over a power loss"),
    # limits
    ("ORS-1 ORS-2 ORS-3 ORS-8 ORS-9 ORS-10 ORS-11 ORS-12 ORS-13 ORS-14 ORS-16", keys.value, "the key"),
    ("ORS-4 ORS-6", functions.shortest_interval, "ChangeConfiguration of the interval"),
    ("ORS-12 ORS-13", functions.list_limits, "SendLocalList beyond the limit accepted"),
    ("ORS-14", functions.stack_level_limit, "SetChargingProfile beyond the limit accepted"),
    ("ORS-16", transport.transfers, "a file transfer"),
    ("milliseconds", functions.milliseconds, "timestamps"),
    # measured times
    (
        "response_timeout triggered_timeout remote_start_time remote_stop_time remote_start_response",
        transport.measured,
        "a measured time",
    ),
)


def examine(declaration: Declaration, events: Iterable[Event]) -> list[Examined]:
    """What became of every answer given, in the order of the questionnaire, then of every declared key."""
    evidence = gather(events, declared_maxima(declaration.as_dict()))
    found = []
    for question in load_questionnaire().questions.values():
        answer = declaration.answer(question.id)
        if answer is None or question.type == "table":
            continue
        asked = Asked(question, answer, declaration, evidence)
        rules = [(rule, wanted) for items, rule, wanted in RULES if question.id in items.split()]
        seen = [sighting for rule, _ in rules if (sighting := rule(asked)) is not None]
        found.append(_strongest(question.id, question.shown(answer), seen, [wanted for _, wanted in rules]))
    for name, key in declaration.configuration_keys.items():
        shown = " ".join(part for part in (key.value or "", f"({key.access})" if key.access else "") if part)
        seen = keys.declared_key(name, key, evidence)
        found.append(_strongest(f"configuration_keys.{name}", shown, seen, [f"the key {name}"]))
    return found


def _strongest(item: str, answer: str, seen: list[Sighting], wanted: list[str]) -> Examined:
    """The strongest of what the rules saw: a contradiction, then a confirmation, then a remark."""
    for result in (Agreement.CONTRADICTED, Agreement.CONFIRMED, Agreement.NOT_OBSERVED):
        for sighting in seen:
            if sighting.result is result:
                return Examined(item, answer, result, sighting.why, sighting.line)
    why = f"never seen in this run: {'; '.join(wanted)}" if wanted else "nothing in OCPP shows it"
    return Examined(item, answer, Agreement.NOT_OBSERVED, why)
