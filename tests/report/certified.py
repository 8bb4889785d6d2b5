"""Results as they were when the two shipped stations were certified: what was declared, and what was measured.

`FACTS` holds every section, label and value of each certificate in its order, cells of a row joined by " | ". Left out
are its running text, the names of persons, and what a machine misread in the text of 2024 (see pics/). What a report of
ours says otherwise on purpose is in `OTHERWISE`: who signs stands together, with room for the signature; times under
a minute have their digits; the tool is ours; nobody of the Open Charge Alliance is there to sign.
"""

from __future__ import annotations

import tomllib
from typing import Any

from octt.paths import PICS
from octt.report.certificate.certificate import Document
from octt.report.certificate.form import Paragraph, Signing
from octt.report.model.parts import Result
from octt.report.model.result import build
from tests.report.synthetic import Synthetic

ACCEPTED = {"status": "Accepted"}
DAY = 86_400_000_000_000
NAMES = {"2025": "xcharge-c6.toml", "2024": "xj-power-ievqc33.toml"}


def certified(layout: str) -> Result:
    """The shipped station certified in the form of that year."""
    declaration = tomllib.loads((PICS / NAMES[layout]).read_text(encoding="utf-8"))
    before = declaration["certified"]
    run = Synthetic()
    run.now = -379 * DAY if layout == "2025" else -617 * DAY  # December 18, 2024; April 24, 2024
    laboratory = {
        "name": before["laboratory"],
        "location": before["laboratory_location"],
        "test_location": before["test_location"],
        "report_number": before["report_reference"],
        "signatory": "[signatory]",
        "department": before["laboratory_department"],
        "position": before["laboratory_position"],
    }
    cases = [f"TC_{number:03}_CS" for number, _ in enumerate(declaration["profiles"], 1)]
    plan = [
        {"case": case, "name": "", "profile": profile, "applicable": True, "reason": ""}
        for case, profile in zip(cases, declaration["profiles"], strict=True)
    ]
    run.start(*plan, bench={"laboratory": laboratory}, pics=_plain(declaration))
    for case in cases:
        with run.case(case):
            if case == cases[0]:
                _measurands(run, before.get("tested", {}))
                _measured_2025(run) if layout == "2025" else _measured_2024(run)
    run.end()
    return build(run.events)


def _plain(declaration: dict[str, Any]) -> dict[str, Any]:
    return {
        **declaration,
        "certified": {k: v if isinstance(v, dict) else str(v) for k, v in declaration["certified"].items()},
    }


def _measurands(run: Synthetic, tested: dict[str, list[str]]) -> None:
    for item, context in (("C-09.1", "Sample.Periodic"), ("C-09.2", "Sample.Clock")):
        values = [{"value": "1", "measurand": name, "context": context} for name in tested.get(item, [])]
        if values:
            meter = {
                "connectorId": 1,
                "meterValue": [{"timestamp": "2025-01-24T10:00:00Z", "sampledValue": values}],
            }
            run.request("MeterValues", meter, {})


def _measured_2025(run: Synthetic) -> None:
    """Response 0.25, 5.13, on average 0.37; triggered 0.63, 1.78, 1.41; remote start 42.87; remote stop 5.21."""
    usual = (37 - 5.13 - 0.25) / 98
    for seconds in (0.25, 5.13, *[usual] * 92):
        run.call("GetConfiguration", {}, {"configurationKey": []}, seconds=seconds)
    for seconds in (0.63, 1.78, 1.615, 1.615):
        _follow(run, "TriggerMessage", {"requestedMessage": "Heartbeat"}, "Heartbeat", {}, usual, seconds)
    start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "2025-01-24T10:00:00Z"}
    _follow(
        run,
        "RemoteStartTransaction",
        {"idTag": "T", "connectorId": 1},
        "StartTransaction",
        start,
        usual,
        42.87,
    )
    stop = {"transactionId": 1, "meterStop": 1, "timestamp": "2025-01-24T10:00:00Z"}
    _follow(run, "RemoteStopTransaction", {"transactionId": 1}, "StopTransaction", stop, usual, 5.21)


def _measured_2024(run: Synthetic) -> None:
    """Triggered 3 minutes, response 1 second, response to a remote start below half a second."""
    _follow(run, "TriggerMessage", {"requestedMessage": "Heartbeat"}, "Heartbeat", {}, 1.0, 180.0)
    run.call("RemoteStartTransaction", {"idTag": "T"}, ACCEPTED, seconds=0.2)


def _follow(
    run: Synthetic, action: str, asked: Any, request: str, payload: Any, reply: float, after: float
) -> None:
    """A call accepted after `reply` seconds whose request comes `after` seconds after the call."""
    run.call(action, asked, ACCEPTED, seconds=reply)
    run.now += round((after - reply - 0.001) * 1e9)
    run.request(request, payload, {})


