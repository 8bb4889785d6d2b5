"""Firmware updates and uploads seen from the Central System: real transfers, statuses in order, what survives."""

import asyncio
import io
import json
import zipfile

import pytest
from fake_csms import run
from simulator_file_servers import IMAGE, HttpServer, ftp_server
from simulator_pki import DAY, NOW, Authority, ec_key, pem, rsa_key, sign_firmware

from octt.simulator.link.truststore import MANUFACTURER

PAST = "2020-01-01T00:00:00Z"
FAST = {"download_seconds": 0.0, "install_seconds": 0.0}


def statuses(csms, action):
    return [payload["status"] for payload in csms.sent(action)]


async def update(bench, url, **fields):
    request = {"location": url, "retrieveDate": PAST, "retries": 0, **fields}
    assert await bench.csms.call("UpdateFirmware", **request) == {}


def with_files(scenario, files=None, **options):
    """Run a scenario(bench, server) beside an HTTP server."""

    async def main(bench):
        server = HttpServer()
        server.files.update(files or {})
        async with server:
            await scenario(bench, server)

    run(main, **(FAST | options))


def test_update_goes_through_every_status_and_a_reboot():
    async def scenario(bench, server):
        csms = bench.csms
        await update(bench, f"{server.url}/image.fwi")
        for status in ("Downloading", "Downloaded", "Installing"):
            await csms.expect("FirmwareStatusNotification", status=status)
        boot = await csms.expect("BootNotification")
        assert boot["firmwareVersion"].startswith("1.0.0+")
        for connector in (0, 1):
            await csms.status("Available", connector)
        await csms.expect("FirmwareStatusNotification", status="Installed")
        assert csms.statuses() == ["Available", "Unavailable", "Available"]
        assert statuses(csms, "FirmwareStatusNotification") == [
            "Downloading",
            "Downloaded",
            "Installing",
            "Installed",
        ]
        assert "FirmwareUpdated" in [e["type"] for e in bench.station.security.log.entries]
        await csms.call("TriggerMessage", requestedMessage="FirmwareStatusNotification")
        await csms.expect("FirmwareStatusNotification", status="Idle")
        await csms.call("Reset", type="Hard")
        await csms.expect("BootNotification", firmwareVersion=boot["firmwareVersion"])
        await csms.status("Available")
        assert statuses(csms, "FirmwareStatusNotification").count("Installed") == 1

    with_files(scenario)


def test_update_over_ftp(tmp_path):
    (tmp_path / "image.fwi").write_bytes(IMAGE)

    async def scenario(bench):
        with ftp_server(tmp_path) as url:
            await update(bench, f"{url}/image.fwi")
            await bench.csms.expect("FirmwareStatusNotification", status="Installed")
            await bench.csms.call("GetDiagnostics", location=url, retries=0)
            await bench.csms.expect("DiagnosticsStatusNotification", status="Uploaded")
        assert len(list(tmp_path.glob("diagnostics-*.zip"))) == 1

    run(scenario, **FAST)


@pytest.mark.parametrize(
    "location", ["ftp://127.0.0.1:1/x.fwi", "http://127.0.0.1:1/x", "sftp://h/x", "nonsense", ""]
)
def test_a_download_that_fails(location):
    async def scenario(bench):
        csms = bench.csms
        await update(bench, location)
        await csms.expect("FirmwareStatusNotification", status="DownloadFailed")
        await csms.call("TriggerMessage", requestedMessage="FirmwareStatusNotification")
        await csms.expect("FirmwareStatusNotification", status="Idle")
        assert statuses(csms, "FirmwareStatusNotification") == ["Downloading", "DownloadFailed", "Idle"]
        assert csms.statuses() == ["Available"]
        await bench.charging()

    run(scenario, **FAST)


@pytest.mark.parametrize("image", [b"CORRUPT and more", b""])
def test_an_image_that_cannot_be_installed(image):
    async def scenario(bench, server):
        csms = bench.csms
        await update(bench, f"{server.url}/bad.fwi")
        await csms.expect("FirmwareStatusNotification", status="InstallationFailed")
        await bench.until(lambda: csms.statuses() == ["Available", "Unavailable", "Available"])
        assert len(csms.sent("BootNotification")) == 1
        await bench.charging()

    with_files(scenario, {"bad.fwi": image})


