"""The words of the smart charging cases, where no simulated station leads."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from octt.script.charging.comparing import Comparison
from octt.script.charging.profiles import SmartCharging
from octt.script.charging.steps import Steps
from octt.script.readings import highest

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CLEARED = {
    "connectorId": 0,
    "csChargingProfiles": {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "ChargePointMaxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": NOON.isoformat(),
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": 11.0},
                {"startPeriod": 200, "limit": 12.0},
            ],
        },
    },
}


@pytest.mark.parametrize(
    ("local_limit", "told", "wrong"),
    [
        (16.0, ((0.0, 16.0),), ""),
        (16.0, ((0.0, 16.04),), ""),
        (16.0, ((0.0, None), (1.0, 16.0)), ""),
        (16.0, ((0.0, 11.0), (199.0, 12.0)), "the limit without profiles was 16 A, now it is another"),
        (16.0, (), "the limit without profiles was 16 A, now it is another"),
        (None, ((0.0, 32.0),), ""),
        (None, ((0.0, 11.0),), ""),
        (None, ((0.0, 11.0), (199.0, 12.0)), "it is that of the profile that was cleared"),
    ],
)
def test_what_is_left_after_everything_was_cleared(local_limit, told, wrong):
    smart = object.__new__(SmartCharging)  # without a station to ask
    smart.bench, smart.unit, smart.local_limit = SimpleNamespace(connector=1), "A", local_limit
    smart._former, smart.transaction_start = [CLEARED], None
    returned = Steps(NOON, 350, told)
    assert smart._lingers(Comparison(True, (), returned, returned), NOON) == wrong


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([{"measurand": "Power.Active.Import", "value": "5.9", "unit": "kW"}], 5900),
        ([{"measurand": "Power.Active.Import", "value": "2000", "phase": f"L{n}"} for n in (1, 2)], 2000),
        ([{"value": "70000"}, {"measurand": "Power.Active.Import", "value": "much"}], None),
        ([], None),
    ],
)
def test_the_highest_power_of_a_sample(values, found):
    seen = SimpleNamespace(payload={"meterValue": [{"timestamp": NOON.isoformat(), "sampledValue": values}]})
    assert highest(seen, "Power.Active.Import") == found
