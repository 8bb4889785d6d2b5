"""Test-case document 2.24.2 and 2.24.3: the security log, and firmware that is signed.

The laboratory signs, and the station gets the laboratory's manufacturer root for the case, unless the bench has an
image with its manufacturer's own signature ([firmware] image, signature, signing_certificate).
"""

from octt.script import case
from octt.script.files.signing import Signing
from octt.script.files.updates import (
    begins_to_install,
    check_update_events,
    firmware_version,
    reboots,
    stays_available,
)
from octt.script.times import in_seconds

STATUS, EVENT = "SignedFirmwareStatusNotification", "SecurityEventNotification"


@case("TC_079_CS")
def test_security_log(station, files, bench):
    """The security log is uploaded to the given location; the password is not in it."""
    number, folder = station.fresh("requestId"), files.folder(files.protocols[0])
    with files.fair(folder):
        reply = station.call(
            "GetLog", logType="SecurityLog", requestId=number, log={"remoteLocation": folder.url}, step=1
        ).returns(status="Accepted", cite="whitepaper N01.FR.01")
        log = {"requestId": number, "cite": "whitepaper N01"}
        station.sends("LogStatusNotification", status="Uploading", step=3, **log)
        station.sends("LogStatusNotification", status="Uploaded", step=5, **log)
        files.arrived(folder, name=reply.payload.get("filename"), step="result")
    files.hides(folder, bench.central_system.password, step="result")


def _order(station, number, url, signed):
    firmware = {"location": url, "retrieveDateTime": in_seconds(0), **signed}
    return station.call("SignedUpdateFirmware", requestId=number, firmware=firmware, step=1)


def _downloads(station, files, image, number, signed):
    """Steps 1 to 6; the last frame."""
    report = {"requestId": number, "cite": "whitepaper L01.FR.01"}
    reply = _order(station, number, image.url, signed)
    reply.returns(status="Accepted", cite="whitepaper L01.FR.23")
    station.reports("Unavailable", optional=True, cite="whitepaper L01.FR.07")
    station.sends(STATUS, status="Downloading", step=3, **report)
    seen = station.sends(STATUS, status="Downloaded", step=5, **report)
    with station.independently():
        files.fetched(image, step=5)
    station.reports("Unavailable", optional=True, cite="whitepaper L01.FR.07")
    return seen


@case("TC_080_CS")
def test_secure_update(station, files, security):
    """Firmware with a right signature is installed, and the station is Available after it.

    Steps 11 to 17 may come in any order. A station that needs no reboot (figure 13 of the whitepaper) is reset, so that
    step 15 can be seen.
    """
    with station.setup():
        image, former = files.image(turn=0, seed=3), firmware_version(station)
        number = station.fresh("requestId")
        signed = Signing(security, station, files.protocols, seed=3).right()
    with files.fair(image):
        downloaded = _downloads(station, files, image, number, signed)
        station.sends(
            STATUS, status="SignatureVerified", requestId=number, step=7, cite="whitepaper L01.FR.04"
        )
        station.reports("Unavailable", optional=True, cite="whitepaper L01.FR.07")
        boot = begins_to_install(station, number, step=9)
        if boot:
            station.sends(STATUS, status="Installing", requestId=number, step=9, optional=True)
        station.sends(STATUS, status="Installed", requestId=number, step=17, cite="whitepaper L01.FR.01")
    boot = boot or reboots(station, downloaded, step=11)
    if boot is None:
        station.remark("the station did not reboot by itself; the document expects that")
        boot = station.reboot()
    station.changed("firmware", "firmwareVersion", former, firmware_version(station))
    with station.in_any_order(after=boot):
        station.reports_all("Available", step=15, cite="OCPP 1.6 4.2")
    stays_available(station, image.since, step="result")
    check_update_events(station, downloaded, step=13)


@case("TC_081_CS")
def test_wrong_signature(station, files, security, bench):
    """Firmware with a wrong signature is not installed, and an event tells of it.

    Then the request itself is refused when the signing certificate is not right (L01.FR.23); nothing could be fetched.
    """
    with station.setup():
        image, number = files.image(turn=1, seed=4), station.fresh("requestId")
        signing = Signing(security, station, files.protocols, seed=4)
        signed = signing.wrong()
    with files.fair(image):
        _downloads(station, files, image, number, signed)
        with station.in_any_order():
            station.sends(
                STATUS, status="InvalidSignature", requestId=number, step=7, cite="whitepaper L01.FR.04"
            )
            station.sends(EVENT, type="InvalidFirmwareSignature", step="result", cite="whitepaper L01.FR.03")
    for kind in ("expired", "untrusted_root") if bench.security.probes else ():
        number, nowhere = station.fresh("requestId"), files.nowhere("unwanted.bin").url
        reply = _order(station, number, nowhere, signing.by(kind))
        with station.independently(), station.case.during("test", f"result/{kind} "):
            reply.returns(status="InvalidCertificate", cite="whitepaper L01.FR.24")
            station.sends(EVENT, type="InvalidFirmwareSigningCertificate", cite="whitepaper L01.FR.02")