def test_installation_waits_for_the_end_of_transactions():
    async def scenario(bench, server):
        csms = bench.csms
        await bench.charging(1)
        await update(bench, f"{server.url}/image.fwi")
        await csms.expect("FirmwareStatusNotification", status="Downloaded")
        await csms.status("Unavailable", 2)
        assert await csms.call("RemoteStartTransaction", idTag="B", connectorId=2) == {"status": "Rejected"}
        assert "Installing" not in statuses(csms, "FirmwareStatusNotification")
        bench.do("present_id_tag", id_tag="TAG1")
        await csms.expect("StopTransaction", reason="Local")
        await csms.expect("FirmwareStatusNotification", status="Installed")

    with_files(scenario, connectors=2)


@pytest.mark.parametrize(("when", "end"), [("download", "DownloadFailed"), ("install", "InstallationFailed")])
def test_a_power_loss_ends_the_update(when, end):
    async def scenario(bench, server):
        csms = bench.csms
        await update(bench, f"{server.url}/image.fwi")
        await csms.expect(
            "FirmwareStatusNotification", status="Downloading" if when == "download" else "Installing"
        )
        bench.do("power_cycle")
        await csms.expect("BootNotification", firmwareVersion="1.0.0")
        await csms.expect("FirmwareStatusNotification", status=end)

    with_files(scenario, **{f"{when}_seconds": 30.0, "power_pause_seconds": 0.01})


def test_statuses_reach_the_central_system_after_an_interruption():
    async def scenario(bench, server):
        csms = bench.csms
        await update(bench, f"{server.url}/image.fwi")
        await csms.expect("FirmwareStatusNotification", status="Downloading")
        bench.do("unreachable")
        await asyncio.sleep(0.4)
        bench.do("reachable")
        await csms.expect("FirmwareStatusNotification", status="Downloaded")
        await csms.expect("FirmwareStatusNotification", status="Installed")

    with_files(scenario, download_seconds=0.2)


def test_retrieve_date_and_a_second_update():
    async def scenario(bench, server):
        csms = bench.csms
        await update(bench, f"{server.url}/image.fwi", retrieveDate="2099-01-01T00:00:00Z")
        await asyncio.sleep(0.1)
        assert statuses(csms, "FirmwareStatusNotification") == []
        await update(bench, f"{server.url}/missing")
        await csms.expect("FirmwareStatusNotification", status="DownloadFailed")

    with_files(scenario)


def test_diagnostics_archive_holds_no_secret():
    secret = "5A" * 16

    async def scenario(bench, server):
        csms = bench.csms
        name = (await csms.call("GetDiagnostics", location=f"{server.url}/logs"))["fileName"]
        await csms.expect("DiagnosticsStatusNotification", status="Uploading")
        await csms.expect("DiagnosticsStatusNotification", status="Uploaded")
        ((method, path, data),) = server.received
        assert (method, path) == ("PUT", f"/logs/{name}")
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            texts = {n: archive.read(n).decode() for n in archive.namelist()}
        assert json.loads(texts["station.json"])["chargePointSerialNumber"] == "SIM-0001"
        assert "StartupOfTheDevice" in texts["security.log"]
        assert "HeartbeatInterval" in texts["state.json"]
        assert secret not in "".join(texts.values())

    with_files(scenario, authorization_key=secret)


def test_diagnostics_that_cannot_be_delivered():
    async def scenario(bench):
        csms = bench.csms
        location = "ftp://127.0.0.1:1/files/failedLocation"
        assert (await csms.call("GetDiagnostics", location=location, retries=0))["fileName"]
        await csms.expect("DiagnosticsStatusNotification", status="Uploading")
        await csms.expect("DiagnosticsStatusNotification", status="UploadFailed")
        await csms.call("TriggerMessage", requestedMessage="DiagnosticsStatusNotification")
        await csms.expect("DiagnosticsStatusNotification", status="Idle")
        await bench.charging()

    run(scenario)


def log_request(url, kind="SecurityLog", number=7, **times):
    return {"logType": kind, "requestId": number, "retries": 0, "log": {"remoteLocation": url, **times}}