def flat(document: Document) -> str:
    """The text of a document: one line a heading, paragraph or row, cells joined by " | ", no colons at the end."""
    lines = []
    for section in document.sections:
        lines.append(section.title)
        for block in section.blocks:
            if isinstance(block, Signing):
                rows = [[block.side], *block.rows, ["Date and place", block.date], ["Signature and stamp"]]
            else:
                rows = [[block.text]] if isinstance(block, Paragraph) else [block.header, *block.rows]
            lines += [" | ".join(" ".join(cell.split()).rstrip(":") for cell in row) for row in rows]
    return "\n".join(lines)


def first_missing(text: str, expected: list[str]) -> str | None:
    """The first of `expected` that `text` does not have after the one before it; spaces and colons do not count."""
    squeezed, position = squeeze(text), 0
    for item in expected:
        found = squeezed.find(squeeze(item), position)
        if found < 0:
            return item
        position = found + len(squeeze(item))
    return None


def squeeze(text: str) -> str:
    """Without spaces, colons and cell borders, in lower case: how a text was broken into lines says nothing."""
    return "".join(text.replace(":", "").replace("|", "").replace("\u200b", "").split()).casefold()


FACTS_2025 = """
Certificate Holder | XCHARGE GROUP
Certificate Number | OCA.0016.0970.CS
Product Type | Charging Station
Product Designation | C6
OCPP Software Version | V2.1.29_OCPP_C6
Certification Date | January 24, 2025
OCPP 1.6 (Edition 2 FINAL, 2017-09-28 including Errata v4.0 Release, 2019-10-23)
Security Whitepaper Edition 3 (Improved security for OCPP 1.6-J v1.3, 2022-02-17)
Abstract of the Test Report
Applied | Performed by / On | Document Evidence
Conformance testing according to the test specification referenced by the test report
DNV Singapore Pte. Ltd. December 18, 2024
PICS_PRJ_10537119_ signed
Abstract of the Test Report
Test Report OCPP 1.6 Certification
Test laboratory | DNV Singapore Pte. Ltd.
Location | Singapore
Test Report Reference | PRJ_10537119
Test Location | China, Beijing
Product Designation | C6
Vendor name | XCHARGE GROUP
Device Under Test | Charging Station
OCPP Software Version | V2.1.29_OCPP_C6
Test Result Summary for the Certified Functionalities
Certification Profile | Test Result | Description
Core | Pass
Firmware Management | Pass
Local Authorization List Management | Pass
Smart Charging | Pass
Remote Trigger | Pass
Reservation | Pass
Certification Extension | Test Result | Description
Security extension | Pass
Improved security for OCPP 1.6-J
Hardware Feature Set
ID | Feature | Supported / Present
HFS-1 | Has a detachable cable | No
HFS-2 | Has a fixed cable | Yes
HFS-3 | Has AC support | No
HFS-4 | Has DC support | Yes
HFS-5 | Has 1 phase support | No
HFS-6 | Has 2 phase support | No
HFS-7 | Has 3 phase support | No
HFS-8 | No. Connectors | 2
HFS-9 | Communication technology | Ethernet, WiFi, Mobile Network
HFS-10 | RFID readers | Single
Connector | Current | Phases | Type | Cable Type
1 | DC | | cCCS2 | Fixed Cable
2 | DC | | cCCS2 | Fixed Cable
Optional Features
Core
ID | Core Features | Supported / Present
C-01 | Support for offline authorization of transactions | Yes
C-02 | Support for allowing Offline Authorization for Unknown Ids | Yes
C-03 | Support for maximizing energy for invalid ids | Yes
C-04 | Authorization Cache | Yes
C-05 | Support to limit StatusNotifications | No
C-06 | Authorization status after cable disconnected on EV side
C-06.1 | Support for maintaining authorization when cable disconnected on EV side | No
C-06.2 | Support for not maintaining authorization when cable disconnected on EV side | Yes
C-07 | Support for local start | Yes
C-08 | Support for local stop | Yes
ID | Metervalues | Tested During Certification | Supported According to Vendor
C-09 | Supported MeterValue Measurands
C-09.1 | MeterValuesSampledData | Current.Import SoC Power.Active.Import Temperature Energy.Active.Import.Register
Voltage Current.Offered Power.Offered | Current.Export, Current.Import, Current.Offered, Energy.Active.Export.Register
Energy.Active.Import.Register, Energy.Reactive.Export.Register, Energy.Reactive.Import.Register
Power.Active.Import, SoC, Voltage, Power.Offered, Temperature
C-09.2 | MeterValuesAlignedData | Energy.Active.Import.Register | Energy.Active.Import.Register
Smart Charging
ID | Certification Profile: Smart Charging | Supported / Present
SC-1 | Supported charging rate units
SC-1.1 | A | Yes
SC-1.2 | W | Yes
Reservation
ID | Certification Profile: Reservation | Supported / Present
R-1 | Support reservations of entire Charging Station | No
Firmware Management
ID | Certification Profile: Firmware Management | Supported / Present
F-1 | Support for Secure Firmware Updates | True
Security Extension
ID | Security Extension | Supported / Present
SEC-1 | Security Profile 1: Unsecured Transport with Basic Authentication | Yes
SEC-2 | Security Profile 2: TLS with Basic Authentication | Yes
SEC-3 | Security Profile 3: TLS with Client Side Certificates | Yes
ID | Security Extension : Cipher Suites | Supported / Present
SEC-4 | Supported Cipher Suites | TLS_RSA_WITH_AES_128_GCM_SHA256 TLS_RSA_WITH_AES_256_GCM_SHA384
Additional Questions
ID | Additional Questions for Lab Testing | Supported / Present
AQ-1 | Can the last CentralSystemRootCertificate can be removed? | Yes
AQ-2 | Does the Charging Station have a cable lock
which prevents the EV driver to connect the EV and EVSE before authorization?
No
AQ-3 | Can the last ChargePointCertificate be removed? | Yes
AQ-4 | Is your Charging Station able to download firmware while there is an ongoing transaction? | Yes
AQ-5 | Does your Charging Station enforce a selection of EVSE prior to authorization? | No
AQ-6 | Does your Charging Station support charging an EV using IEC 61851-1? | No
AQ-7 | Reporting of StopTransaction after power loss
AQ-7.1 | Charge Point configured to report StopTransaction before going down. | No
AQ-7.2 | Charge Point configured to report StopTransaction after going down and being back online again. | Yes
Other Relevant Settings
ID | Limit / Setting | Value
ORS-1 | GetConfigurationMaxKeys | 60
ORS-2 | MeterValuesAlignedDataMaxLength | 2147483647
ORS-3 | MeterValuesSampledDataMaxLength | 2147483647
ORS-4 | Minimum MeterValueSampleInterval supported | 0
ORS-6 | Minimum HeartbeatInterval supported | 0
ORS-8 | StopTransactionMaxMeterValues | 2147483647
ORS-9 | StopTxnAlignedDataMaxLength | 2147483647
ORS-10 | StopTxnSampledDataMaxLength | 2147483647
ORS-11 | WebSocketPingInterval | 60
ID | Certification Profile: Local Authorization List Management | Value
ORS-12 | LocalAuthListMaxLength | 50
ORS-13 | SendLocalListMaxLength | 50
ID | Certification Profile: Smart Charging | Value
ORS-14 | ChargingProfileMaxStackLevel | 3
ID | Firmware Management Settings | Value
ORS-16 | Supported file transfer protocols | http https ftp ftps
Performance Measurement Result
Name | Max Value | Unit | Description
OCPP response timeout | 15 | seconds
OCPP triggered function timeout | 5 | seconds
Transaction authorization time by RemoteStartTransaction | 90 | seconds
Transaction authorization end time by RemoteStopTransaction | 60 | seconds
Name | Min Value | Max Value | Average Value | Unit
OCPP response timeout | 0.25 | 5.13 | 0.37 | seconds
OCPP triggered function timeout | 0.63 | 1.78 | 1.41 | seconds
Transaction authorization time by RemoteStartTransaction | 42.87 | 42.87 | 42.87 | seconds
Transaction authorization end time by RemoteStopTransaction | 5.21 | 5.21 | 5.21 | seconds
Communication technology used during performance measurement | Ethernet
Statement of Approval
Vendor
Name
Company | XCHARGE GROUP
Department | R&D
Position | Product Manager
Location | Beijing, China
Date
2025-01-24
Signature
Test Laboratory
Name | [signatory]
Company | DNV Singapore Pte. Ltd.
Department | Energy Systems
Position | Consultant
Location | Singapore
Date
2025-01-24
Signature
"""

