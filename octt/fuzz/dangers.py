"""What OCPP cannot undo, in one place: it is left alone unless it is asked for by name (`--allow NAME`)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from octt.ocpp.keys import KEYS


@dataclass(frozen=True)
class Danger:
    """Something that may leave a station that nobody reaches any more: requests, triggers and keys."""

    why: str
    actions: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


DANGERS = {
    "firmware": Danger("an image cannot be taken back", ("UpdateFirmware", "SignedUpdateFirmware")),
    "certificates": Danger(
        "a station without its root or its own certificate cannot connect",
        ("InstallCertificate", "DeleteCertificate", "CertificateSigned"),
        triggers=("SignChargePointCertificate",),
    ),
    "security-profile": Danger("there is no way back to a lower one", keys=("SecurityProfile",)),
    "password": Danger("it can be written and not read", keys=("AuthorizationKey",)),
    "identity": Danger("certificates are made out to it", keys=("CpoName",)),
    "vendor-keys": Danger("nobody but the vendor knows what they do"),
}
"""By the name to be given to `--allow`."""


def forbidden_actions(allowed: Collection[str]) -> frozenset[str]:
    """Requests that are not sent, whatever is in them."""
    return frozenset(
        action for name, danger in DANGERS.items() if name not in allowed for action in danger.actions
    )


def forbidden_triggers(allowed: Collection[str]) -> frozenset[str]:
    """Messages that are not asked for."""
    return frozenset(
        trigger for name, danger in DANGERS.items() if name not in allowed for trigger in danger.triggers
    )


def may_write(key: str, allowed: Collection[str]) -> bool:
    """Whether a configuration key may be written to."""
    folded = key.strip().casefold()
    owner = next((n for n, one in DANGERS.items() if folded in {k.casefold() for k in one.keys}), "")
    if owner:
        return owner in allowed
    standard = folded in {name.casefold() for name in KEYS}
    return standard or "vendor-keys" in allowed
