"""Stations drawn at random: every choice of `Freedom`, delays, keys and profiles that are lacking, together."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import fields

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from octt.ocpp.keys import KEYS
from octt.simulator.freedom import KNOWN_MEASURANDS, Freedom
from octt.simulator.options import DELAYS
from tests.campaign import cases_of
from tests.legal.words import Legal, contradicts, legal

PART = 12
"""Cases that a station is put through, unless it is a whole run."""
WHOLE = 25
"""Every so many-th station is put through all of them."""

LONGEST = {
    "reply": 4,
    "function": 8,
    "start": 15,
    "stop": 10,
    "boot": 15,
    "status-after-boot": 10,
} | dict.fromkeys(("download", "install", "upload", "certificate"), 12)
"""The longest delays, in tenths of a second."""

_VALUES: dict[str, SearchStrategy[str]] = {
    "measurands": st.lists(st.sampled_from(KNOWN_MEASURANDS), min_size=1, unique=True).map(",".join),
    "timestamps": st.sampled_from(("seconds", "offset")),
    "bundle_values": st.sampled_from(("2", "3", "4")),
    "most_stop_values": st.sampled_from(("2", "4", "8")),
    "reboot_keys": st.sampled_from(
        sorted(name for name, key in KEYS.items() if "RW" in key.access and name != "SecurityProfile")
    ),
    "minimum": st.sampled_from(("MeterValueSampleInterval=3", "HeartbeatInterval=2", "HeartbeatInterval=3")),
    "update_style": st.sampled_from(("report-first", "no-reboot", "reboot-first")),
}
"""What the choices that are no plain yes or no are drawn from."""

_SUITES = ("TLS_ECDHE_ECDSA", "TLS_RSA")
_KEY_VALUES = (
    "AllowOfflineTxForUnknownId=true",
    "AuthorizationCacheEnabled=false",
    "AuthorizeRemoteTxRequests=false",
    "LocalPreAuthorize=true",
    "LocalAuthorizeOffline=false",
    "StopTransactionOnInvalidId=false",
    "StopTransactionOnEVSideDisconnect=false",
    "UnlockConnectorOnEVSideDisconnect=false",
    "MinimumStatusDuration=1",
    "MeterValueSampleInterval=0",
    "MeterValuesSampledData=",
    "MeterValuesAlignedData=",
    "StopTxnSampledData=Energy.Active.Import.Register",
    "StopTxnAlignedData=Energy.Active.Import.Register",
    "WebSocketPingInterval=3",
    "TransactionMessageAttempts=1",
    "TransactionMessageRetryInterval=1",
    "ConnectionTimeOut=5",
    "HeartbeatInterval=60",
    "LocalAuthListEnabled=false",
    "LocalAuthListMaxLength=1",
    "SendLocalListMaxLength=1",
    "ReserveConnectorZeroSupported=false",
    "ChargeProfileMaxStackLevel=1",
    "ChargingScheduleMaxPeriods=2",
    "ChargingScheduleMaxPeriods=5",
    "ChargingScheduleAllowedChargingRateUnit=Power",
    "ChargingScheduleAllowedChargingRateUnit=Current",
    "MaxChargingProfilesInstalled=3",
    "ConnectorSwitch3to1PhaseSupported=false",
    "GetConfigurationMaxKeys=3",
    "SupportedFileTransferProtocols=HTTP",
    "SupportedFileTransferProtocols=FTP,HTTPS",
    "AdditionalRootCertificateCheck=true",
    "CertificateSignedMaxChainSize=2000",
    "CertificateStoreMaxLength=4",
)


def option(name: str) -> str:
    """The option of a choice, on the side that is not the default."""
    choice = next(one for one in fields(Freedom) if one.name == name)
    names = (choice.metadata["names"] or f"--{name.replace('_', '-')}").split("/")
    return names[-1] if choice.default is True else names[0]


def _word(name: str) -> SearchStrategy[str]:
    if name in _VALUES:
        return _VALUES[name].map(lambda value: f"{option(name)} {value}")
    return st.just(option(name))


def _delay(kind: str) -> SearchStrategy[str]:
    return st.integers(1, LONGEST[kind]).map(lambda tenths: f"--delay {kind}={tenths / 10:g}")


_OPTIONAL = sorted(name for name, key in KEYS.items() if not key.required and name != "AuthorizationKey")
_EITHER = sorted(name for name, key in KEYS.items() if key.access == "R|RW")
ASPECTS: dict[str, SearchStrategy[str]] = {
    **{choice.name: _word(choice.name) for choice in fields(Freedom)},
    **{f"delay {kind}": _delay(kind) for kind in DELAYS},
    **{f"a key absent, {n}": st.sampled_from(_OPTIONAL).map("--absent {}".format) for n in "abc"},
    **{f"the value of a key, {n}": st.sampled_from(_KEY_VALUES).map("--key {}".format) for n in "abc"},
    "a key read-only": st.sampled_from(_EITHER).map("--readonly {}".format),
    **{
        f"without {profile}": st.just(f"without {profile}")
        for profile in (
            "FirmwareManagement",
            "LocalAuthListManagement",
            "Reservation",
            "SmartCharging",
            "RemoteTrigger",
        )
    },
    "without Security": st.just("without Security"),
    "without SEC-3": st.just("without SEC-3"),
    "one connector": st.just("connectors 1"),
    "cipher suites": st.sampled_from(_SUITES).map(
        lambda family: f"--cipher {family}_WITH_AES_128_GCM_SHA256,{family}_WITH_AES_256_GCM_SHA384"
    ),
    "kind of key": st.just("--key-type rsa"),
    "hashes": st.sampled_from(("SHA384", "SHA512")).map("--hash-algorithm {}".format),
}
"""Everything that may be different about a station, and the words for it."""


@st.composite
def stations(draw: st.DrawFn) -> tuple[str, ...]:
    """The words of any legal station. What contradicts what was drawn before is left out."""
    words: list[str] = []
    for aspect in draw(st.lists(st.sampled_from(sorted(ASPECTS)), min_size=7, max_size=40, unique=True)):
        word = draw(ASPECTS[aspect])
        if word not in words and not contradicts(words, word):
            words.append(word)
    if "without Security" not in words:
        words.append(f"security {draw(st.sampled_from((0, 1, 2)))}")
    return tuple(words)


def drawn(number: int, start: int) -> list[Legal]:
    """So many different stations; the same ones for the same `start`."""
    found: dict[tuple[str, ...], None] = {}

    @seed(start)
    @settings(
        max_examples=2 * number,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(stations())
    def collect(words: tuple[str, ...]) -> None:
        found.setdefault(words)

    collect()
    return [legal(words) for words in list(found)[:number]]


def shared_out(found: list[Legal], start: int) -> list[tuple[Legal, tuple[str, ...]]]:
    """Each station with its cases: those that were met least so far, or every one; in the order of a run."""
    met: Counter[str] = Counter()
    chance = random.Random(start)
    result = []
    for number, station in enumerate(found, 1):
        ids = [case.id for case in cases_of(station)]
        fewest = sorted(ids, key=lambda case: (met[case], chance.random()))
        chosen = set(ids if number % WHOLE == 0 else fewest[:PART])
        met.update(chosen)
        result.append((station, tuple(case for case in ids if case in chosen)))
    return result
