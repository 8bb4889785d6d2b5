"""The settings: how one station stands in the laboratory, and the configured values of the test-case document.

Every key has a default, so that an empty file is a bench.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from octt.bench.section import Seconds, Section, WholeSeconds
from octt.bench.times import Times

Port = Annotated[int, Field(ge=0, le=65535)]
IdTag = Annotated[str, Field(min_length=1, max_length=20)]


SECRET = "(secret)"


class Secret:
    """Marks a setting whose value must not be shown."""


_PASSWORD = re.compile("--authorization-key(=|$)|(--key=)?AuthorizationKey=", re.IGNORECASE)
"""Arguments of the simulated station that would hold a password."""


class StationUnderTest(Section):
    """The device under test as the bench sees it. `cable_first`: a card counts only once the cable is in."""

    identity: Annotated[str, Field(min_length=1, max_length=48)] = "CS001"
    serial_number: str = ""
    connector: Annotated[int, Field(ge=1)] = 1
    cable_first: bool = False
    connectors: Literal["one", "all"] = "one"


class CentralSystem(Section):
    """Where the Central System listens. `public_host` is the name or address the station can reach it by."""

    host: str = "0.0.0.0"
    port: Port = 9000
    path: str = "/ocpp"
    public_host: str = ""
    security_profile: Annotated[int, Field(ge=0, le=3)] = 0
    password: Annotated[str, Field(max_length=40), Secret] = "octt-bench-password"
    tls_port: Port = 9001
    reply_delay: Annotated[float, Field(ge=0, le=60)] = 0
    request_delay: Annotated[float, Field(ge=0, le=60)] = 0


class IdTags(Section):
    """The identifiers of the document's test data; `valid` and `valid_2` share the parent."""

    valid: IdTag = "OCTTVALID1"
    valid_2: IdTag = "OCTTVALID2"
    other: IdTag = "OCTTOTHER1"
    invalid: IdTag = "OCTTINVALID"
    parent: IdTag = "OCTTPARENT"

    @model_validator(mode="after")
    def _different(self) -> IdTags:
        names = list(type(self).model_fields)
        seen: dict[str, str] = {}
        for name in names:
            value = getattr(self, name).lower()
            if value in seen:
                raise ValueError(
                    f"{name} and {seen[value]} are the same; each of {', '.join(names)} must differ"
                )
            seen[value] = name
        return self


class Driver(Section):
    """Who acts on the station.

    `url` for http; `commands` for command: a shell command per action; `python` for python: "file.py:Class".
    """

    kind: Literal["manual", "http", "command", "python", "simulated"] = "manual"
    url: str = ""
    python: str = ""
    timeout: Seconds = 60
    commands: dict[str, str] = Field(default_factory=dict)
    simulator: list[str] = Field(default_factory=list)
    operator: bool | None = None

    @model_validator(mode="after")
    def _complete(self) -> Driver:
        if self.kind == "http" and not self.url.startswith(("http://", "https://")):
            raise ValueError('kind = "http" needs url = "http://host:port" of the rig')
        if self.kind == "command" and not self.commands:
            raise ValueError('kind = "command" needs a table driver.commands with a shell command per action')
        if self.kind == "python" and not all(self.python.rpartition(":")):
            raise ValueError('kind = "python" needs python = "file.py:Class" or "package.module:Class"')
        if any(_PASSWORD.match(argument) for argument in self.simulator):
            raise ValueError(
                "simulator: every process could read a password there; name a file with --authorization-key-file"
            )
        return self


class SmartCharging(Section):
    """Configured values of the smart charging cases."""

    charging_rate_unit: Literal["A", "W"] = "A"
    number_phases: Annotated[int, Field(ge=1, le=3)] = 3
    stack_level: Annotated[int, Field(ge=0)] = 0
    duration: WholeSeconds = 300


class Firmware(Section):
    """Images for the firmware cases; without `image` a generated dummy is served, to a real station if `dummy`.

    `signature` and `signing_certificate` are the manufacturer's; without them the laboratory signs.
    """

    image: str = ""
    corrupt_image: str = ""
    dummy: bool = False
    protocol: str = ""
    signature: str = ""
    signing_certificate: str = ""

    @model_validator(mode="after")
    def _signed(self) -> Firmware:
        if bool(self.signature) != bool(self.signing_certificate) or (self.signature and not self.image):
            raise ValueError(
                "signature (Base64, by the manufacturer) and signing_certificate (a PEM file) go with an image"
            )
        for key in ("image", "corrupt_image", "signing_certificate"):
            name = getattr(self, key)
            if name and not Path(name).is_file():
                raise ValueError(f"there is no file {name!r} for {key}")
        return self


class FilePorts(Section):
    """A port for each protocol of the file servers; 0: any free one, absent: not served."""

    http: Port | None = 0
    https: Port | None = 0
    ftp: Port | None = 0
    ftps: Port | None = 0


class Files(Section):
    """The file servers. `public_host` is how the station reaches them, by default as it reaches the Central System."""

    public_host: str = ""
    ports: FilePorts = FilePorts()
    passive_ports: Annotated[list[Port], Field(min_length=2, max_length=2)] | None = None

    @model_validator(mode="after")
    def _ascending(self) -> Files:
        if self.passive_ports and self.passive_ports[0] > self.passive_ports[1]:
            raise ValueError(
                "passive_ports are the first and the last of a range; the first is the greater one"
            )
        return self


