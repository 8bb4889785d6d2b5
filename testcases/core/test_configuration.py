"""Test-case document 2.8 and 2.15: configuration keys."""

from octt.ocpp import KEYS
from octt.ocpp.values import dicts, text, texts
from octt.script import case


def _entries(reply):
    """The keys of a GetConfiguration.conf, by their names in lower case."""
    entries = dicts(reply.payload.get("configurationKey"))
    return {text(entry.get("key")).casefold(): entry for entry in entries}


def _asked(station, *keys, step):
    """GetConfiguration for `keys`: every one must come back, and none as unknown."""
    reply = station.call("GetConfiguration", key=list(keys), step=step).returns()
    unknown, found = texts(reply.payload.get("unknownKey")), _entries(reply)
    missing = [key for key in keys if key.casefold() not in found]
    place = {"step": reply.label, "frame": reply.seen, "cite": "OCPP 1.6 5.8"}
    station.check(not unknown, "unknownKey empty", f"unknownKey is {', '.join(unknown)}", **place)
    station.check(
        not missing,
        f"configurationKey holds {', '.join(keys)}",
        f"missing: {', '.join(missing)}",
        **place,
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
    entries = _entries(reply)
    required = [key for key in KEYS.values() if key.required and key.profile in profiles | {"Core"}]
    missing = [key.name for key in required if key.name.casefold() not in entries]
    what = f"configurationKey holds every required key of {', '.join(sorted(profiles))}"
    with station.independently():
        station.check(
            not missing, what, f"missing: {', '.join(missing)}", step=4, cite=cite, frame=reply.seen
        )
    there = {key: entries[key.name.casefold()] for key in required if key.name.casefold() in entries}
    wrong = [
        f"{key.name} is {'read-only' if entry.get('readonly') else 'writable'}"
        for key, entry in there.items()
        if key.access in ("R", "RW") and entry.get("readonly") is not (key.access == "R")
    ]
    what = "readonly as the specification says"
    with station.independently():
        station.check(not wrong, what, "; ".join(wrong), step=4, cite=cite, frame=reply.seen)

    limit = _asked_limit(station)
    names = [text(entry.get("key")) for entry in dicts(reply.payload.get("configurationKey"))]
    _asked(station, *[name for name in names if name][:limit], step=7)


def _asked_limit(station):
    reply = station.call("GetConfiguration", key=["GetConfigurationMaxKeys"], step=5).returns()
    value = str(next(iter(_entries(reply).values()), {}).get("value", ""))
    good = value.isascii() and value.isdigit() and int(value) > 0
    what, actual = "GetConfigurationMaxKeys a whole number above 0", f"it is {value[:50]!r}"
    station.check(good, what, actual, step=6, cite="OCPP 1.6 9.1.9")
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
    reply = station.tries("MeterValueSampleInterval", "-1", step=1)
    reply.returns(status="Rejected", error=["PropertyConstraintViolation"], cite="OCPP 1.6 5.3")