def test_logs():
    async def scenario(bench, server):
        csms = bench.csms
        for kind, start in (("SecurityLog", b"# security log of S1"), ("DiagnosticsLog", b"PK")):
            answer = await csms.call("GetLog", **log_request(f"{server.url}/logs", kind))
            assert answer["status"] == "Accepted"
            await csms.expect("LogStatusNotification", status="Uploading", requestId=7)
            await csms.expect("LogStatusNotification", status="Uploaded", requestId=7)
            assert server.received[-1][1] == f"/logs/{answer['filename']}"
            assert server.received[-1][2].startswith(start)
        await csms.call("GetLog", **log_request(f"{server.url}/logs", latestTimestamp="2001-01-01T00:00:00Z"))
        await csms.expect("LogStatusNotification", status="Uploaded")
        assert b"StartupOfTheDevice" not in server.received[-1][2]
        await csms.call("ExtendedTriggerMessage", requestedMessage="LogStatusNotification")
        assert await csms.expect("LogStatusNotification", status="Idle") == {"status": "Idle"}

    with_files(scenario)


def test_a_second_log_request_cancels_the_first():
    async def scenario(bench, server):
        csms = bench.csms

        async def hang(reader, writer):
            await reader.read()

        silent = await asyncio.start_server(hang, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
        await csms.call("GetLog", **log_request(url, number=1))
        await csms.expect("LogStatusNotification", status="Uploading", requestId=1)
        await csms.call("ExtendedTriggerMessage", requestedMessage="LogStatusNotification")
        await csms.expect("LogStatusNotification", status="Uploading", requestId=1)
        answer = await csms.call("GetLog", **log_request(f"{server.url}/logs", number=2))
        assert answer["status"] == "AcceptedCanceled"
        await csms.expect("LogStatusNotification", status="Uploaded", requestId=2)
        silent.close()

    with_files(scenario)


@pytest.mark.parametrize(
    ("methods", "user", "status"),
    [((), None, "NotSupportedOperation"), (("PUT",), ("a", "b"), "PermissionDenied")],
)
def test_why_a_log_upload_failed(methods, user, status):
    async def scenario(bench):
        async with HttpServer(methods, user) as server:
            await bench.csms.call("GetLog", **log_request(f"{server.url}/logs"))
            await bench.csms.expect("LogStatusNotification", status=status, requestId=7)

    run(scenario)


# signed firmware

ROOT = Authority("Manufacturer")
SIGNER_KEY = ec_key()
SIGNER = ROOT.issue("signer", SIGNER_KEY)


def signed(url, *, signer=SIGNER, key=SIGNER_KEY, image=IMAGE, number=5, **fields):
    return {
        "requestId": number,
        "retries": 0,
        "firmware": {
            "location": url,
            "retrieveDateTime": PAST,
            "signingCertificate": pem(signer),
            "signature": sign_firmware(key, image),
            **fields,
        },
    }


def with_root(scenario, **options):
    async def main(bench, server):
        bench.station.security.store.install(MANUFACTURER, pem(ROOT.certificate), NOW)
        bench.station.security.save()
        await scenario(bench, server)

    with_files(main, **options)


@pytest.mark.parametrize("make_key", [ec_key, rsa_key])
def test_signed_update(make_key):
    async def scenario(bench, server):
        csms, key = bench.csms, make_key()
        request = signed(f"{server.url}/image.fwi", signer=ROOT.issue("signer", key), key=key)
        assert await csms.call("SignedUpdateFirmware", **request) == {"status": "Accepted"}
        for status in ("Downloading", "Downloaded", "SignatureVerified", "Installing"):
            await csms.expect("SignedFirmwareStatusNotification", status=status, requestId=5)
        await csms.expect("BootNotification")
        await csms.expect("SignedFirmwareStatusNotification", status="Installed", requestId=5)
        await csms.expect("SecurityEventNotification", type="FirmwareUpdated")
        await csms.call("ExtendedTriggerMessage", requestedMessage="FirmwareStatusNotification")
        assert await csms.expect("SignedFirmwareStatusNotification", status="Idle") == {"status": "Idle"}

    with_root(scenario, keys={"SecurityProfile": "1"}, authorization_key="00" * 16)


def test_wrong_signature_installs_nothing():
    async def scenario(bench, server):
        csms = bench.csms
        request = signed(f"{server.url}/image.fwi", image=IMAGE + b"!")
        assert await csms.call("SignedUpdateFirmware", **request) == {"status": "Accepted"}
        await csms.expect("SignedFirmwareStatusNotification", status="InvalidSignature", requestId=5)
        await bench.until(lambda: csms.sent("SecurityEventNotification", type="InvalidFirmwareSignature"))
        await csms.call("ExtendedTriggerMessage", requestedMessage="FirmwareStatusNotification")
        await csms.expect("SignedFirmwareStatusNotification", status="InvalidSignature", requestId=5)
        assert len(csms.sent("BootNotification")) == 1

    with_root(scenario)


@pytest.mark.parametrize(
    "signer",
    [ROOT.issue("old", SIGNER_KEY, end=NOW - DAY / 2), Authority("Stranger").issue("signer", SIGNER_KEY)],
)
def test_wrong_signing_certificate_is_refused_at_once(signer):
    async def scenario(bench, server):
        csms = bench.csms
        request = signed(f"{server.url}/image.fwi", signer=signer)
        assert await csms.call("SignedUpdateFirmware", **request) == {"status": "InvalidCertificate"}
        await csms.expect("SecurityEventNotification", type="InvalidFirmwareSigningCertificate")
        assert server.requests == 0

    with_root(scenario)


def test_scheduled_updates_can_be_replaced():
    async def scenario(bench, server):
        csms = bench.csms
        later = "2099-01-01T00:00:00Z"
        await csms.call("SignedUpdateFirmware", **signed(server.url, number=1, retrieveDateTime=later))
        await csms.expect("SignedFirmwareStatusNotification", status="DownloadScheduled", requestId=1)
        request = signed(f"{server.url}/image.fwi", number=2, installDateTime=later)
        assert (await csms.call("SignedUpdateFirmware", **request))["status"] == "AcceptedCanceled"
        await csms.expect("SignedFirmwareStatusNotification", status="InstallScheduled", requestId=2)
        request = signed(f"{server.url}/image.fwi", number=3)
        assert (await csms.call("SignedUpdateFirmware", **request))["status"] == "AcceptedCanceled"
        await csms.expect("SignedFirmwareStatusNotification", status="Installed", requestId=3)

    with_root(scenario)


def test_what_a_station_does_not_support():
    async def scenario(bench):
        csms = bench.csms
        assert await csms.call("SignedUpdateFirmware", **signed("http://h/x")) == ("error", "NotSupported")
        assert await csms.call("UpdateFirmware", location="http://h/x", retrieveDate=PAST) == (
            "error",
            "NotSupported",
        )
        assert (await csms.call("GetLog", **log_request("http://h/x"))) == ("error", "NotSupported")
        assert (await csms.call("GetDiagnostics", location="http://h/x"))["fileName"]

    run(scenario, only_signed_firmware=True, security_extension=False)


def test_without_firmware_management():
    async def scenario(bench):
        csms = bench.csms
        assert await csms.call("UpdateFirmware", location="x", retrieveDate=PAST) == ("error", "NotSupported")
        assert await csms.call("GetDiagnostics", location="x") == ("error", "NotSupported")
        for message in ("FirmwareStatusNotification", "DiagnosticsStatusNotification"):
            assert await csms.call("TriggerMessage", requestedMessage=message) == {"status": "NotImplemented"}

    run(scenario, profiles=("Core", "RemoteTrigger"))


# faults


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("progress-missing:Downloading", ["Downloaded", "Installing", "Installed"]),
        ("progress-missing:Installed", ["Downloading", "Downloaded", "Installing"]),
        ("installs-forever", ["Downloading", "Downloaded", "Installing"]),
    ],
)
def test_faults_of_a_good_update(fault, expected):
    async def scenario(bench, server):
        csms = bench.csms
        await update(bench, f"{server.url}/image.fwi")
        await bench.until(lambda: statuses(csms, "FirmwareStatusNotification") == expected)
        await asyncio.sleep(0.2)
        assert statuses(csms, "FirmwareStatusNotification") == expected

    with_files(scenario, faults=(fault,))


