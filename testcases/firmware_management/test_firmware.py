"""Test-case document 2.18 and 2.19: firmware updates and diagnostics.

Files go over our own servers. Diagnostics are uploaded over every protocol that the station declares. An update can
take a station a quarter of an hour, so each case updates once, and they take turns with the protocols.
"""

from octt.script import case
from octt.script.files.updates import firmware_version, may_reboot, reboots, stays_available
from octt.script.times import in_seconds

FIRMWARE, DIAGNOSTICS = "FirmwareStatusNotification", "DiagnosticsStatusNotification"


def _update(station, image, pics, **more):
    """Steps 1 and 2. A station that takes signed firmware only has to refuse (whitepaper L01.FR.20)."""
    request = {"location": image.url, "retrieveDate": in_seconds(0), **more}
    reply = station.call("UpdateFirmware", step=1, **request)
    if reply.seen.frame.error_code == "NotSupported" and pics.yes("F-1"):
        raise station.not_applicable(
            "F-1 is answered with True, and UpdateFirmware with CALLERROR NotSupported: signed firmware only",
            reply,
        )
    reply.returns(cite="OCPP 1.6 5.19")


def _downloads(station, files, image, pics, *, whole):
    """Steps 1 to 6; the last frame."""
    _update(station, image, pics)
    station.sends(FIRMWARE, status="Downloading", step=3, cite="OCPP 1.6 5.19")
    seen = station.sends(FIRMWARE, status="Downloaded", step=5, cite="OCPP 1.6 7.25")
    files.fetched(image, step=5, whole=whole)
    return seen


def _fails(station, begins, failed, *, steps):
    """A failure that is reported after its beginning, or at once."""
    first = station.sends(FIRMWARE, status={begins, failed}, step=steps[0], cite="OCPP 1.6 7.25")
    if first.payload.get("status") == begins:
        station.sends(FIRMWARE, status=failed, step=steps[1], cite="OCPP 1.6 7.25")


@case("TC_044_1_CS")
def test_firmware_update(station, files, pics):
    """A firmware update is downloaded and installed, and the station is Available after it.

    Boot and Installed may come in either order. A station that waits to be rebooted after the installation, as figure
    41 of the specification allows, is rebooted by Reset; the document shows a station that reboots by itself.
    """
    image, former = files.image(turn=0), firmware_version(station)
    with files.fair(image):
        downloaded = _downloads(station, files, image, pics, whole=True)
        station.sends(FIRMWARE, status="Installing", step=7)
        station.sends(FIRMWARE, status="Installed", step=13, cite="OCPP 1.6 5.19")
    boot = reboots(station, downloaded, step=9)
    if boot is None:
        station.remark(
            "the station did not reboot by itself; the document expects that", cite="OCPP 1.6 5.19"
        )
        boot = station.reboot()
    station.changed("firmware", "firmwareVersion", former, firmware_version(station))
    with station.in_any_order(after=boot):
        station.reports_all("Available", step=11, cite="OCPP 1.6 4.2")
    stays_available(station, image.since, step="result")


@case("TC_044_2_CS")
def test_download_fails(station, files, pics):
    """After a failed download the station goes on with its old firmware.

    The location is one of ours where connections are refused, over the first protocol that the station declares. The
    document's ftp://127.0.0.1:21 is the station itself, where a server of its own may answer.
    """
    image, former = files.nowhere("download_fail.fwi"), firmware_version(station)
    _update(station, image, pics, retries=0)
    _fails(station, "Downloading", "DownloadFailed", steps=(3, 5))
    station.still_works(step="result")
    stays_available(station, image.since, step="result")
    now = firmware_version(station)
    station.check(
        former in (now, ""), f"firmwareVersion {former or 'as before'}", f"it is {now}", step="result"
    )


@case("TC_044_3_CS")
def test_installation_fails(station, files, pics):
    """An image that cannot be installed is reported as such, with or without a reboot.

    The image begins with other bytes than any firmware, or is the bench's [firmware] corrupt_image. The connectors
    must be Available in the end, as after a failed download, whether or not the optional reboot takes place.
    """
    image = files.corrupt_image(turn=1)
    with files.fair(image):
        downloaded = _downloads(station, files, image, pics, whole=False)
        _fails(station, "Installing", "InstallationFailed", steps=(7, 11))
    may_reboot(station, downloaded, step=9)
    stays_available(station, image.since, step=13)


@case("TC_045_1_CS")
def test_diagnostics(station, files):
    """Diagnostics are uploaded to the given location, over every protocol that the station declares."""
    for protocol in files.protocols:
        folder = files.folder(protocol)
        with files.fair(folder):
            reply = station.call("GetDiagnostics", location=folder.url, step=1)
            name = reply.returns(cite="OCPP 1.6 5.9").payload.get("fileName")
            if not name:
                station.remark(
                    "no fileName: the station says that it has no diagnostics", cite="OCPP 1.6 5.9"
                )
            station.sends(DIAGNOSTICS, status="Uploading", step=3, cite="OCPP 1.6 5.9")
            station.sends(DIAGNOSTICS, status="Uploaded", step=5, cite="OCPP 1.6 7.24")
            files.arrived(folder, name=name, step="result")


@case("TC_045_2_CS")
def test_diagnostics_fail(station, files):
    """A failed upload is reported, and normal operation goes on.

    The location is one of ours where connections are refused, as in TC_044_2_CS: a server of the station's own at the
    document's ftp://127.0.0.1:21 could take the upload.
    """
    folder = files.nowhere("failedLocation")
    station.call("GetDiagnostics", location=folder.url, retries=0, step=1).returns(cite="OCPP 1.6 5.9")
    station.sends(DIAGNOSTICS, status="Uploading", step=3, cite="OCPP 1.6 5.9")
    station.sends(DIAGNOSTICS, status="UploadFailed", step=5, cite="OCPP 1.6 7.24")
    station.still_works(step="result")
