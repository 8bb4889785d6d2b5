"""A station that nobody touches, in virtual time: what it sends by itself, and what a hand makes it send."""

from __future__ import annotations

from typing import ClassVar

from tests.timeline.virtual import Stage, status

TAG, OTHER_TAG = "OCTTVALID1", "OCTTVALID2"
_MOMENT = "2024-01-01T00:00:00Z"
_METER = {"meterValue": [{"timestamp": _MOMENT, "sampledValue": [{"value": "1"}]}]}


class Station:
    """Connector 1 is in `position`; connector 2 is free. Every method is one thing that happens."""

    STATUS: ClassVar = {
        "free": "Available",
        "card": "Preparing",
        "cable": "Preparing",
        "charging": "Charging",
        "finishing": "Finishing",
        "reserved": "Reserved",
        "faulted": "Faulted",
        "unavailable": "Unavailable",
    }

    def __init__(self, position):
        self.stage, self.connection, self.transaction = Stage(), 1, None
        self.stage.link("connect")
        self.statuses = {0: "Available", 1: "Available", 2: "Available"}
        for connector in (0, 1, 2):
            self.tell(connector)
        self.position = position
        if position == "charging":
            self.start(TAG)
        self.become(self.STATUS[position])

    @property
    def timeline(self):
        return self.stage.timeline

    def call(self, action, **payload):
        return self.stage.frame([2, f"s{self.stage.number}", action, payload], connection=self.connection)

    def tell(self, connector, **more):
        return self.call("StatusNotification", **status(connector, self.statuses[connector], **more))

    def become(self, value, connector=1, **more):
        self.statuses[connector] = value
        return self.tell(connector, **more)

    def start(self, tag, connector=1):
        entry = self.call(
            "StartTransaction", connectorId=connector, idTag=tag, meterStart=0, timestamp=_MOMENT
        )
        self.transaction = 7
        reply = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        self.stage.frame([3, entry.frame.id, reply], incoming=False)
        return entry

    def stop(self, **more):
        entry = self.call(
            "StopTransaction", transactionId=self.transaction, meterStop=1, timestamp=_MOMENT, **more
        )
        self.transaction = None
        return entry

    # -- by itself ------------------------------------------------------------------------------------------------

    def repeat(self):
        self.tell(1)

    def neighbours(self):
        self.tell(0)
        self.tell(2)

    def chatter(self):
        self.call("Heartbeat")
        self.call("MeterValues", connectorId=1, **_METER)
        self.call("DataTransfer", vendorId="V")

    def boot_again(self):
        self.call("BootNotification", chargePointVendor="V", chargePointModel="M")

    def reconnect(self):
        self.stage.link("disconnect", self.connection)
        self.connection += 1
        self.stage.link("connect", self.connection)
        for connector in (0, 1, 2):
            self.tell(connector)

    def time_out(self):
        if self.position == "card":
            self.position = "free"
            self.become("Available")
        elif self.position == "cable":
            self.position = "finishing"
            self.become("Finishing")
        elif self.position == "reserved":
            self.position = "free"
            self.become("Available")

    def suspend(self):
        if self.position == "charging":
            self.become(
                {"Charging": "SuspendedEV", "SuspendedEV": "SuspendedEVSE"}.get(self.statuses[1], "Charging")
            )

    def stop_remotely(self):
        if self.position == "charging":
            self.position = "finishing"
            self.stop(reason="Remote")
            self.become("Finishing")


IDLE = (
    *("repeat", "neighbours", "chatter", "boot_again", "reconnect"),
    *("time_out", "suspend", "stop_remotely"),
)
"""What happens without a hand."""