@pytest.mark.parametrize(
    ("fault", "name", "end"),
    [("download-imagined", "missing", "Installed"), ("image-unchecked", "bad.fwi", "Installed")],
)
def test_faults_of_a_bad_update(fault, name, end):
    async def scenario(bench, server):
        await update(bench, f"{server.url}/{name}")
        await bench.csms.expect("FirmwareStatusNotification", status=end)

    with_files(scenario, {"bad.fwi": b"CORRUPT"}, faults=(fault,))


def test_connectors_held():
    async def scenario(bench, server):
        await update(bench, f"{server.url}/missing")
        await bench.csms.expect("FirmwareStatusNotification", status="DownloadFailed")
        await asyncio.sleep(0.1)
        assert bench.csms.statuses() == ["Available", "Unavailable"]

    with_files(scenario, faults=("connectors-held",))


@pytest.mark.parametrize(("fault", "received"), [("upload-imagined", 0), ("upload-empty", 1)])
def test_faults_of_uploads(fault, received):
    async def scenario(bench, server):
        await bench.csms.call("GetLog", **log_request(server.url))
        await bench.csms.expect("LogStatusNotification", status="Uploaded")
        assert [data for _, _, data in server.received] == [b""] * received

    with_files(scenario, faults=(fault,))


@pytest.mark.parametrize("fault", ["signature-unchecked", "signing-certificate-unchecked"])
def test_faults_of_signed_updates(fault):
    async def scenario(bench, server):
        signer = Authority("Stranger").issue("x", SIGNER_KEY) if "certificate" in fault else SIGNER
        image = IMAGE if "certificate" in fault else b"other"
        request = signed(f"{server.url}/image.fwi", signer=signer, image=image)
        assert await bench.csms.call("SignedUpdateFirmware", **request) == {"status": "Accepted"}
        await bench.csms.expect("SignedFirmwareStatusNotification", status="Installed")

    with_root(scenario, faults=(fault,))


