"""GetConfiguration and ChangeConfiguration of the simulated station (specification 5.3, 5.8, 9)."""

import pytest
from fake_csms import run

from octt.simulator.options import Options
from octt.simulator.parts.keys import standard_keys


def test_every_listed_key_can_be_asked_for_and_read_only_ones_reject():
    async def scenario(bench):
        call = bench.csms.call
        entries = (await call("GetConfiguration"))["configurationKey"]
        names = [entry["key"] for entry in entries]
        assert len(names) == len(set(names)) == len(standard_keys(bench.station.options))
        again = await call("GetConfiguration", key=[name.upper() for name in names])
        assert "unknownKey" not in again
        assert again["configurationKey"] == entries
        for entry in entries:
            status = (await call("ChangeConfiguration", key=entry["key"], value=entry.get("value", "")))[
                "status"
            ]
            fixed = entry["readonly"] or "value" not in entry or entry["key"] == "SecurityProfile"
            assert status == ("Rejected" if fixed else "Accepted"), entry

    run(scenario)


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("MeterValueSampleInterval", "900", "Accepted"),
        ("metervaluesampleinterval", "900", "Accepted"),
        ("MeterValueSampleInterval", "-1", "Rejected"),
        ("MeterValueSampleInterval", "1.5", "Rejected"),
        ("MeterValueSampleInterval", "", "Rejected"),
        ("MeterValueSampleInterval", "9" * 400, "Rejected"),
        ("MeterValueSampleInterval", "２", "Rejected"),
        ("LocalPreAuthorize", "TRUE", "Accepted"),
        ("LocalPreAuthorize", "yes", "Rejected"),
        ("LightIntensity", "101", "Rejected"),
        ("MeterValuesSampledData", "SoC,Voltage", "Accepted"),
        ("MeterValuesSampledData", "Current.Import.L1,Voltage", "Accepted"),
        ("MeterValuesSampledData", "", "Accepted"),
        ("MeterValuesSampledData", "SoC,Nonsense", "Rejected"),
        ("ConnectorPhaseRotation", "0.RST,1.Unknown", "Accepted"),
        ("ConnectorPhaseRotation", "9.RST", "Rejected"),
        ("NumberOfConnectors", "2", "Rejected"),
        ("Testing", "true", "NotSupported"),
        ("AuthorizationKey", "short", "Rejected"),
    ],
)
def test_change(key, value, status):
    async def scenario(bench):
        answer = await bench.csms.call("ChangeConfiguration", key=key, value=value)
        assert answer == {"status": status}
        if status == "Accepted":
            shown = (await bench.csms.call("GetConfiguration", key=[key]))["configurationKey"][0]["value"]
            assert shown.lower() == value.lower()

    run(scenario)


def test_options_shape_the_keys():
    async def scenario(bench):
        call = bench.csms.call
        asked = ["ConnectionTimeOut", "MinimumStatusDuration", "VendorKey"]
        answer = await call("GetConfiguration", key=asked)
        assert answer["unknownKey"] == ["MinimumStatusDuration"]
        assert answer["configurationKey"] == [
            {"key": "ConnectionTimeOut", "readonly": True, "value": "33"},
            {"key": "VendorKey", "readonly": False, "value": "x"},
        ]
        change = await call("ChangeConfiguration", key="ConnectionTimeOut", value="5")
        assert change == {"status": "Rejected"}

    keys = {"ConnectionTimeOut": "33", "VendorKey": "x"}
    run(scenario, keys=keys, readonly=("ConnectionTimeOut",), absent=("MinimumStatusDuration",))


def test_a_value_for_a_key_of_an_absent_profile_does_not_make_the_key():
    async def scenario(bench):
        answer = await bench.csms.call("GetConfiguration", key=["LocalAuthListMaxLength"])
        assert answer["unknownKey"] == ["LocalAuthListMaxLength"]

    run(scenario, keys={"LocalAuthListMaxLength": "5"}, profiles=("Core",))


def test_write_only_key_shows_no_value():
    async def scenario(bench):
        call = bench.csms.call
        secret = "0123456789abcdef" * 2
        await call("ChangeConfiguration", key="AuthorizationKey", value=secret)
        assert secret not in str(await call("GetConfiguration"))
        assert secret not in str(bench.station.state())
        assert bench.station.config.text("AuthorizationKey") == secret

    run(scenario)


def test_defaults_are_allowed_values():
    options = Options("ws://x", "S", connectors=3)
    bad = [key.name for key in standard_keys(options) if key.access != "W" and not key.allows(key.default, 3)]
    assert bad == []
