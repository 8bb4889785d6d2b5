"""What a run works with: the record, the Central System, the driver, certificates and file servers.

Each is opened once and closed at the end, whatever happened. What is not needed by any case is never made.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
from pathlib import Path
from typing import Any

from octt.bench import Bench, ConfigError
from octt.csms.answers import Answers
from octt.csms.endpoints import Endpoint, Settings, secure_endpoint
from octt.csms.server import CentralSystem, CsmsError
from octt.files.servers import FilesError, FileServers
from octt.pki.certificates import PkiError
from octt.pki.pki import Pki
from octt.record import Record
from octt.record.events import FileTransferred
from octt.record.secrets import SECRETS
from octt.script.declared import Declared
from octt.script.limits import BOOT, START, TRIGGERED, Limits
from octt.script.person import Person
from octt.script.verdicts import Inconclusive
from octt.station.actions import ActionFailed, DriverGone, Hardware
from octt.station.drivers import SimulatedDriver
from octt.suite.machine import hosts_of
from octt.suite.options import Options
from octt.suite.provisioned import security_options
from octt.suite.rig import driver_of


class Laboratory:
    """The resources of one run."""

    def __init__(self, options: Options) -> None:
        """Opens nothing but the record. Raises ConfigError for an output folder that cannot be written to."""
        self.options, self.bench = options, options.bench
        SECRETS.hide(*self.bench.secrets)
        settings = self._settings()  # what is wrong with them must not leave a folder
        try:
            options.out.mkdir(parents=True, exist_ok=True)
            if options.former is None and (options.out / "record.jsonl").exists():
                raise ConfigError(
                    f"{options.out} already holds a record; choose another folder with --out, or go on with it: "
                    f"octt run --resume {options.out}"
                )
            self.record = Record(options.out / "record.jsonl")
        except OSError as error:
            raise ConfigError(f"output folder {options.out}: {error.strerror}") from None
        if options.listener:
            self.record.listen(options.listener)
        self.csms = CentralSystem(settings, self.record, answers_of(self.bench))
        self.csms.connections = options.former.connections if options.former else 0
        self.driver = driver_of(self.bench)
        self._closing = contextlib.ExitStack()

    def _settings(self) -> Settings:
        central = self.bench.central_system
        if central.security_profile < 2:
            endpoint = Endpoint(central.security_profile, central.port)
        else:
            try:
                endpoint = secure_endpoint(central.security_profile, central.tls_port, self.pki)
            except PkiError as error:
                raise ConfigError(str(error)) from None
        return Settings(
            identity=self.bench.station.identity,
            host=central.host,
            path=central.path,
            password=central.password,
            reply_delay=central.reply_delay,
            request_delay=central.request_delay,
            endpoints=[endpoint],
        )

    def person(self, limits: Limits) -> Person | None:
        """Who does what the driver cannot, told what the station is like; one for the whole run."""
        if self.options.operator is None or not self.options.operator.acts:
            return None
        declared = Declared(self.options.declaration)
        hardware = Hardware(declared.fixed_cable, declared.yes("AQ-5"), declared.says("HFS-10", "Single"))
        kinds = {"function": TRIGGERED, "start": START, "boot": BOOT}
        patience = {name: limits.of(kind).seconds for name, kind in kinds.items()}
        return Person(self.options.operator, hardware, self.csms, patience)

    # -- resources ------------------------------------------------------------------------------------------------

    @property
    def hosts(self) -> list[str]:
        """The names and addresses a station can reach this machine by, the best first."""
        return hosts_of(self.bench)

    @property
    def urls(self) -> list[str]:
        """Every URL the station can be pointed at, one for each local address."""
        endpoint = self.csms.settings.endpoints[0]
        return [self.csms.url(endpoint, host) for host in self.hosts]

    @functools.cached_property
    def pki(self) -> Pki:
        """The laboratory's certificates, kept from run to run. Made on first use, which takes a moment."""
        folder = self.options.pki_folder or Path("octt-pki")
        return Pki.open(folder, [*self.hosts, "localhost"])

    @functools.cached_property
    def files(self) -> FileServers:
        """The file servers, opened on first use. Raises Inconclusive when they cannot be opened."""
        bench = self.bench.files
        first, last = bench.passive_ports or (0, 0)
        ports = {name: port for name, port in vars(bench.ports).items() if port is not None}
        try:
            servers = FileServers(
                self.options.out,
                bench.public_host or self.hosts[0],
                ports,
                host=self.bench.central_system.host,
                pki=self.pki,
                on_transfer=self._transferred,
                passive_ports=range(first, last + 1) if last else None,
            )
            self.csms.run(servers.start())
        except (FilesError, PkiError, OSError) as error:
            raise Inconclusive(f"the file servers could not be opened: {error}", "configuration") from None
        self._closing.callback(lambda: self.csms.run(servers.stop()))
        return servers

    def _transferred(self, fields: dict[str, Any]) -> None:
        self.record.write(FileTransferred(**fields))

    # -- life -----------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Opens the endpoints and starts the driver. Raises ConfigError."""
        self._closing.callback(self.csms.stop)
        try:
            self.csms.start()
        except CsmsError as error:
            raise ConfigError(str(error)) from None
        if isinstance(self.driver, SimulatedDriver):
            self._provision(self.driver)
        self._closing.callback(self.driver.close)
        try:
            self.driver.start()
        except ActionFailed as error:
            if isinstance(error, DriverGone):
                self.driver.gone = str(error)
            raise ConfigError(str(error)) from None

    def _provision(self, driver: SimulatedDriver) -> None:
        """What the simulated station is told: where to connect, and what it needs for the security profile."""
        host = self.bench.central_system.public_host or None
        base = self.csms.url(self.csms.settings.endpoints[0], host).rpartition("/")[0]
        given = [*self.options.simulator_arguments, *self.bench.driver.simulator]
        folder = Path(self._closing.enter_context(tempfile.TemporaryDirectory()))
        pki = self.pki if self.bench.central_system.security_profile >= 2 else None
        secure = security_options(self.bench, pki, given, folder)
        identity = self.bench.station.identity
        driver.arguments = ["--csms", base, "--identity", identity, "--control", "127.0.0.1:0"]
        driver.arguments += [*secure, *given]

    def discard(self) -> None:
        """Takes away the record of a sitting that never began, and its folder when nothing else is in it.

        The next try may then use the same folder.
        """
        self.record.take_back()
        with contextlib.suppress(OSError):
            self.options.out.rmdir()

    def close(self) -> None:
        """Closes what was opened, the last first; the record stays open. Whatever fails, the rest is closed too."""
        self._closing.close()


def answers_of(bench: Bench) -> Answers:
    answers, tags = Answers(bench.times.heartbeat_interval), bench.id_tags

    def info(tag: str) -> dict[str, Any]:
        if tag.casefold() == tags.invalid.casefold():
            return {"status": "Invalid"}
        family = tag.casefold() in (tags.valid.casefold(), tags.valid_2.casefold())
        return {"status": "Accepted", **({"parentIdTag": tags.parent} if family else {})}

    answers.id_tag_info = info
    return answers