def test_a_reboot_before_the_installation():
    """Whitepaper figure 13: nothing fixes the order of rebooting and installing."""

    async def scenario(bench, server):
        csms = bench.csms
        await update(bench, f"{server.url}/image.fwi")
        for status in ("Downloading", "Downloaded"):
            await csms.expect("FirmwareStatusNotification", status=status)
        await csms.expect("BootNotification", firmwareVersion="1.0.0")
        for status in ("Installing", "Installed"):
            await csms.expect("FirmwareStatusNotification", status=status)
        assert csms.statuses()[-1] == "Available"
        assert bench.station.registration.notification()["firmwareVersion"].startswith("1.0.0+")
        assert "FirmwareUpdated" in [e["type"] for e in bench.station.security.log.entries]
        assert len(csms.sent("BootNotification")) == 2

    with_files(scenario, update_style="reboot-first")


def test_a_reboot_before_an_installation_that_fails():
    async def scenario(bench, server):
        csms = bench.csms
        await update(bench, f"{server.url}/bad.fwi")
        await csms.expect("BootNotification")
        await csms.expect("FirmwareStatusNotification", status="InstallationFailed")
        assert csms.statuses()[-1] == "Available"
        assert bench.station.registration.notification()["firmwareVersion"] == "1.0.0"

    with_files(scenario, {"bad.fwi": b"CORRUPT"}, update_style="reboot-first")


@pytest.mark.parametrize("untold", [False, True])
def test_a_signed_update_that_reboots_first_says_so(untold):
    async def scenario(bench, server):
        csms = bench.csms
        request = signed(f"{server.url}/image.fwi")
        assert await csms.call("SignedUpdateFirmware", **request) == {"status": "Accepted"}
        await csms.expect("SignedFirmwareStatusNotification", status="Installed")
        told = statuses(csms, "SignedFirmwareStatusNotification")
        expected = [
            "Downloading",
            "Downloaded",
            "SignatureVerified",
            "InstallRebooting",
            "Installing",
            "Installed",
        ]
        assert told == [status for status in expected if not (untold and status == "Installing")]

    with_root(scenario, update_style="reboot-first", installing_untold=untold)


def test_a_download_waits_for_the_transaction_to_end():
    async def scenario(bench, server):
        csms = bench.csms
        await bench.charging()
        await update(bench, f"{server.url}/image.fwi")
        await csms.call("TriggerMessage", requestedMessage="FirmwareStatusNotification")
        await csms.expect("FirmwareStatusNotification", status="Idle")
        bench.do("press_stop")
        await csms.expect("FirmwareStatusNotification", status="Downloading")
        sent = [frame[3].get("status", frame[2]) for frame in csms.frames if frame[0] == 2]
        assert sent.index("StopTransaction") < sent.index("Downloading")

    with_files(scenario, download_waits=True)


def test_the_last_status_twice():
    async def scenario(bench, server):
        csms = bench.csms
        await csms.call("GetDiagnostics", location=f"{server.url}/logs")
        for _ in range(2):
            await csms.expect("DiagnosticsStatusNotification", status="Uploaded")
        await update(bench, f"{server.url}/none.fwi")
        for _ in range(2):
            await csms.expect("FirmwareStatusNotification", status="DownloadFailed")
        assert statuses(csms, "DiagnosticsStatusNotification") == ["Uploading", "Uploaded", "Uploaded"]

    with_files(scenario, repeat_progress=True)
