"""The words of the firmware cases: which protocols, what counts as transferred, and what is nobody's fault."""

from __future__ import annotations

import gzip
import io
import random
import threading
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from octt.bench import Bench as BenchFile
from octt.bench import Firmware, Times
from octt.files.servers import FileServers, dummy_image
from octt.pics.declaration import Declaration
from octt.script.case_run import CaseRun
from octt.script.files.archives import contents, damage
from octt.script.files.updates import firmware_version, reboots, stays_available
from octt.script.files.words import Files
from octt.script.station import Station
from octt.script.verdicts import Failed, Inconclusive
from tests.timeline.virtual import declared

TIMES = Times(observation=0.2, boot_timeout=20, install_timeout=0.5)
LIMITS = declared(0.4, TIMES, response_timeout=2.0)
PATIENT = declared(20, TIMES)
FIRMWARE = "FirmwareStatusNotification"


class Stage:
    """A bare station, file servers for http and ftp, and the words."""

    def __init__(self, live, folder):
        self.live, self.bare = live, live.station()
        self.case = CaseRun("TC_TEST", live.record, live.csms.timeline)
        self.case.begin_test()
        self.station = Station(
            self.case, live.csms, BenchFile(times=TIMES, firmware=Firmware(dummy=True)), LIMITS, 2
        )
        self.servers = FileServers(folder / "run", "127.0.0.1", {"http": 0, "ftp": 0}, host="127.0.0.1")
        live.csms.run(self.servers.start())

    def files(self, key=None, declaration=None, **firmware):
        """The words for a station that answers with this value of the key; None: it does not have it."""
        self.station.bench = BenchFile(times=TIMES, firmware=Firmware(**{"dummy": True, **firmware}))
        name = "SupportedFileTransferProtocols"
        answer = (
            {"configurationKey": [{"key": name, "readonly": True, "value": key}]}
            if key is not None
            else {"unknownKey": [name]}
        )
        replies = threading.Thread(target=lambda: self.bare.reply(**answer))
        if not firmware.get("protocol"):
            replies.start()
        return Files(self.station, self.servers, declaration or Declaration())

    def says(self, status, action=FIRMWARE):
        """The station reports a status of its update."""
        self.bare.call(action, status=status)

    def remarks(self):
        """The remarks of the case."""
        return [event.text for event in self.live.events("remark")]


@pytest.fixture
def stage(live, tmp_path):
    stage = Stage(live, tmp_path)
    yield stage
    live.csms.run(stage.servers.stop())


def send(location, name, data):
    """Puts a file to a location over http."""
    return _http(location.url + name, data=data, method="PUT")


def fetch(location, first_bytes=None):
    """Gets what is at a location over http, or only its beginning."""
    headers = {} if first_bytes is None else {"Range": f"bytes=0-{first_bytes - 1}"}
    return _http(location.url, headers=headers)


def _http(url, headers=None, **more):
    parts = urllib.parse.urlsplit(url)
    bare = f"http://{parts.hostname}:{parts.port}{parts.path}"
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, bare, parts.username, parts.password)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(passwords)
    )
    with opener.open(urllib.request.Request(bare, headers=headers or {}, **more), timeout=5) as answer:
        return answer.read()