FACTS_2024 = """
OCPP 1.6 Full Certificate
Certificate holder | XJ Power Co., Ltd.
Certificate number | OCA.0016.0719.CS
Product type | Charging Station
Product designation | iEVQC33
OCPP Software version | V1.10
Hardware feature set | as stated below
Certification date | April 24, 2024
OCPP 1.6 – Edition 2 with OCPP 1.6 Errata sheet (v4.0 Release, 2019-10-23)
Applied tests | Performed by / on | Document evidence
Conformance testing according to the test specification referenced by the test report
DNV Singapore Pte. Ltd., April 24, 2024
DNV_OCPP 1.6 Test Report_CP_iEVQC33_signed
Abstract of test report
Test Result Summary
Test Report OCPP 1.6 Certification
Test laboratory | DNV Singapore Pte. Ltd.
Location | Singapore
Test execution location | Singapore
Test Report Reference | DNV_OCPP1.6_TEST_CP_iEVQC33
Vendor name | XJ Power Co., Ltd.
Device Under Test | Charging Station
Communication | JSON
OCPP Software version | V1.10
Product designation | iEVQC33
Test Result Summary for the certified functionalities
Functionalities | OCPP 1.6 Certification Test Results | Description
Core | Pass
Optional features
Firmware Management | Pass
Smart Charging | Pass
Reservation | Pass
Local Authorization List Management | Pass
Remote Trigger | Pass
Performance Measurement Results
Name | PICS value | Measured value | Description
OCPP triggered function timeout | 200 seconds | 0:03:00
Firmware update, Diagnostics and Reboot
OCPP response timeout | 2 seconds | 1.00 s
Response time RemoteStartTransaction | 2 seconds | 200 ms
Test Configuration
Vendor | XJ Power Co., Ltd.
DUT / SUT | Charge Point
Communication | JSON
Type | iEVQC33
OCPP Software version | V1.10
Test tool | octt 0.1.0, an independent tool, not the OCTT of the Open Charge Alliance
Hardware feature set
Feature | Configuration
Socket(s) / connector(s) | Multiple
Fixed cable | Yes
Communication technology | Wifi / ethernet / mobile network
RFID readers | Single
Non-OCPP Charge Point Configuration
Configuration key | Value
Limit / setting | Value
Device supports sending milliseconds in timestamps. | Yes
Configuration
Configuration key | Value
AllowOfflineTxForUnknownId | true
AuthorizationCacheEnabled | true
AuthorizeRemoteTxRequests | true
BlinkRepeat | 10
ClockAlignedDataInterval | 0
ConnectionTimeOut | 60
ConnectorPhaseRotation | 1.RST,2.RST,3.RST
ConnectorPhaseRotationMaxLength | 3
GetConfigurationMaxKeys | 150
HeartbeatInterval | 30
LightIntensity | 50
LocalAuthorizeOffline | true
LocalPreAuthorize | false
MaxEnergyOnInvalidId | 0
MessageTimeout
MeterValuesAlignedData | Energy.Active.Import.Register,Current.Import,Voltage,SoC,Power.Active.Import
MeterValuesAlignedDataMaxLength | 10
MeterValuesSampledData | Energy.Active.Import.Register,Current.Import,Voltage,SoC,Power.Active.Import
MeterValueSampledDataMaxLength | 10
MeterValueSampleInterval | 30
MinimumStatusDuration | 0
NumberOfConnectors | 2
ResetRetries | 0
StopTransactionMaxMeterValues | -
StopTransactionOnEVSideDisconnect | true
StopTransactionOnInvalidId | false
StopTxnAlignedData | false
StopTxnAlignedDataMaxLength | 10
StopTxnSampledData
StopTxnSampledDataMaxLength | 10
SupportedFeatureProfiles | Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger
SupportedFeatureProfilesMaxLength | 6
TransactionMessageAttempts | 3
TransactionMessageRetryInterval | 5
UnlockConnectorOnEVSideDisconnect | true
WebSocketPingInterval | 10
LocalAuthListEnabled | true
LocalAuthListMaxLength | 100
SendLocalListMaxLength | 100
ReserveConnectorZeroSupported | false
ChargeProfileMaxStackLevel | 10
ChargingScheduleAllowedChargingRateUnit | Current,Power
ChargingScheduleMaxPeriods | 2
Statement of Approval
Vendor
Name
Company | XJ Power Co., Ltd.
Department | Electric Vehicle Charging Equipment Division
Position | Project Manager
Location | China
Date
2024.04.24
Signature
Test laboratory
Name | [signatory]
Company | DNV Singapore Pte. Ltd.
Department | Energy Systems
Position | Consultant
Location | Singapore
Date
2024.04.24
Signature
"""

FACTS = {
    layout: [line for line in text.strip().splitlines() if line]
    for layout, text in (("2025", FACTS_2025), ("2024", FACTS_2024))
}

OTHERWISE = (
    *("For the Open Charge Alliance", "Chairman", "0:00:01", "0:00:00", "OCTT version", "OCTT 1.6 v 1.4.3"),
    *("Date", "Signature", "2024.04.24", "2025-01-24"),
)
"""Cells of the certificates that a report does not have, or not in that place."""
