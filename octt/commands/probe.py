"""Getting to know a station without testing it: configuration, boot message and harmless requests, on the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from octt.bench import ConfigError
from octt.suite.prepare import prepare
from octt.suite.progress import Progress
from octt.suite.run import Run

UNKNOWN = 2**31 - 1
"""A number that no station uses for a reservation or a profile."""

_HARMLESS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("TriggerMessage", {"requestedMessage": "BootNotification"}),
    ("TriggerMessage", {"requestedMessage": "StatusNotification"}),
    ("GetLocalListVersion", {}),
    ("CancelReservation", {"reservationId": UNKNOWN}),
    ("ClearChargingProfile", {"id": UNKNOWN}),
    ("ClearCache", {}),
    ("GetInstalledCertificateIds", {"certificateType": "CentralSystemRootCertificate"}),
)


def probe(bench_file: Path | None, out: Path | None) -> Path:
    """Waits for the station, asks harmless questions; the folder with the record. Raises ConfigError.

    A connector is unlocked only when it is Available, so that no session is touched.
    """
    options = prepare(bench_file, None, out)
    run = Run(options)
    _announce(run)
    try:
        run.connect()
        if run.problem:
            raise ConfigError(run.problem)
        for action, payload in _HARMLESS:
            run.ask(action, payload)
        connector = run.bench.connector
        if run.csms.timeline.state.statuses.get(connector) == "Available":
            run.ask("UnlockConnector", {"connectorId": connector})
    finally:
        run.finish("probed")
    return options.out


def _announce(run: Run) -> None:
    """Shows on standard error where the station must connect, for a session without a live view."""
    progress = Progress(Console(highlight=False, stderr=True))
    progress.run = run
    run.record.listen(progress.see)