def archive(content=b"a log" * 100):
    """A good zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("log.txt", content)
    return buffer.getvalue()


# -- protocols ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "declared", "protocols"),
    [
        ("FTP,HTTP", ["http"], ["ftp", "http"]),
        ("HTTP", ["ftp"], ["http"]),
        (" http , FTP,http", None, ["http", "ftp"]),
        ("", ["ftp"], ["ftp"]),
        (None, ["ftp", "http"], ["ftp", "http"]),
        (None, None, ["http", "ftp"]),
    ],
)
def test_the_key_then_the_declaration_then_what_is_usual(stage, key, declared, protocols):
    declaration = Declaration(answers={"ORS-16": declared} if declared else {})
    assert stage.files(key, declaration).protocols == protocols
    assert stage.remarks() == []


def test_a_declared_protocol_that_we_do_not_serve_is_a_remark(stage):
    assert stage.files("FTPS,SFTP,HTTP").protocols == ["http"]
    assert stage.remarks() == ["ftps, sftp, which the station declares, is not served here and not exercised"]


def test_without_a_common_protocol_nothing_can_be_judged(stage):
    with pytest.raises(Inconclusive, match="the station declares https, served here are http, ftp") as end:
        stage.files("HTTPS")
    assert end.value.blame == "configuration"


def test_the_bench_chooses_the_protocol(stage):
    assert stage.files(protocol="FTP").protocols == ["ftp"]
    with pytest.raises(Inconclusive, match=r"protocol = 'gopher' of the bench is not served"):
        stage.files(protocol="gopher")


def test_images_take_turns_with_the_protocols(stage):
    files = stage.files("FTP,HTTP")
    images = [files.image(turn=turn) for turn in range(3)]
    assert [image.protocol for image in images] == ["ftp", "http", "ftp"]
    assert images[1].url.startswith("http://")
    assert all(image.generated and image.size == len(dummy_image()) for image in images)


def test_the_vendors_image_is_served(stage, tmp_path):
    own = tmp_path / "station-2.0.fwi"
    own.write_bytes(b"firmware")
    image = stage.files("HTTP", image=str(own)).image(turn=0)
    assert (image.generated, image.size) == (False, 8)
    assert image.url.endswith("/station-2.0.fwi")
    assert fetch(image) == b"firmware"
    missing = tmp_path / "missing.bin"
    missing.touch()
    files = stage.files("HTTP", corrupt_image=str(missing))
    missing.unlink()  # it was there when the bench was read
    with pytest.raises(Inconclusive, match=r"missing\.bin cannot be read"):
        files.corrupt_image(turn=0)


def test_nothing_can_be_fetched_from_nowhere(stage):
    location = stage.files("HTTP").nowhere("download_fail.fwi")
    assert location.url.startswith("http://127.0.0.1:")
    assert location.url.endswith("/download_fail.fwi")
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(location.url, timeout=5)


# -- what was transferred -----------------------------------------------------------------------------------------


def test_a_whole_image_was_fetched(stage):
    image = stage.files("HTTP").image(turn=0)
    fetch(image, first_bytes=100)
    with pytest.raises(Failed, match=r"the image of 262144 bytes is fetched over http; 100 bytes were"):
        stage.files("HTTP").fetched(image, step=5)
    assert not stage.case.position.loss_expected
    stage.files("HTTP").fetched(image, step=5, whole=False)
    fetch(image)
    stage.files("HTTP").fetched(image, step=5)
    assert stage.case.position.loss_expected


def test_an_image_nobody_looked_at(stage):
    files = stage.files("HTTP")
    with pytest.raises(Failed, match="0 bytes were fetched"):
        files.fetched(files.image(turn=0), step=5, whole=False)


def test_an_upload_arrived(stage):
    files = stage.files("HTTP")
    folder, other = files.folder("http"), files.folder("http")
    send(folder, "log.zip", archive())
    files.arrived(folder, name="log.zip", step="result")
    kept = stage.live.events("step")[-1].data["files"]
    assert (stage.servers.base / kept[0]["file"]).read_bytes() == archive()
    assert stage.remarks() == []
    with pytest.raises(Failed, match="over http; nothing arrived"):
        files.arrived(other, name=None, step="result")


def test_an_empty_upload_is_no_upload(stage):
    files = stage.files("HTTP")
    folder = files.folder("http")
    send(folder, "log.zip", b"")
    with pytest.raises(Failed, match="the file is empty"):
        files.arrived(folder, name="log.zip", step="result")


def test_what_is_odd_about_an_upload_is_a_remark(stage):
    files = stage.files("HTTP")
    folder = files.folder("http")
    send(folder, "a.gz", gzip.compress(random.Random(1).randbytes(5000))[:-200])
    send(folder, "b.txt", b"text")
    files.arrived(folder, name="b.txt", step="result")
    remarks = stage.remarks()
    assert remarks[0] == "2 files were uploaded, one was due"
    assert remarks[1].startswith("a.gz is damaged: ")
    assert remarks[2:] == ["b.txt was announced, a.gz came"]


# -- fairness -----------------------------------------------------------------------------------------------------


def fails(stage, files, location):
    """What becomes of a failed step."""
    with pytest.raises((Failed, Inconclusive)) as end, files.fair(location):
        stage.station.sends(FIRMWARE, status="Installed", step=13)
    return end.value


def test_an_unreachable_server_is_not_held_against_the_station(stage):
    files = stage.files("HTTP")
    image = files.image(turn=0)
    stage.says("DownloadFailed")
    end = fails(stage, files, image)
    assert (end.verdict, end.blame) == ("INCONCLUSIVE", "network")
    assert f"nothing reached the http server 127.0.0.1:{stage.servers.ports['http']}," in end.reason
    assert "step 13" in end.reason


@pytest.mark.parametrize("status", ["Downloaded", "Installing", None])
def test_who_claims_success_or_says_nothing_fails(stage, status):
    files = stage.files("HTTP")
    image = files.image(turn=0)
    if status:
        stage.says(status)
    assert fails(stage, files, image).verdict == "FAIL"


def test_who_reached_the_server_fails(stage):
    files = stage.files("HTTP")
    image = files.image(turn=0)
    with pytest.raises(urllib.error.HTTPError):
        _http(image.url + "x")
    stage.says("DownloadFailed")
    assert fails(stage, files, image).verdict == "FAIL"


def test_a_certificate_that_is_not_trusted_is_a_matter_of_configuration(stage, monkeypatch):
    files = stage.files("HTTP")
    image = replace(files.image(turn=0), protocol="https")
    contact = {"protocol": "https", "path": "", "user": "", "complete": False, "direction": ""}
    monkeypatch.setattr(stage.servers, "contacts", lambda: [contact])
    stage.says("DownloadFailed")
    end = fails(stage, files, image)
    assert (end.verdict, end.blame) == ("INCONCLUSIVE", "configuration")
    assert "trust the laboratory's root" in end.reason


def test_only_a_real_image_has_to_be_installed(stage, tmp_path):
    own = tmp_path / "own.bin"
    own.write_bytes(b"firmware")
    for firmware, verdict in (({}, "INCONCLUSIVE"), ({"image": str(own)}, "FAIL")):
        files = stage.files("HTTP", **firmware)
        image = files.image(turn=0)
        fetch(image)
        stage.says("InstallationFailed")
        end = fails(stage, files, image)
        assert end.verdict == verdict
        assert ("generated dummy" in end.reason) is (not firmware)


@pytest.mark.parametrize(
    ("status", "verdict"), [("InstallationFailed", "FAIL"), ("DownloadFailed", "INCONCLUSIVE")]
)
def test_that_an_image_made_to_fail_cannot_be_installed_is_no_excuse(stage, status, verdict):
    files = stage.files("HTTP")
    image = files.corrupt_image(turn=0)
    fetch(image)
    stage.says(status)
    assert fails(stage, files, image).verdict == verdict


# -- statuses -----------------------------------------------------------------------------------------------------


def boot(stage, version):
    stage.bare.call("BootNotification", chargePointVendor="V", chargePointModel="M", firmwareVersion=version)


def test_the_last_boot_tells_the_version(stage):
    assert firmware_version(stage.station) == ""
    boot(stage, "1.0")
    boot(stage, "1.1")
    assert firmware_version(stage.station) == "1.1"


def test_a_reboot_counts_since_a_frame(stage):
    stage.says("Downloaded")
    downloaded = stage.station.sends(FIRMWARE, status="Downloaded")
    boot(stage, "2.0")
    stage.says("Installed")
    stage.station.sends(FIRMWARE, status="Installed")
    seen = reboots(stage.station, downloaded, step=9)
    assert seen.payload["firmwareVersion"] == "2.0"
    assert reboots(stage.station, downloaded, step=9) is None


def test_a_reboot_that_has_begun_is_waited_for(stage):
    stage.says("Installed")
    installed = stage.station.sends(FIRMWARE, status="Installed")
    stage.station.expect_disconnect()
    stage.bare.close()
    stage.live.eventually(lambda: not stage.live.csms.connected)

    def back():
        stage.bare = stage.live.station()
        boot(stage, "2.0")

    stage.station.limits = PATIENT
    timer = threading.Timer(0.8, back)
    timer.start()
    assert reboots(stage.station, installed, step=9).payload["firmwareVersion"] == "2.0"
    timer.join()


def test_unavailable_is_legal_until_the_end(stage):
    before = stage.station.newest()
    stage.station.limits = PATIENT
    stage.bare.status(1, "Unavailable")
    threading.Timer(0.2, stage.bare.status, (1, "Available")).start()
    stays_available(stage.station, before, step="result")
    statuses = [e for e in stage.live.csms.timeline.since(0) if e.is_call("StatusNotification")]
    assert len(statuses) == 2
    assert all(stage.case.position.was_taken(entry) for entry in statuses)
    stage.station.limits = LIMITS
    stage.bare.status(2, "Unavailable")
    with pytest.raises(Failed, match=r"every connector is Available; .* connector 2 is Unavailable"):
        stays_available(stage.station, before, step="result")


def test_becoming_unavailable_later_is_noticed(stage):
    before = stage.station.newest()
    stage.station.bench = BenchFile(times=Times(observation=1.5))
    stage.bare.status(1, "Available")
    threading.Timer(0.1, stage.bare.status, (1, "Unavailable")).start()
    with pytest.raises(Failed, match="connector 1 is Unavailable"):
        stays_available(stage.station, before, step="result")


def test_the_next_case_does_not_begin_in_the_middle_of_an_update(stage):
    files = stage.files("HTTP")
    files.image(turn=0)
    stage.says("Downloading")
    ending = stage.case.endings[-1]
    with pytest.raises(Inconclusive, match=r"has not ended within 0\.8 s"):
        ending.how()
    stage.station.limits = PATIENT
    threading.Timer(0.1, stage.says, ("DownloadFailed",)).start()
    ending.how()


# -- damaged files ------------------------------------------------------------------------------------------------


@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=200).map(lambda rest: b"PK\x03\x04" + rest),
        st.binary(max_size=200).map(lambda rest: b"\x1f\x8b" + rest),
        st.integers(0, len(archive()) - 1).map(lambda end: archive()[:end]),
    )
)
@example(b"")
def test_nothing_a_station_sends_breaks_the_look_into_it(tmp_path_factory, data):
    file = Path(tmp_path_factory.mktemp("upload")) / "file"
    file.write_bytes(data)
    assert isinstance(damage(file), str)
    assert next(contents(file)) == data


@pytest.mark.parametrize(
    ("data", "damaged"),
    [
        (archive(), False),
        (archive()[:-10], True),
        (archive().replace(b"a log", b"a lie", 1), True),
        (gzip.compress(b"a log", mtime=0), False),
        (gzip.compress(b"a log" * 1000, mtime=0)[:-4], True),
        (b"plain text", False),
    ],
)
def test_damaged_archives(tmp_path, data, damaged):
    file = tmp_path / "file"
    file.write_bytes(data)
    assert bool(damage(file)) is damaged


@pytest.mark.parametrize(
    "data",
    [
        b"it is: secret",
        archive(b"it is: secret" * 100),
        gzip.compress(b"it is: secret" * 100, mtime=0),
        archive(gzip.compress(b"it is: secret" * 100, mtime=0)),
        gzip.compress(archive(archive(b"it is: secret" * 100)), mtime=0),
    ],
)
def test_what_is_packed_is_looked_into(tmp_path, data):
    file = tmp_path / "file"
    file.write_bytes(data)
    assert any(b"secret" in part for part in contents(file))


@pytest.mark.parametrize(
    ("data", "hidden"),
    [
        (b"the key is 6F63747431", False),
        (gzip.compress(b"the key is octt1", mtime=0), False),
        (b"the key is (secret)", True),
    ],
)
def test_the_password_is_in_no_upload(stage, data, hidden):
    files = stage.files("HTTP")
    folder = files.folder("http")
    send(folder, "log", data)
    if hidden:
        files.hides(folder, "octt1", step="result")
    else:
        with pytest.raises(Failed, match="no AuthorizationKey in the log; it is there"):
            files.hides(folder, "octt1", step="result")
