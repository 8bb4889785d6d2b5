"""Which faulty part takes the place of which right one, and which options a fault implies."""

from __future__ import annotations

from dataclasses import replace

from octt.simulator.faults.fault import Faults
from octt.simulator.faults.seams.certificates import FaultyCertificateManagement
from octt.simulator.faults.seams.configuration import FaultyConfiguration
from octt.simulator.faults.seams.connectors import FaultyConnectors
from octt.simulator.faults.seams.identification import FaultyAuthorization, FaultyIdentification
from octt.simulator.faults.seams.metering import FaultyMetering
from octt.simulator.faults.seams.optional_profiles import (
    FaultyListManagement,
    FaultyNoReservations,
    FaultyReserving,
)
from octt.simulator.faults.seams.registration import FaultyRegistration
from octt.simulator.faults.seams.remote import FaultyRemote
from octt.simulator.faults.seams.security import FaultySecurity
from octt.simulator.faults.seams.sending import FaultyLink, FaultyOutbox
from octt.simulator.faults.seams.smart_charging import FaultySmartCharging
from octt.simulator.faults.seams.transactions import FaultyTransactions
from octt.simulator.faults.seams.transfers import FaultyFirmware, FaultyUploads
from octt.simulator.options import Options
from octt.simulator.part import Part

_SEAMS: tuple[type[Part], ...] = (
    *(FaultyAuthorization, FaultyCertificateManagement, FaultyConfiguration, FaultyConnectors),
    *(FaultyFirmware, FaultyIdentification, FaultyLink, FaultyListManagement, FaultyMetering),
    *(FaultyNoReservations, FaultyOutbox, FaultyRegistration, FaultyRemote, FaultyReserving),
    *(FaultySecurity, FaultySmartCharging, FaultyTransactions, FaultyUploads),
)
_REPLACEMENTS: dict[type[Part], type[Part]] = {seam.__mro__[1]: seam for seam in _SEAMS}


def faulty(right: type[Part]) -> type[Part]:
    """The part that stands in for a right one in a station with faults."""
    return _REPLACEMENTS.get(right, right)


def implied(options: Options, faults: Faults) -> Options:
    """The options with what a fault needs: one that ends resumed transactions silently has to resume them."""
    if faults.active("resumed-end-silent"):
        return replace(options, resume_transactions=True)
    return options
