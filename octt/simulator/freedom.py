"""The freedom that specification and test-case document leave a station: each field is a choice that is legal.

A choice is an option of `octt simulate` too, named like the field, with the help that stands here; the help ends with
the section that allows it: of OCPP 1.6 edition 2, OCPP-J 1.6 (J), the security whitepaper (W), or the declaration (AQ,
C, HFS, ORS).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

KNOWN_MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Power.Offered",
    "Current.Import",
    "Current.Offered",
    "Voltage",
    "SoC",
    "Temperature",
    "Frequency",
)


def choice(
    help: str, default: Any = False, names: str = "", metavar: str = "", among: tuple[str, ...] = ()
) -> Any:
    """A field that is a command-line option; `names` where the option is not simply named like the field.

    `metavar` and `among` say what its value looks like.
    """
    return field(default=default, metadata={"help": help, "names": names, "metavar": metavar, "among": among})


CONTRADICTIONS = (
    ("card_first", "cable_first"),
    ("locked_until_authorized", "cable_first"),
    ("bare", "all_fields"),
    ("direct_current", "one_phase"),
)
"""Choices that no station can make together."""


@dataclass(frozen=True, kw_only=True)
class Freedom:
    """Every default is the plainest station. A choice that needs another says so.

    Raises ValueError, a sentence, for choices that contradict each other.
    """

    # how it is built
    fixed_cable: bool = choice(
        "What cable the connectors have (HFS-1, HFS-2).", names="--fixed-cable/--detachable"
    )
    direct_current: bool = choice("Charges with direct current: 400 V, one line, no phases (HFS-4).")
    one_phase: bool = choice("Charges with one phase (HFS-5).")
    measurands: tuple[str, ...] = choice(
        "Can measure only these (C-09).", (), names="--measurand", metavar="NAME", among=KNOWN_MEASURANDS
    )
    backup_power: bool = choice("Stops transactions before a power loss takes the station down (AQ-7.1).")
    resume_transactions: bool = choice("Transactions go on after a power loss (AQ-7.2).")
    stop_resumed: bool = choice(
        "With it: they are stopped a moment later, after their connector said Charging (4.2)."
    )
    charge_before_accepted: bool = choice("Starts transactions before it is accepted (4.2.1).")
    remember_transaction_ids: bool = choice(
        "Knows for ever the transactionIds it was given: one that has ended is never stopped again (4.8)."
    )

    # people
    locked_until_authorized: bool = choice("No cable goes in before an idTag is accepted (AQ-2).")
    card_first: bool = choice("A card counts only before the cable goes in (4.1 prescribes no order).")
    cable_first: bool = choice("A card counts only once the cable is in (4.1 prescribes no order).")
    single_reader: bool = choice(
        "One card reader for all connectors: a card goes where its transaction runs or a cable waits (HFS-10)."
    )
    local_start: bool = choice(
        "Cards start transactions (C-07).", True, names="--local-start/--no-local-start"
    )
    local_stop: bool = choice("Cards stop transactions (C-08).", True, names="--local-stop/--no-local-stop")
    second_swipe_cancels: bool = choice(
        "The same card again, before the cable, ends the authorization (4.1 leaves it open).",
        True,
        names="--second-swipe-cancels/--no-second-swipe-cancels",
    )

    # statuses
    status_first: bool = choice(
        "Charging before StartTransaction, Finishing before StopTransaction (4.8, 4.10)."
    )
    repeat_statuses: bool = choice("Tells every status twice (4.9).")
    chatty: bool = choice(
        "Legal but unnecessary messages: short statuses in between, idle meter values, heartbeats (4.6, 4.7, 4.9)."
    )
    terse: bool = choice(
        "As few messages as allowed: no heartbeat after other traffic, no reason Local (4.6, 4.10)."
    )

    # how messages are written
    bare: bool = choice("Leaves out fields that may be absent (6.1 to 6.57, 7.43).")
    all_fields: bool = choice(
        "Fills in optional fields: more of BootNotification, info of statuses (6.3, 6.47)."
    )
    timestamps: Literal["milliseconds", "seconds", "offset"] = choice(
        "How it writes times: fractions, whole seconds, or with an offset to UTC (3.14, 3.15).",
        "milliseconds",
    )
    counted_ids: bool = choice("Message ids are numbers that count up (J 4.1.4).")
    spaced_json: bool = choice("JSON with white space (J 4.2).")
    kilo_units: bool = choice("Energy in kWh, power in kW (7.45).")
    split_values: bool = choice("Each measurand in a meterValue of its own (4.7).")
    bundle_values: int = choice("So many sampled values in one MeterValues (4.7).", 1, metavar="N")
    aligned_without_transaction: bool = choice("Clock-aligned values without transactionId (4.7).")
    most_stop_values: int = choice("StopTransaction carries at most so many (ORS-8).", 500, metavar="N")
    split_schedules: bool = choice("Composite schedules in more periods than needed (3.13.4).")

    # configuration
    keys_lower_case: bool = choice("Tells the names of keys in lower case (7.29: CiString).")
    loose_values: bool = choice('Booleans as "True", a space after each comma of a list (9).')
    unset_values_absent: bool = choice("A key whose value is empty has no value (7.29).")
    reboot_keys: tuple[str, ...] = choice(
        "A change of this key is RebootRequired and counts after a reboot (5.3).",
        (),
        names="--reboot-key",
        metavar="KEY",
    )
    minimum: tuple[str, ...] = choice("The least value that a key takes (ORS-4, ORS-6).", (), metavar="KEY=N")

    # answers to the Central System
    refuse_unsupported: bool = choice("CALLERROR for messages of absent profiles (J 4.2.3).")
    constraint_errors: bool = choice(
        "CALLERROR where Rejected would do too: TxProfile without transaction, foreign profile of a remote start, "
        "trigger for an unknown connector (5.11, 5.16, 5.17)."
    )
    reject_without_connector: bool = choice("Rejects a remote start without connectorId (5.11).")
    soft_reset_reboots: bool = choice(
        "A soft reset boots, or ends transactions only (5.14).",
        True,
        names="--soft-reset-reboots/--no-soft-reset-reboots",
    )
    hard_reset_stops_late: bool = choice(
        "A hard reset is at once: StopTransaction comes when the station is accepted again (5.14)."
    )

    # the connection
    close_when_rejected: bool = choice("Closes the connection while Rejected (4.2).")
    overtake_queue: bool = choice("Other messages do not wait for queued transaction messages (3.7).")
    authenticate_when_asked: bool = choice("Sends its password only after HTTP 401 (W figures 1 and 2).")
    older_subprotocols: bool = choice("Offers ocpp1.5 beside ocpp1.6 (J 3.1.2).")
    patient_redial: bool = choice(
        "Does not notice that the network is back before its next attempt (J errata 3.4)."
    )
    profile_change_reboots: bool = choice("SecurityProfile is changed by a reset (W A05).")

    # firmware and files
    update_style: Literal["reboot", "report-first", "no-reboot", "reboot-first"] = choice(
        "Firmware updates: Installed after a reboot, before it, without one, or a reboot before Installing (4.5, "
        "W figure 13).",
        "reboot",
    )
    installing_untold: bool = choice(
        "A signed update says nothing of Installing: the bootloader cannot send (W L01.FR.22)."
    )
    download_waits: bool = choice("Downloads no firmware while a transaction runs (AQ-4).")
    repeat_progress: bool = choice("Tells the last status of an update or upload twice (4.4, 4.5).")
    signed_firmware: bool = choice(
        "Whether it knows SignedUpdateFirmware (F-1).", True, names="--signed-firmware/--no-signed-firmware"
    )
    only_signed_firmware: bool = choice("UpdateFirmware is NotSupported (W L01.FR.20).")
    legacy_signatures: bool = choice(
        "Takes firmware signatures of the older kind too: RSA PKCS #1 v1.5 (W L01.FR.04)."
    )

    def __post_init__(self) -> None:
        for one, other in CONTRADICTIONS:
            if getattr(self, one) and getattr(self, other):
                names = [f"--{name.replace('_', '-')}" for name in (one, other)]
                raise ValueError(f"no station can be both {names[0]} and {names[1]}")
