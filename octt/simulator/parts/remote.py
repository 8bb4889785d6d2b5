"""Remote start and stop, reset, trigger, data transfer (specification 5.6, 5.11, 5.12, 5.14, 5.17)."""

from __future__ import annotations

from functools import partial

from octt.simulator.part import CallRefused, Part, Payload, Reply, on
from octt.simulator.parts.connectors import Connector
from octt.simulator.parts.session import Permit


class Remote(Part):
    """What the Central System does to the station from afar."""

    @on("RemoteStartTransaction")
    def remote_start(self, payload: Payload) -> Reply | Payload:
        """Accepted when a connector can take the transaction; it then goes like a local start (5.11)."""
        if "connectorId" not in payload and self.station.options.reject_without_connector:
            return {"status": "Rejected"}
        id_tag, profile = payload["idTag"], payload.get("chargingProfile")
        connector = self._connector_for(payload.get("connectorId"), id_tag)
        if connector is None or self.station.registration.status != "Accepted":
            return {"status": "Rejected"}
        if profile is not None and self.station.smart_charging.remote_profile_problem(
            connector.number, profile
        ):
            return {"status": "Rejected"}
        return Reply({"status": "Accepted"}, lambda: self._start(connector, id_tag, profile))

    def _connector_for(self, number: int | None, id_tag: str) -> Connector | None:
        """The connector a remote start may use: the one asked for, else an occupied one, else any that is free."""
        if number is not None:
            connector = self.station.connectors.all.get(number)
            return connector if connector is not None and self._free(connector, id_tag) else None
        free = [one for one in self.station.connectors.all.values() if self._free(one, id_tag)]
        free.sort(key=lambda one: (not one.outlet.occupied, one.number))
        return free[0] if free else None

    def _free(self, connector: Connector, id_tag: str) -> bool:
        reservations = self.station.reservations
        if connector.transaction is not None or connector.permit is not None:
            return False
        if connector.faulted or connector.inoperative or self.station.restarting:
            return False
        number = connector.number
        return reservations.allows(number, id_tag) or reservations.needs_parent(number, id_tag)

    async def _start(self, connector: Connector, id_tag: str, profile: Payload | None) -> None:
        station = self.station
        permit: Permit | None
        if self._must_ask():
            await station.pause("function")
            permit = await station.authorization.authorize(id_tag)
        else:
            permit = Permit(id_tag, station.authorization.parent_of(id_tag))
        if permit is None or not self._free(connector, id_tag):
            return
        if not station.reservations.allows(connector.number, id_tag, permit.parent):
            return
        permit.remote, permit.profile = True, profile
        station.identification.permitted(connector, permit)

    def _must_ask(self) -> bool:
        """Whether a remote start is authorized first (5.11, 9.1.2)."""
        return self.station.config.boolean("AuthorizeRemoteTxRequests")

    @on("RemoteStopTransaction")
    def remote_stop(self, payload: Payload) -> Reply | Payload:
        """Accepted when that transaction runs here (5.12)."""
        connector = self.station.transactions.find(payload["transactionId"])
        if connector is None or self.station.registration.status != "Accepted":
            return {"status": "Rejected"}
        return Reply(
            {"status": "Accepted"}, lambda: self.station.transactions.stop_asked(connector, "Remote")
        )

    @on("Reset")
    def reset(self, payload: Payload) -> Reply:
        """Accepted; transactions end in an orderly way, then the station restarts (5.14)."""
        hard = payload["type"] == "Hard"
        return Reply({"status": "Accepted"}, lambda: self.station.begin_reset(hard))

    @on("TriggerMessage")
    def trigger_message(self, payload: Payload) -> Reply | Payload:
        """Accepted, Rejected (no such connector), NotImplemented (message unknown here) (5.17)."""
        if "RemoteTrigger" not in self.station.options.profiles:
            raise CallRefused("NotSupported", "RemoteTrigger is not supported")
        return self.triggered(payload["requestedMessage"], payload.get("connectorId"))

    def triggered(self, message: str, number: int | None) -> Reply | Payload:
        """Answer a trigger for a message; also what ExtendedTriggerMessage uses."""
        if number is not None and number not in (0, *self.station.connectors.all):
            if self.station.options.constraint_errors:
                raise CallRefused("PropertyConstraintViolation", f"there is no connector {number}")
            return {"status": "Rejected"}
        for part in self.station.parts:
            effect = part.trigger(message, number)
            if effect is not None:
                kind = "certificate" if message == "SignChargePointCertificate" else "function"
                return Reply({"status": "Accepted"}, partial(self.station.after, kind, effect))
        return {"status": "NotImplemented"}

    @on("DataTransfer")
    def data_transfer(self, payload: Payload) -> Payload:
        """This vendor has no messages of its own; others are unknown (5.6)."""
        if payload["vendorId"] == self.station.options.vendor:
            return {"status": "UnknownMessageId"}
        return {"status": "UnknownVendorId"}
