"""What a script has beside the Central System, in an old record: the driver, the file servers, the certificates."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from cryptography import x509
from msgspec import to_builtins

from octt.audit.judge.playing import Player
from octt.audit.judge.requests import difference
from octt.files.servers import FileServers
from octt.ocpp import values
from octt.pki.certificates import Identity
from octt.pki.firmware import Algorithm, FirmwareSignature
from octt.pki.pki import Pki
from octt.record.events import Acted, FileTransferred
from octt.record.words import ActionPhase
from octt.station.actions import ActionFailed, CannotAct, Driver


class Hands(Driver):
    """An action is done when the record says that it was done."""

    def __init__(self, kind: str, player: Player) -> None:
        self.kind, self.player = kind, player

    def act(self, name: str, params: dict[str, Any]) -> str:
        """Who did it then. Raises CannotAct or ActionFailed if nobody could, Parted if nobody was asked for it."""
        asked = self.player.expect(Acted, f"the action {name}")
        other = f"it was {asked.action}" if asked.action != name else difference(params, asked.params)
        if other:
            self.player.part(f"another action at the station, {name}: {other}", asked)
        self.player.take()
        ended = self._ended(asked)
        if ended is None:
            self.player.part(f"what became of the action {name} is not on the record", asked)
        assert ended is not None
        self.player.go_to(ended)
        event = self.player.take()
        assert isinstance(event, Acted)
        if event.phase == ActionPhase.DONE:
            return event.who
        raise (CannotAct if event.phase == ActionPhase.CANNOT else ActionFailed)(
            event.detail or "it was not done"
        )

    def _ended(self, asked: Acted) -> int | None:
        tape = self.player.tape.events
        for place in range(self.player.place, len(tape)):
            event = tape[place]
            if isinstance(event, Acted) and event.action == asked.action and event.phase != ActionPhase.ASKED:
                return place
        return None


class Shelves(FileServers):
    """The file servers: locations are those that the station was told of then, transfers those that took place."""

    def __init__(self, player: Player, ports: dict[str, int], folder: Path) -> None:
        self.player, self.base, self.ports = player, folder, ports
        self._told: list[dict[str, Any]] = []

    def tell(self, event: FileTransferred) -> None:
        """A transfer that took place."""
        self._told.append(to_builtins(event))

    def _location(self) -> str:
        """The location in the next request of then that has one."""
        for payload in self.player.requests():
            for part in (payload, values.table(payload.get("firmware")), values.table(payload.get("log"))):
                for name in ("location", "remoteLocation"):
                    if found := values.text(part.get(name)):
                        return found
        return "http://localhost/no/location"

    def offer(self, name: str, image: bytes | Path) -> dict[str, str]:
        """The location that was used, whatever its protocol."""
        return defaultdict(self._location, {})

    def upload_folder_url(self, protocol: str) -> str:
        """The location that was used."""
        return self._location()

    def failing_url(self, how: Any, protocol: str = "ftp", name: str = "") -> str:
        """The location that was used."""
        return self._location()

    def transfers(self, url: str = "") -> list[dict[str, Any]]:
        """As the file servers tell them."""
        place = "/".join(url.split("/")[3:5])
        real = [fields for fields in self._told if fields["complete"] or fields["bytes"]]
        return [fields for fields in real if place in fields["path"]]

    def contacts(self) -> list[dict[str, Any]]:
        """As the file servers tell them."""
        return list(self._told)


class Drawer(Pki):
    """The laboratory's certificates: those that were sent then, since their keys are on no record.

    What else is made is thrown away: no station will ever see it.
    """

    player: Player

    def extra_root(self) -> Identity:
        """The root of the next InstallCertificate."""
        return self._sent("InstallCertificate", "certificate") or super().extra_root()

    @property
    def manufacturer(self) -> Identity:
        """The same for the manufacturer's, where one was sent."""
        sent = self._sent("InstallCertificate", "certificate", certificateType="ManufacturerRootCertificate")
        return sent or super().manufacturer

    def sign_csr(self, pem: str, *args: Any, **more: Any) -> Identity:
        """The certificate of the next CertificateSigned."""
        return self._sent("CertificateSigned", "certificateChain") or super().sign_csr(pem, *args, **more)

    def sign_firmware(
        self, firmware: bytes | Path, algorithm: Algorithm = "RSA-PSS", signer: Identity | None = None
    ) -> FirmwareSignature:
        """The signature of the next SignedUpdateFirmware."""
        image = values.table(self._next("SignedUpdateFirmware").get("firmware"))
        signature, certificate = (values.text(image.get(key)) for key in ("signature", "signingCertificate"))
        return FirmwareSignature(signature, certificate, algorithm)

    def _next(self, action: str, **fields: Any) -> dict[str, Any]:
        """The payload of the next such request of then; an empty one when there is none."""
        for payload in self.player.requests(action):
            if all(payload.get(name) == value for name, value in fields.items()):
                return payload
        return {}

    def _sent(self, action: str, field: str, **fields: Any) -> Identity | None:
        text = values.text(self._next(action, **fields).get(field))
        try:
            first, *others = x509.load_pem_x509_certificates(text.encode())
        except ValueError:
            return None
        return Identity(first, None, tuple(others))
