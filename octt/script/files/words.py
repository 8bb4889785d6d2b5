"""The words of the firmware and diagnostics cases: where a station fetches and sends files, and what came of it.

Which protocols: those the station declares, as far as our file servers (octt/files/servers.py) serve them. OCPP 1.6
sections 5.9, 5.19, 6.25, 6.55 and 8; errata 9.5.1 for the key SupportedFileTransferProtocols.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from octt.files.servers import FilesError, FileServers, corrupt_image, dummy_image
from octt.files.transfers import safe_name
from octt.pics.declaration import Declaration
from octt.script.case_run import Label
from octt.script.files.archives import contents, damage
from octt.script.limits import BOOT, INSTALL, TRIGGERED
from octt.script.station import Station
from octt.script.verdicts import Blame, Failed, Inconclusive
from octt.timeline.entry import Entry

_PROGRESS = {
    "FirmwareStatusNotification",
    "SignedFirmwareStatusNotification",
    "DiagnosticsStatusNotification",
    "LogStatusNotification",
}
_UNDERWAY = {
    *("Uploading", "Downloading", "Downloaded", "Installing"),
    *("SignatureVerified", "InstallRebooting"),
}
_NOT_THROUGH = {
    *("Downloading", "DownloadFailed", "Uploading", "UploadFailed"),
    *("UploadFailure", "PermissionDenied", "BadMessage", "NotSupportedOperation"),
}
_REFUSED_IMAGE = {"DownloadFailed", "InstallationFailed", "InstallVerificationFailed"}


@dataclass(frozen=True)
class Location:
    """A place on our file servers that a station was told of.

    `generated`: it holds our dummy, no real firmware; `corrupt`: it holds what a station is to find out only when it
    installs it.
    """

    url: str
    protocol: str
    since: Entry
    contacts: int
    """How many contacts our servers had had before."""

    size: int = 0
    generated: bool = False
    corrupt: bool = False


class Files:
    """Locations for one case, and judgements of what was transferred."""

    def __init__(self, station: Station, servers: FileServers, declaration: Declaration) -> None:
        """Asks the station which protocols it has. Raises Inconclusive when we serve none of them."""
        self.station, self.servers = station, servers
        self.firmware = station.bench.firmware
        self._dummy_allowed = self.firmware.dummy or station.bench.driver.kind == "simulated"
        self.protocols = self._protocols(declaration)

    def _protocols(self, declaration: Declaration) -> list[str]:
        """Those to use, in the order the station declares them; the bench can narrow them down to one."""
        chosen, served = self.firmware.protocol.strip().lower(), list(self.servers.ports)
        self.declared = bool(chosen)
        if chosen:
            if chosen not in served:
                raise Inconclusive(
                    f"[firmware] protocol = {chosen!r} of the bench is not served here; served are {', '.join(served)}",
                    "configuration",
                )
            return [chosen]
        found = self.station.value_of("SupportedFileTransferProtocols")
        answer = declaration.answer("ORS-16")
        declared = _listed(found[0] if found else None) or _listed(answer)
        self.declared = bool(declared)
        declared = declared or ["http", "ftp"]
        usable = [protocol for protocol in declared if protocol in served]
        others = ", ".join(protocol for protocol in declared if protocol not in served)
        if not usable:
            raise Inconclusive(
                f"the station declares {others}, served here are {', '.join(served) or 'no protocols'}",
                "configuration",
            )
        if others:
            self.station.remark(f"{others}, which the station declares, is not served here and not exercised")
        return usable

    # -- locations ------------------------------------------------------------------------------------------------

    def image(self, turn: int, seed: int = 1) -> Location:
        """The firmware to install: the vendor's image (bench, [firmware] image), else a generated dummy.

        `turn` chooses the protocol: 0 the first that the station declares, and so on, round and round. Dummies of
        another `seed` are other firmware. Raises Inconclusive for an image that cannot be read.
        """
        return self._offer(self.firmware.image, lambda: dummy_image(seed=seed), turn)

    def corrupt_image(self, turn: int) -> Location:
        """An image that cannot be installed: the bench's [firmware] corrupt_image, else a generated one."""
        return replace(self._offer(self.firmware.corrupt_image, corrupt_image, turn), corrupt=True)

    def _offer(self, file: str, generate: Callable[[], bytes], turn: int) -> Location:
        if not file and not self._dummy_allowed:
            raise Inconclusive(
                "no firmware image is given, and random bytes are sent to no real station unasked: set image in "
                "[firmware] of the bench, or dummy = true where the station surely refuses what is no firmware",
                Blame.CONFIGURATION,
            )
        image: bytes | Path = Path(file) if file else generate()
        protocol = self.protocols[turn % len(self.protocols)]
        try:
            url = self.servers.offer(Path(file).name if file else "firmware.bin", image)[protocol]
            size = image.stat().st_size if isinstance(image, Path) else len(image)
        except (FilesError, OSError) as error:
            raise Inconclusive(str(error), "configuration") from None
        return self._location(url, protocol, size=size, generated=not file)

    def folder(self, protocol: str) -> Location:
        """An empty place to upload to."""
        return self._location(self.servers.upload_folder_url(protocol), protocol)

    def nowhere(self, name: str) -> Location:
        """A location at a port of ours that refuses connections, by the first protocol that the station declares.

        The document gives the station's own address 127.0.0.1, port 21. There a station may run a server of its own,
        which takes uploads; and not every station knows ftp. At our address nobody can succeed.
        """
        protocol = self.protocols[0]
        return self._location(self.servers.failing_url("refused", protocol, name), protocol)

    def _location(self, url: str, protocol: str, **more: Any) -> Location:
        location = Location(url, protocol, self.station.newest(), len(self.servers.contacts()), **more)
        self.station.case.ends_with("the update or upload", lambda: self._await_end(location))
        return location

    # -- judgements -----------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def fair(self, location: Location) -> Iterator[None]:
        """What fails inside is INCONCLUSIVE when it is our doing, or the network's.

        That is: nothing of the station reached our server, it does not trust our certificate, or it refused an image
        that we made up.
        """
        try:
            yield
        except (Failed, Inconclusive) as judgement:
            if excuse := self._excuse(location):
                raise Inconclusive(f"{excuse[0]}; {judgement.reason}", excuse[1]) from None
            raise

    def _excuse(self, location: Location) -> tuple[str, Blame] | None:
        status = self._last_status(location)
        if status in _NOT_THROUGH:
            self._wait(lambda: bool(self._contacts(location)), 1.0)
            contacts = self._contacts(location)
            place = f"the {location.protocol} server {re.sub('//[^/]*@', '//', location.url).split('/')[2]}"
            if not contacts and not self.declared:
                told = f"nothing reached {place}, and the station declares no protocols for files"
                return f"{told}: answer ORS-16, or set [firmware] protocol of the bench", Blame.CONFIGURATION
            if not contacts and not self._same_host(location):
                return f"nothing reached {place}, can the station reach that address?", Blame.NETWORK
            if contacts and all(_is_handshake(contact) for contact in contacts):
                return (
                    f"no TLS connection with {place} came about, does the station trust the laboratory's root?",
                    Blame.CONFIGURATION,
                )
        refused = status in _REFUSED_IMAGE and not (location.corrupt and status == "InstallationFailed")
        if location.generated and refused and self._fetched(location) >= location.size:
            return (
                "the station refuses the generated dummy image; give a real one as [firmware] image of the bench",
                Blame.CONFIGURATION,
            )
        return None

    def fetched(self, location: Location, *, step: Label, whole: bool = True) -> None:
        """The station has fetched the image, or with `whole` False at least looked at it.

        From here on it may restart at any time.
        """
        needed = location.size if whole else 1
        self._wait(lambda: self._fetched(location) >= needed)
        got = self._fetched(location)
        self.station.check(
            got >= needed,
            f"the image of {location.size} bytes is fetched over {location.protocol}",
            f"{got} bytes were fetched",
            step=step,
            cite="OCPP 1.6 5.19",
        )
        self.station.expect_disconnect()

    def arrived(self, location: Location, *, name: str | None, step: Label) -> None:
        """A file is at the location: complete and not empty. `name` is the one the station announced.

        An archive that is damaged is a remark: the format is not prescribed (OCPP 1.6 section 5.9).
        """
        self._wait(lambda: any(upload["complete"] for upload in self.servers.uploads(location.url)))
        uploads = self.servers.uploads(location.url)
        good = [upload for upload in uploads if upload["complete"] and upload["bytes"]]
        problems = [upload["error"] or "the file is empty" for upload in uploads if upload not in good]
        kept = [{key: upload[key] for key in ("file", "bytes", "sha256")} for upload in good]
        self.station.check(
            bool(good),
            f"a complete file, not empty, at the location, over {location.protocol}",
            "; ".join(problems) or "nothing arrived",
            step=step,
            cite="OCPP 1.6 5.9",
            data={"files": kept},
        )
        if len(good) > 1:
            self.station.remark(f"{len(good)} files were uploaded, one was due", cite="OCPP 1.6 5.9")
        for upload in good:
            file = self.servers.base / upload["file"]
            if problem := damage(file):
                self.station.remark(f"{file.name} is damaged: {problem}")
            if name and file.name not in (safe_name(name), "upload"):
                self.station.remark(f"{name} was announced, {file.name} came", cite="OCPP 1.6 5.9")

    def hides(self, location: Location, password: str, *, step: Label) -> None:
        """What was uploaded does not hold the password, as text or in hexadecimal, packed or not."""
        secret = password.encode()
        files = [self.servers.base / upload["file"] for upload in self.servers.uploads(location.url)]
        told = any(
            secret in part or secret.hex().encode() in part.lower()
            for file in files
            for part in contents(file)
        )
        what, cite = "no AuthorizationKey in the log", "whitepaper A01.FR.12"
        self.station.check(not told, what, "it is there", step=step, cite=cite)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _same_host(self, location: Location) -> bool:
        """Whether the file server is where the station is connected already, so that it can reach it."""
        central = self.station.bench.central_system.public_host
        return bool(central) and central == (urlsplit(location.url).hostname or "")

    def _wait(self, found: Callable[[], bool], seconds: float | None = None) -> None:
        """A server's account of a transfer can come a moment after the station's message about it."""
        limit = self.station.limits.of(TRIGGERED).seconds if seconds is None else seconds
        clock, deadline = self.station.timeline.clock, self.station.timeline.moment(limit)
        while not found() and clock.now() < deadline:
            clock.sleep(0.02)

    def _fetched(self, location: Location) -> int:
        return sum(fields["bytes"] for fields in self.servers.transfers(location.url))

    def _contacts(self, location: Location) -> list[dict[str, Any]]:
        new = self.servers.contacts()[location.contacts :]
        return [contact for contact in new if contact["protocol"] == location.protocol]

    def _last_status(self, location: Location) -> str:
        for seen in reversed(self.station.timeline.since(location.since.index + 1)):
            if seen.is_call() and seen.action in _PROGRESS:
                return str(seen.payload.get("status"))
        return ""

    def _await_end(self, location: Location) -> None:
        """A case that failed early must not leave the next one a station in the middle of something."""
        station, limits = self.station, self.station.limits
        limit = limits.of(INSTALL).and_then(limits.of(BOOT))
        deadline = station.timeline.moment(limit.seconds)
        with self.station.case.waits("station", "the end of the update or upload", deadline):
            ended = station.timeline.wait(
                lambda: station.state.connected and self._last_status(location) not in _UNDERWAY, deadline
            )
        if not ended:
            raise Inconclusive(f"it has not ended within {limit}", "station")


def _listed(value: Any) -> list[str]:
    """Protocols of a configuration key (separated by commas) or of the declaration, in the spelling of URLs."""
    items = value if isinstance(value, list) else re.split(r"[,;\s]+", str(value or ""))
    return list(dict.fromkeys(str(item).strip().lower() for item in items if str(item).strip()))


def _is_handshake(contact: dict[str, Any]) -> bool:
    """Whether no more came about than an attempt at TLS."""
    secure = contact["protocol"] in ("https", "ftps")
    return secure and not contact["path"] and not contact["user"] and not contact["complete"]