class Security(Section):
    """The Security extension: organisation for certificates, the laboratory PKI's folder, what goes beyond.

    `raise_profile`: cases may move the station to a higher security profile, from which OCPP has no way back.
    `probes`: the security cases also try what a station has to refuse. `foreign_key`: TC_077 also offers a certificate
    for a key that the station does not have; one that takes it cannot connect with profile 3 any more.
    `replace_root`: with AdditionalRootCertificateCheck the one root that the station keeps may be replaced.
    """

    vendor_name: str = "OCTT Bench"
    pki: str = ""
    legacy_signatures: bool = False
    raise_profile: bool = True
    probes: bool = True
    foreign_key: bool = False
    replace_root: bool = False
    new_password: Annotated[str, Field(min_length=16, max_length=20), Secret] = "OCA_OCTT_admin_test"


class Laboratory(Section):
    """What the report says about who tested."""

    name: str = ""
    address: str = ""
    location: str = ""
    test_location: str = ""
    report_number: str = ""
    operator: str = ""
    signatory: str = ""
    department: str = ""
    position: str = ""
    logo: str = ""
    signing_key: str = ""

    @model_validator(mode="after")
    def _picture(self) -> Laboratory:
        if self.logo and not self.logo.lower().endswith((".png", ".jpg", ".jpeg", ".gif")):
            raise ValueError(f"logo = {self.logo!r} is no PNG, JPEG or GIF file")
        if self.logo and not Path(self.logo).is_file():
            raise ValueError(f"there is no file {self.logo!r} for the logo")
        return self


class Bench(Section):
    """One bench file."""

    station: StationUnderTest = StationUnderTest()
    central_system: CentralSystem = CentralSystem()
    id_tags: IdTags = IdTags()
    times: Times = Times()
    driver: Driver = Driver()
    smart_charging: SmartCharging = SmartCharging()
    firmware: Firmware = Firmware()
    files: Files = Files()
    security: Security = Security()
    laboratory: Laboratory = Laboratory()

    @property
    def connector(self) -> int:
        """The connector under test (the document's configured ConnectorId)."""
        return self.station.connector

    def at(self, connector: int) -> Bench:
        """The same bench with another connector under test; 0: the one it has."""
        if connector in (0, self.connector):
            return self
        return self.model_copy(update={"station": self.station.model_copy(update={"connector": connector})})

    @property
    def ports(self) -> dict[str, int]:
        """Every port that is chosen here, by its key; one of 0 is chosen by the computer."""
        found = {f"central_system.{key}": getattr(self.central_system, key) for key in ("port", "tls_port")}
        found |= {f"files.ports.{key}": port for key, port in vars(self.files.ports).items()}
        return {key: port for key, port in found.items() if port}

    @model_validator(mode="after")
    def _different_ports(self) -> Bench:
        seen: dict[int, str] = {}
        for key, port in self.ports.items():
            if port in seen:
                raise ValueError(f"{key} and {seen[port]} are both {port}; each needs a port of its own")
            seen[port] = key
        return self

    @property
    def secrets(self) -> list[str]:
        """Every password in it, as it is written here."""
        found = [
            getattr(section, key)
            for _place, section in self
            for key, field in type(section).model_fields.items()
            if Secret in field.metadata
        ]
        login = re.search(r"//([^/@]*)@", self.driver.url)
        if login:
            found += [login[1], login[1].partition(":")[2]]
        return [secret for secret in found if secret]

    def redacted(self) -> dict[str, Any]:
        """The bench for the record and the report: without secrets, the logo as data."""
        data = self.model_dump()
        data["laboratory"]["logo"] = _as_data(self.laboratory.logo)
        for place, section in self:
            for key, field in type(section).model_fields.items():
                if Secret in field.metadata and data[place][key]:
                    data[place][key] = SECRET
        data["driver"]["url"] = re.sub(r"//[^/@]*@", f"//{SECRET}@", self.driver.url)
        return data


SIMULATED = Bench(
    central_system=CentralSystem(
        host="127.0.0.1", public_host="localhost", port=0, tls_port=0, security_profile=2
    ),
    driver=Driver(kind="simulated"),
    security=Security(foreign_key=True, replace_root=True),
    times=Times(
        heartbeat_interval=1,
        boot_retry_interval=1,
        connection_timeout=2,
        meter_value_interval=2,
        clock_aligned_interval=2,
        transaction_duration=1,
        observation=0.7,
        max_deviation=1,
        reservation_expiry=3,
        boot_timeout=8,
        reconnect_timeout=6,
        delivery_timeout=6,
        download_timeout=10,
        install_timeout=10,
        upload_timeout=10,
        certificate_timeout=6,
        connect_timeout=15,
    ),
)
"""The bench of the built-in simulated station: everything as short as the protocol allows.

It begins with security profile 2, from where TC_083 leads on to 3, so that one run has all cases of all profiles.
"""


def _as_data(logo: str) -> str:
    """A picture as a data: URI, so that reports need no other file; nothing when there is none."""
    if not logo:
        return ""
    kind = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "gif": "gif"}[logo.rpartition(".")[2].lower()]
    return f"data:image/{kind};base64,{base64.b64encode(Path(logo).read_bytes()).decode()}"
