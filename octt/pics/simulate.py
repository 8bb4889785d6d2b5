"""Options for `octt simulate` that make the simulated station the one that a declaration declares."""

from __future__ import annotations

from collections.abc import Iterator

from octt.ocpp.keys import KEYS
from octt.pics.declaration import Declaration
from octt.pics.declared_keys import complete, wrong_value
from octt.pics.questionnaire import load_questionnaire

# The simulated station has these from its other options; AuthorizationKey, which can only be written, is in no table.
_DERIVED = (
    *("NumberOfConnectors", "SupportedFeatureProfiles", "SupportedFeatureProfilesMaxLength"),
    *("SecurityProfile", "AuthorizationKey"),
)


def simulator_options(declaration: Declaration) -> list[str]:
    """Options for `octt simulate`, to be added to --csms, --identity and --control.

    What is not declared stays as the simulated station has it. What it cannot imitate, or should not (measured times),
    is not among the options.
    """
    return list(_options(declaration))


def _options(declaration: Declaration) -> Iterator[str]:
    answer = declaration.answer
    if type(answer("HFS-8")) is int:
        yield from ("--connectors", str(answer("HFS-8")))
    for profile in declaration.profiles:
        if profile != "Security":
            yield from ("--profile", profile)
    if declaration.profiles and "Security" not in declaration.profiles:
        yield "--no-security-extension"
    if answer("HFS-2") is True and answer("HFS-1") is not True:
        yield "--fixed-cable"
    yield from _build(declaration)
    suites, known = answer("SEC-4"), load_questionnaire()["SEC-4"].allowed
    if isinstance(suites, list) and set(suites) < set(known):  # with all of them it may use TLS 1.3 too
        for suite in suites:
            yield from ("--cipher", suite)
    product = {"vendor": "--vendor", "designation": "--model", "software_version": "--firmware-version"}
    for item, option in product.items():
        if isinstance(answer(item), str) and answer(item):
            yield from (option, answer(item))
    absent = _absent(declaration)
    for name, value in _values(declaration).items():
        if name not in absent:
            yield from ("--key", f"{name}={value}")
    for name, key in declaration.configuration_keys.items():
        if key.access == "R" and name in KEYS and KEYS[name].access == "R|RW":
            yield from ("--readonly", name)
    for name in sorted(absent):
        yield from ("--absent", name)


def _build(declaration: Declaration) -> Iterator[str]:
    """How it is built, and what cards do."""
    answer = declaration.answer
    if answer("HFS-4") is True and answer("HFS-3") is not True:
        yield "--direct-current"
    elif answer("HFS-5") is True and answer("HFS-7") is False:
        yield "--one-phase"
    if str(answer("HFS-10")).lower() == "single":
        yield "--single-reader"
    for item, wanted, option in (
        ("AQ-7.1", True, "--backup-power"),
        ("AQ-2", True, "--locked-until-authorized"),
        ("AQ-4", False, "--download-waits"),
        ("C-07", False, "--no-local-start"),
        ("C-08", False, "--no-local-stop"),
        ("F-1", False, "--no-signed-firmware"),
    ):
        if answer(item) is wanted:
            yield option
    for item, key in (("ORS-4", "MeterValueSampleInterval"), ("ORS-6", "HeartbeatInterval")):
        least = answer(item)
        if type(least) is int and least > 1:
            yield from ("--minimum", f"{key}={least}")


def _values(declaration: Declaration) -> dict[str, str]:
    """Values of configuration keys, from the answers and then from the table of keys, which is more exact."""
    values: dict[str, str] = {}
    for question in load_questionnaire().questions.values():
        value = declaration.answer(question.id)
        if question.key in KEYS and question.type == "int" and type(value) is int:
            values[question.key] = str(value)
    units = [
        unit
        for item, unit in (("SC-1.1", "Current"), ("SC-1.2", "Power"))
        if declaration.answer(item) is True
    ]
    if units:
        values["ChargingScheduleAllowedChargingRateUnit"] = ",".join(units)
    zero = declaration.answer("R-1")
    if zero is not None and "Reservation" in declaration.profiles:
        values["ReserveConnectorZeroSupported"] = str(zero is True).lower()
    if (stops := declaration.answer("C-06.2")) is not None:
        values["StopTransactionOnEVSideDisconnect"] = str(stops is True).lower()
    protocols = declaration.answer("ORS-16")
    if isinstance(protocols, list) and protocols:
        values["SupportedFileTransferProtocols"] = ",".join(str(protocol).upper() for protocol in protocols)
    for name, key in declaration.configuration_keys.items():
        if name not in KEYS:
            values[name] = key.value or ""
        elif key.value is not None and not wrong_value(KEYS[name], key.value):
            values[name] = key.value
    return {name: value for name, value in values.items() if name not in _DERIVED}


def _absent(declaration: Declaration) -> set[str]:
    """Optional keys that the station does not have: those of features answered No, and those not in a full table."""
    absent = {
        load_questionnaire()[item].key
        for item in ("C-02", "C-03", "C-04", "C-05")
        if declaration.answer(item) is False
    }
    if complete(declaration):
        optional = {
            name for name, key in KEYS.items() if not key.required and key.profile in declaration.profiles
        }
        absent |= optional - declaration.configuration_keys.keys()
    return absent - set(_DERIVED)
