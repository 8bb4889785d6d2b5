"""Test-case document 2.8 and 2.15: configuration keys."""

from octt.ocpp import KEYS
from octt.script import case


def _asked(station, *keys, step):
    """GetConfiguration for `keys`: every one must come back, and none as unknown."""
    reply = station.call("GetConfiguration", key=list(keys), step=step).returns()
    unknown = reply.payload.get("unknownKey", [])
    station.check(
        not unknown, "unknownKey empty", f"unknownKey is {unknown}", step=reply.label, frame=reply.seen
    )
    found = {str(entry["key"]).casefold(): entry for entry in reply.payload.get("configurationKey", [])}
    missing = [key for key in keys if key.casefold() not in found]
    station.check(
        not missing,
        f"configurationKey holds {', '.join(keys)}",
        f"missing: {', '.join(missing) or 'none'}",
        step=reply.label,
        frame=reply.seen,
    )
    return found


@case("TC_019_CS")
def test_retrieve_configuration(station):
    """All keys that the specification requires of the declared feature profiles are there, rightly accessible.

    Keys of optional profiles are checked as well, where the official tool leaves them to its user.
    """
    cite = "OCPP 1.6 5.8, 9"
    supported = _asked(station, "SupportedFeatureProfiles", step=1)["supportedfeatureprofiles"]
    profiles = {name.strip() for name in str(supported.get("value", "")).split(",")}

    reply = station.call("GetConfiguration", step=3).returns()
    entries = {str(entry["key"]).casefold(): entry for entry in reply.payload.get("configurationKey", [])}
    required = [key for key in KEYS.values() if key.required and key.profile in profiles | {"Core"}]
    missing = [key.name for key in required if key.name.casefold() not in entries]
    what = f"configurationKey holds every required key of {', '.join(sorted(profiles))}"
    station.check(not missing, what, f"missing: {', '.join(missing)}", step=4, cite=cite, frame=reply.seen)
    wrong = [
        f"{key.name} is {'read-only' if entries[key.name.casefold()]['readonly'] else 'writable'}"
        for key in required
        if key.access in ("R", "RW") and entries[key.name.casefold()]["readonly"] != (key.access == "R")
    ]
    station.check(
        not wrong,
        "readonly as the specification says",
        "; ".join(wrong),
        step=4,
        cite=cite,
        frame=reply.seen,
    )

    limit = _asked_limit(station)
    names = [str(entry["key"]) for entry in reply.payload["configurationKey"]]
    _asked(station, *names[: min(limit, len(names))], step=7)


def _asked_limit(station):
    reply = station.call("GetConfiguration", key=["GetConfigurationMaxKeys"], step=5).returns()
    value = str(next(iter(reply.payload.get("configurationKey", [])), {}).get("value", ""))
    station.check(
        value.isdigit() and int(value) > 0,
        "GetConfigurationMaxKeys a whole number above 0",
        f"it is {value!r}",
        step=6,
        cite="OCPP 1.6 9.1.9",
    )
    return int(value)


@case("TC_021_CS")
def test_change_configuration(station, bench):
    """A changed key is reported with its new value."""
    value = str(bench.times.meter_value_interval)
    station.configure(MeterValueSampleInterval=bench.times.meter_value_interval + 1)
    station.configures("MeterValueSampleInterval", value, step=1)
    reply = station.call("GetConfiguration", key=["MeterValueSampleInterval"], step=3)
    reply.returns(configurationKey=[{"key": "MeterValueSampleInterval", "value": value}])


@case("TC_040_1_CS")
def test_unknown_key(station):
    """A key the station does not know is answered with NotSupported."""
    reply = station.call("ChangeConfiguration", key="Testing", value="true", step=1)
    reply.returns(status="NotSupported", cite="OCPP 1.6 5.3")


@case("TC_040_2_CS")
def test_invalid_value(station):
    """A value that makes no sense for a key is rejected."""
    reply = station.call("ChangeConfiguration", key="MeterValueSampleInterval", value="-1", step=1)
    reply.returns(status="Rejected", error=["PropertyConstraintViolation"], cite="OCPP 1.6 5.3")
