"""What a laboratory puts into a station before the first connection, done for the simulated one."""

from __future__ import annotations

import os
from pathlib import Path

from octt.bench import Bench
from octt.pki.certificates import to_pem
from octt.pki.pki import Pki

SERIAL = "SIM-0001"
"""Of the simulated station, unless --serial gives another."""


def security_options(bench: Bench, pki: Pki | None, given: list[str], folder: Path) -> list[str]:
    """Options of `octt simulate` for the security profile of the bench: password, root, own certificate.

    `pki` is None where nothing needs it. `given` are the other options. Files go into `folder`, which is private and
    short-lived: they hold a password and a private key, and everybody may read the command line of a process.
    """
    central = bench.central_system
    options = ["--security-profile", str(central.security_profile)]
    if central.security_profile and central.password:
        options += [
            "--authorization-key-file",
            str(_private(folder / "key", central.password.encode().hex())),
        ]
    if pki is not None and central.security_profile >= 2:
        root = folder / "root.pem"
        root.write_text(to_pem(pki.trust_anchor))
        options += ["--trust", str(root)]
    if pki is not None and central.security_profile == 3:
        serial = given[given.index("--serial") + 1] if "--serial" in given else SERIAL
        own = pki.client(serial, bench.security.vendor_name, "ecdsa")
        certificate, key = folder / "station.pem", folder / "station.key"
        certificate.write_text(own.chain_pem)
        options += ["--cert", str(certificate), "--key-file", str(_private(key, own.key_pem.decode()))]
    return options


def _private(path: Path, text: str) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path
