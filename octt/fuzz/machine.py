"""Lawful requests and actions in any order, hostile ones between them: hypothesis' state machine over one station."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from octt.fuzz.story import Blow, Kind, Story, Trouble
from octt.fuzz.striking.engine import Engine

STEPS = 8
"""Rules in one story."""

_FAR = "2099-01-01T00:00:00Z"
_PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0}],
    },
}

Failed = Callable[[list[Trouble], Story], None]
"""Told of what a step showed; raises when it is something new."""


def machine_for(
    engine: Engine, actions: frozenset[str], hostile: st.SearchStrategy[Blow], failed: Failed
) -> type[RuleBasedStateMachine]:
    """The state machine for a station that knows these requests."""
    connector, tags = engine.bench.connector, engine.bench.id_tags

    class Machine(RuleBasedStateMachine):
        """A station, its connector, a car and a card."""

        def __init__(self) -> None:
            super().__init__()
            self.blows: list[Blow] = []
            engine.begin()

        def do(self, *blows: Blow) -> None:
            """Does it, unless the station does not know it."""
            for blow in blows:
                if blow.kind is Kind.CALL and blow.legal and blow.action not in actions:
                    continue
                self.blows.append(blow)
                failed(engine.step(blow), self.story)

        @property
        def story(self) -> Story:
            """What was done by now."""
            return Story(tuple(self.blows), modelled=True)

        def call(self, action: str, **payload: Any) -> None:
            """A lawful request."""
            self.do(Blow(Kind.CALL, action, payload))

        def hand(self, action: str, **params: Any) -> Blow:
            """An action at the station."""
            return Blow(Kind.ACT, action, params)

        @rule()
        def plug_in(self) -> None:
            """The cable goes in."""
            self.do(self.hand("plug_in", connector=connector))

        @rule()
        def unplug(self) -> None:
            """The cable comes out."""
            self.do(self.hand("unplug", connector=connector))

        @rule(tag=st.sampled_from((tags.valid, tags.invalid)))
        def present(self, tag: str) -> None:
            """A card is presented."""
            self.do(self.hand("present_id_tag", connector=connector, id_tag=tag))

        @rule()
        def start(self) -> None:
            """A remote start."""
            self.call("RemoteStartTransaction", connectorId=connector, idTag=tags.valid)

        @rule(known=st.booleans())
        def stop(self, known: bool) -> None:
            """A remote stop of what runs, or of what does not."""
            running = engine.model.charging if engine.model else None
            self.call("RemoteStopTransaction", transactionId=running if known and running else -1)

        @rule(ident=st.sampled_from((1, 2)), tag=st.sampled_from((tags.valid, tags.other)))
        def reserve(self, ident: int, tag: str) -> None:
            """A reservation."""
            fields = {"connectorId": connector, "reservationId": ident, "idTag": tag, "expiryDate": _FAR}
            self.call("ReserveNow", **fields)

        @rule(ident=st.sampled_from((1, 2, 3)))
        def cancel(self, ident: int) -> None:
            """The end of a reservation, which there may not be."""
            self.call("CancelReservation", reservationId=ident)

        @rule(type=st.sampled_from(("Operative", "Inoperative")), number=st.sampled_from((connector, 0)))
        def availability(self, type: str, number: int) -> None:
            """Out of service, or back."""
            self.call("ChangeAvailability", connectorId=number, type=type)

        @rule()
        def profile(self) -> None:
            """A charging profile."""
            self.call("SetChargingProfile", connectorId=connector, csChargingProfiles=_PROFILE)

        @rule()
        def clear(self) -> None:
            """No charging profile any more."""
            self.call("ClearChargingProfile")

        @rule()
        def unlock(self) -> None:
            """The lock opens."""
            self.call("UnlockConnector", connectorId=connector)

        @rule(type=st.sampled_from(("Soft", "Hard")))
        def reset(self, type: str) -> None:
            """A reset."""
            self.call("Reset", type=type)

        @rule(hand=st.sampled_from(("nothing", "plug_in", "unplug")))
        def away(self, hand: str) -> None:
            """Offline for a moment, in which something may happen."""
            done = [] if hand == "nothing" else [self.hand(hand, connector=connector)]
            self.do(Blow(Kind.ACT, "offline"), *done, Blow(Kind.ACT, "online"))

        @rule(blow=hostile)
        def strike(self, blow: Blow) -> None:
            """Anything hostile."""
            self.do(blow)

        def teardown(self) -> None:
            """Everything is put back; the station must be as it was."""
            failed(engine.finish(), self.story)

    return Machine
