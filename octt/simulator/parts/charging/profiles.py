"""The charging profiles a station holds, what they allow at an instant, and the composite schedule.

OCPP 1.6 edition 2, sections 3.13, 5.5, 5.7, 5.16 and 6.13, with errata sheet 4.0. How limits are combined:

- Within a purpose the profile with the highest stackLevel that gives a limit at that instant prevails: one that is
  not valid, has not started or whose duration is over leaves the instant to the next lower level (3.13.2, 5.16.4).
- A TxDefaultProfile of a connector replaces, for that connector, the one of connector 0 with the same stackLevel.
- While a TxProfile is valid, TxDefaultProfiles do not count for its transaction, *not even where its own
  schedule is silent*: 3.13.1 lets it overrule them for the duration of the transaction, and the composite schedule
  expected by TC_066 keeps to that after the TxProfile's duration. A TxProfile outside validFrom and validTo is as
  good as absent.
- Of what remains (the ChargePointMaxProfile and the transaction's or default profile) and of what the station itself
  can deliver, the smallest value counts.
- An ampere is per phase, a watt is the total; one is turned into the other with the nominal voltage and the period's
  numberPhases, at most as many as the station has (7.12, errata 3.34).
- Connector 0 has the sum of its connectors' limits, idle connectors included (a transaction may start at any time),
  capped by the ChargePointMaxProfile.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from octt.simulator.parts.charging.profile import ChargingProfile, Limits, Period, parse
from octt.simulator.world.world import Supply

MOST_PERIODS = 1000
"""A composite schedule with more changes than this is not reported."""


@dataclass(frozen=True)
class RunningTransaction:
    """What profiles need to know of a transaction: its id (None until the Central System gave one), its start."""

    id: int | None
    start: float


@dataclass
class ChargingProfiles:
    """The store of charging profiles of one station."""

    supply: Supply = field(default_factory=Supply)
    limits: Limits = field(default_factory=Limits)
    profiles: list[ChargingProfile] = field(default_factory=list)

    def refusal(
        self, payload: dict[str, Any], connector: int, transaction: RunningTransaction | None
    ) -> str | None:
        """Why the profile cannot be installed on that connector, a sentence; None when it can."""
        try:
            profile = parse(connector, payload, 0.0)
        except ValueError as error:
            return str(error)
        periods, unit = len(profile.periods), profile.unit
        if profile.purpose == "ChargePointMaxProfile" and connector != 0:
            return "a ChargePointMaxProfile belongs on connector 0"
        if profile.purpose == "TxProfile" and (connector == 0 or transaction is None):
            return "a TxProfile needs a connector with a transaction"
        if (
            profile.purpose == "TxProfile"
            and transaction
            and profile.transaction_id not in (None, transaction.id)
        ):
            return f"the transaction of connector {connector} is not {profile.transaction_id}"
        if profile.stack_level > self.limits.max_stack_level:
            return f"stackLevel {profile.stack_level} is above {self.limits.max_stack_level}"
        if periods > self.limits.max_periods:
            return f"{periods} periods are more than {self.limits.max_periods}"
        if unit not in self.limits.rate_units:
            return f"chargingRateUnit {unit} is not supported"
        if len(self._others(profile)) >= self.limits.max_profiles:
            return f"{self.limits.max_profiles} profiles are installed already"
        return None

    def install(
        self, payload: dict[str, Any], connector: int, transaction: RunningTransaction | None, now: float
    ) -> str | None:
        """Install a profile, replacing what it replaces (5.16.3); the reason when it is refused, else None.

        `transaction` is the one running on `connector`, if any.
        """
        reason = self.refusal(payload, connector, transaction)
        if reason is None:
            profile = parse(connector, payload, now)
            self.profiles = [*self._others(profile), profile]
        return reason

    def _others(self, new: ChargingProfile) -> list[ChargingProfile]:
        """The installed profiles that `new` leaves in place: other id, and another stackLevel, purpose or connector."""
        place = (new.connector, new.purpose, new.stack_level)
        return [
            old
            for old in self.profiles
            if old.id != new.id and (old.connector, old.purpose, old.stack_level) != place
        ]

    def matching(
        self,
        id: int | None = None,
        connector: int | None = None,
        purpose: str | None = None,
        stack_level: int | None = None,
    ) -> list[ChargingProfile]:
        """The profiles a ClearChargingProfile.req means: the one with that id, else all that meet every criterion.

        Section 6.13 with errata 3.26: with an id the other fields are ignored, with no field every profile matches.
        """
        if id is not None:
            return [profile for profile in self.profiles if profile.id == id]
        return [
            profile
            for profile in self.profiles
            if connector in (None, profile.connector)
            and purpose in (None, profile.purpose)
            and stack_level in (None, profile.stack_level)
        ]

    def remove(self, gone: Iterable[ChargingProfile]) -> None:
        """Take profiles away."""
        lost = list(gone)
        self.profiles = [profile for profile in self.profiles if profile not in lost]

    def end_transaction(self, connector: int) -> None:
        """A TxProfile ends with its transaction (3.13.1)."""
        self.profiles = [p for p in self.profiles if (p.connector, p.purpose) != (connector, "TxProfile")]

    def _candidates(
        self, connector: int, transaction: RunningTransaction | None, t: float
    ) -> list[ChargingProfile]:
        """The transaction's profiles at `t`, or the default ones, highest stackLevel first."""
        own = [profile for profile in self.profiles if profile.connector == connector]
        chosen = [p for p in own if p.purpose == "TxProfile" and transaction and p.is_valid(t)]
        if not chosen:
            chosen = [p for p in own if p.purpose == "TxDefaultProfile"]
            levels = {profile.stack_level for profile in chosen}
            chosen += [
                p
                for p in self.profiles
                if p.connector == 0 and p.purpose == "TxDefaultProfile" and p.stack_level not in levels
            ]
        return sorted(chosen, key=lambda profile: -profile.stack_level)

    def _maxima(self) -> list[ChargingProfile]:
        """The ChargePointMaxProfiles, highest stackLevel first."""
        maxima = [profile for profile in self.profiles if profile.purpose == "ChargePointMaxProfile"]
        return sorted(maxima, key=lambda profile: -profile.stack_level)

    def _value(self, profile: ChargingProfile, period: Period, unit: str) -> float:
        """A period's limit in `unit`."""
        watts_per_ampere = self.supply.volts * min(period.phases, self.supply.phases)
        if profile.unit == unit:
            return period.limit
        return period.limit * watts_per_ampere if unit == "W" else period.limit / watts_per_ampere

    def _in_force(
        self, connector: int, transaction: RunningTransaction | None, t: float, start: float
    ) -> list[tuple[ChargingProfile, Period]]:
        """The prevailing profile of each purpose that counts at `t` for a connector, with its period."""
        stacks = [self._maxima()]
        if connector > 0:
            stacks.append(self._candidates(connector, transaction, t))
        prevailing = (first_with_limit(stack, t, start) for stack in stacks)
        return [found for found in prevailing if found is not None]

    def limit_at(
        self,
        connector: int,
        transactions: Mapping[int, RunningTransaction],
        t: float,
        unit: str,
        assumed_start: float | None = None,
    ) -> tuple[float, int]:
        """The limit of a connector (0: the station) at `t` in `unit`, and the phases it may use.

        `transactions` are those running, by connector; where none runs one is assumed to start at `assumed_start`,
        by default `t`.
        """
        transaction = transactions.get(connector)
        start = transaction.start if transaction else t if assumed_start is None else assumed_start
        in_force = self._in_force(connector, transaction, t, float(math.floor(start)))
        values = [self._value(profile, period, unit) for profile, period in in_force]
        phases = min([self.supply.phases, *(period.phases for _, period in in_force)])
        if connector > 0:
            return min([self.supply.most(unit), *values]), phases
        every = range(1, self.supply.connectors + 1)
        total = sum(self.limit_at(one, transactions, t, unit, assumed_start)[0] for one in every)
        return min([total, *values]), phases

    def next_change(
        self, connector: int, transactions: Mapping[int, RunningTransaction], t: float, assumed_start: float
    ) -> float:
        """The first instant after `t` at which the limit of a connector may change; infinite when there is none."""
        instants = []
        for profile in self.profiles:
            concerned: Iterable[int] = (profile.connector or connector,)
            if connector == 0 and profile.connector == 0 and profile.purpose == "TxDefaultProfile":
                concerned = range(1, self.supply.connectors + 1)
            for one in concerned:
                transaction = transactions.get(one)
                start = float(math.floor(transaction.start)) if transaction else assumed_start
                instants += [instant for instant in profile.changes(t, start) if instant > t]
        return min(instants, default=math.inf)

    def composite_schedule(
        self,
        connector: int,
        transactions: Mapping[int, RunningTransaction],
        start: float,
        duration: int,
        unit: str,
    ) -> dict[str, Any] | None:
        """The chargingSchedule of GetCompositeSchedule.conf from `start`, a whole second, for `duration` seconds.

        Exact: it is computed from the instants at which a profile begins, changes or ends. At every whole second it
        gives the limit of that instant, rounded to one decimal. None when it cannot be reported: an
        unsupported unit, a duration that is not positive, more than MOST_PERIODS changes.
        """
        if unit not in self.limits.rate_units or duration <= 0:
            return None
        periods: list[dict[str, Any]] = []
        offset = 0.0
        for _ in range(MOST_PERIODS):
            limit, phases = self.limit_at(connector, transactions, start + offset, unit, start)
            period = {"limit": round(limit, 1), "numberPhases": phases}
            if not periods or {**periods[-1], **period} != periods[-1]:
                periods.append({"startPeriod": int(offset), **period})
            # A limit is reported from the first whole second at which it holds.
            following = self.next_change(connector, transactions, start + offset, start) - start
            if following > duration - 1:
                return {"duration": duration, "chargingRateUnit": unit, "chargingSchedulePeriod": periods}
            offset = float(math.ceil(following))
        return None

    def shared(
        self, transactions: Mapping[int, RunningTransaction], t: float
    ) -> dict[int, tuple[float, int]]:
        """Amperes per phase and phases that each connector with a transaction may draw at `t`.

        Together they stay within the ChargePointMaxProfile (3.13.3): what is there is
        shared evenly, what one does not need goes to the others, and a connector that would get less than the
        minChargingRate of its schedule waits (3.13.4).
        """
        wanted: dict[int, tuple[float, int]] = {}
        least: dict[int, float] = {}
        for connector, transaction in sorted(transactions.items()):
            phases = self.limit_at(connector, transactions, t, "A")[1]
            power = self.limit_at(connector, transactions, t, "W")[0]
            current = self.limit_at(connector, transactions, t, "A")[0]
            wanted[connector] = min(current, power / (self.supply.volts * phases)), phases
            in_force = self._in_force(connector, transaction, t, float(math.floor(transaction.start)))
            least[connector] = max(
                (
                    p.min_rate if p.unit == "A" else p.min_rate / (self.supply.volts * phases)
                    for p, _ in in_force
                    if p.purpose != "ChargePointMaxProfile"
                ),
                default=0.0,
            )
        pool = self.limit_at(0, transactions, t, "A")[0]
        charging = list(wanted)
        while True:
            share = evenly(pool, {connector: wanted[connector][0] for connector in charging})
            waiting = [one for one in charging if share[one] < min(least[one], wanted[one][0])]
            if not waiting:
                return {one: (share.get(one, 0.0), phases) for one, (_, phases) in wanted.items()}
            charging.remove(waiting[-1])

    def dump(self) -> list[dict[str, Any]]:
        """The profiles as plain data, for the state file; `restore` reads it (errata 3.37: profiles survive)."""
        return [
            {"connector": p.connector, "received": p.received, "payload": p.payload} for p in self.profiles
        ]

    def restore(self, data: Iterable[Mapping[str, Any]]) -> None:
        """Put back what `dump` gave."""
        self.profiles = [parse(item["connector"], item["payload"], item["received"]) for item in data]


def first_with_limit(
    stack: Sequence[ChargingProfile], t: float, transaction_start: float
) -> tuple[ChargingProfile, Period] | None:
    """The first profile of the stack that gives a limit at `t`, and the period it is in."""
    for profile in stack:
        period = profile.period_at(t, transaction_start)
        if period is not None:
            return profile, period
    return None


def evenly(pool: float, wanted: Mapping[int, float]) -> dict[int, float]:
    """`pool` shared out so that nobody gets more than wanted and nobody less than another who wants it too."""
    share: dict[int, float] = {}
    left = pool
    for position, connector in enumerate(sorted(wanted, key=lambda one: wanted[one])):
        share[connector] = min(wanted[connector], left / (len(wanted) - position))
        left -= share[connector]
    return share
