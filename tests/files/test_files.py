"""Real transfers over http, https, ftp and ftps, and what a hostile or clumsy station may try."""

import asyncio
import base64
import contextlib
import ftplib
import hashlib
import io
import shutil
import socket
import ssl
import subprocess
import threading
import urllib.parse

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt.files.servers import PROTOCOLS, Bounds, FilesError, FileServers, corrupt_image, dummy_image
from octt.files.transfers import Tree, safe_name, unused
from octt.pki.certificates import to_pem
from octt.pki.pki import Pki

IMAGE = dummy_image(100_000)
FTP = ("ftp", "ftps")
WEB = ("http", "https")


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki.open(tmp_path_factory.mktemp("pki") / "pki", ["127.0.0.1", "localhost"])


class Running:
    """File servers on a loop in a thread, as beside the Central System."""

    def __init__(self, folder, pki, **settings):
        self.reported = []
        self.arrived = threading.Condition()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.files = FileServers(
            folder, "127.0.0.1", host="127.0.0.1", pki=pki, on_transfer=self.report, **settings
        )
        self.call(self.files.start())
        self.trust = ssl.create_default_context(cadata=to_pem(pki.trust_anchor)) if pki else None

    def call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    async def finish(self):
        """Lets cancelled tasks end, as asyncio.run does."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def report(self, fields):
        with self.arrived:
            self.reported.append(fields)
            self.arrived.notify_all()

    def wait(self, count=1):
        """The reports, when there are `count` of them; both sides see the end of a transfer in their own time."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.reported) >= count, 20), self.reported
            return list(self.reported)

    def only(self):
        (fields,) = self.wait()
        return fields

    def stop(self):
        self.call(self.files.stop())
        self.call(self.finish())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    # -- clients --------------------------------------------------------------------------------------------------

    def http(self, method, url, data=None, headers=None):
        """Status, body and headers; user and password of the URL as basic authentication, as curl does."""

        async def work():
            async with aiohttp.ClientSession() as session:
                async with session.request(
                    method, url, data=data, headers=headers, ssl=self.trust or True
                ) as answer:
                    return answer.status, await answer.read(), answer.headers

        return asyncio.run(work())

    @contextlib.contextmanager
    def ftp(self, url, implicit=False):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "ftp":
            client = ftplib.FTP(timeout=20)
        else:
            client = (ImplicitFtps if implicit else ftplib.FTP_TLS)(context=self.trust, timeout=20)
        client.connect(parts.hostname, parts.port)
        client.login(parts.username or "anonymous", parts.password or "x@y")
        if parts.scheme == "ftps":
            client.prot_p()
        try:
            yield client, parts.path.lstrip("/")
        finally:
            with contextlib.suppress(OSError, EOFError, ftplib.Error):
                client.quit()
            client.close()


class ImplicitFtps(ftplib.FTP_TLS):
    """TLS from the first byte, as curl does for ftps://."""

    def connect(self, host, port):
        self.host, self.port = host, port
        self.sock = self.context.wrap_socket(socket.create_connection((host, port), 20), server_hostname=host)
        self.af = self.sock.family
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()

    def auth(self):
        return ""


@pytest.fixture
def running(tmp_path, pki):
    started = []

    def start(ports=("http", "ftp"), **settings):
        with_pki = pki if {"https", "ftps"} & set(ports) else None
        started.append(Running(tmp_path, with_pki, ports=dict.fromkeys(ports, 0), **settings))
        return started[-1]

    yield start
    for each in started:
        each.stop()


# -- firmware ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_station_fetches_firmware(running, protocol):
    bench = running([protocol])
    url = bench.files.offer("image.bin", IMAGE)[protocol]
    if protocol in WEB:
        status, got, _ = bench.http("GET", url)
        assert status == 200
    else:
        chunks = []
        with bench.ftp(url) as (client, path):
            client.retrbinary(f"RETR {path}", chunks.append)
        got = b"".join(chunks)
    assert got == IMAGE
    fields = bench.only()
    assert fields["protocol"] == protocol
    assert fields["direction"] == "download"
    assert fields["bytes"] == len(IMAGE)
    assert fields["sha256"] == hashlib.sha256(IMAGE).hexdigest()
    assert fields["complete"] is True
    assert fields["error"] == ""
    assert fields["user"] == urllib.parse.urlsplit(url).username
    assert fields["remote"].startswith("127.0.0.1:")
    assert fields["path"] == urllib.parse.urlsplit(url).path
    assert fields["seconds"] >= 0
    if protocol in ("https", "ftps"):
        assert fields["tls"]["version"] == "TLSv1.3"
    else:
        assert fields["tls"] is None
    assert bench.files.transfers(url) == [fields]


def test_the_vendors_own_image_is_served(running, tmp_path):
    own = tmp_path / "vendor image v1.2.fwi"
    own.write_bytes(b"vendor" * 1000)
    bench = running()
    url = bench.files.offer(own.name, own)["http"]
    assert url.endswith("/vendor_image_v1.2.fwi")
    assert bench.http("GET", url)[1] == b"vendor" * 1000
    with pytest.raises(FilesError, match=r"missing\.bin cannot be read"):
        bench.files.offer("x", tmp_path / "missing.bin")


@pytest.mark.parametrize(
    ("wanted", "expected", "content_range"),
    [
        ("bytes=0-9", IMAGE[:10], "bytes 0-9/100000"),
        ("bytes=99990-", IMAGE[-10:], "bytes 99990-99999/100000"),
        ("bytes=-5", IMAGE[-5:], "bytes 99995-99999/100000"),
    ],
)
def test_a_download_that_goes_on_where_it_ended(running, wanted, expected, content_range):
    bench = running(["http"])
    url = bench.files.offer("image.bin", IMAGE)["http"]
    status, got, headers = bench.http("GET", url, headers={"Range": wanted})
    assert (status, got, headers["Content-Range"]) == (206, expected, content_range)
    fields = bench.only()
    assert fields["bytes"] == len(expected)
    assert fields["sha256"] == "", "of a part there is no hash to compare"


def test_a_range_beyond_the_end(running):
    bench = running(["http"])
    url = bench.files.offer("image.bin", IMAGE)["http"]
    assert bench.http("GET", url, headers={"Range": "bytes=100000-"})[0] == 416
    assert bench.http("GET", url, headers={"Range": "lines=1-2"})[1] == IMAGE
    assert bench.http("HEAD", url)[2]["Content-Length"] == "100000"


def test_ftp_goes_on_where_it_ended(running):
    bench = running(["ftp"])
    chunks = []
    with bench.ftp(bench.files.offer("image.bin", IMAGE)["ftp"]) as (client, path):
        client.retrbinary(f"RETR {path}", chunks.append, rest=99_000)
    assert b"".join(chunks) == IMAGE[99_000:]
    assert bench.only()["sha256"] == ""


@pytest.mark.parametrize("protocol", ["http", "ftp"])
def test_a_download_broken_off_is_not_complete(running, protocol):
    bench = running([protocol])
    big = dummy_image(30 << 20)
    url = urllib.parse.urlsplit(bench.files.offer("image.bin", big)[protocol])
    if protocol == "http":
        login = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
        with socket.create_connection((url.hostname, url.port), 20) as raw:
            raw.sendall(
                f"GET {url.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {login}\r\n\r\n".encode()
            )
            raw.recv(1000)
    else:
        with bench.ftp(url.geturl()) as (client, path):
            data = client.transfercmd(f"RETR {path}")
            data.recv(1000)
            data.close()
    fields = bench.only()
    assert fields["complete"] is False
    assert fields["error"]
    assert fields["bytes"] < len(big)
    assert fields["sha256"] == ""


# -- uploads -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_station_uploads_diagnostics(running, tmp_path, protocol):
    bench = running([protocol])
    url = bench.files.upload_folder_url(protocol)
    data = b"log line\r\n" * 5000
    assert url.endswith("/")
    if protocol in WEB:
        assert bench.http("PUT", url + "diag.zip", data)[0] == 201
    else:
        with bench.ftp(url) as (client, path):
            client.cwd(path)
            client.storbinary("STOR diag.zip", io.BytesIO(data))
    fields = bench.only()
    assert fields["direction"] == "upload"
    assert fields["complete"] is True
    assert fields["bytes"] == len(data)
    assert fields["sha256"] == hashlib.sha256(data).hexdigest()
    assert fields["file"].startswith("files/uploads/")
    assert fields["file"].endswith("/diag.zip")
    assert (tmp_path / fields["file"]).read_bytes() == data
    assert bench.files.uploads(url) == [fields]
    assert bench.files.uploads(bench.files.upload_folder_url(protocol)) == []


def test_uploads_by_post(running, tmp_path):
    bench = running(["http"])
    url = bench.files.upload_folder_url("http")
    assert bench.http("POST", url, b"raw body")[0] == 201
    form = aiohttp.FormData()
    form.add_field("note", "not a file")
    form.add_field("file", b"first", filename="first.log")
    form.add_field("file", b"second", filename="../second.log")
    assert bench.http("POST", url, form)[0] == 201
    named = {"Content-Disposition": 'attachment; filename="named.bin"'}
    assert bench.http("POST", url, b"named", headers=named)[0] == 201
    kept = {
        fields["file"].rsplit("/")[-1]: (tmp_path / fields["file"]).read_bytes() for fields in bench.wait(4)
    }
    assert kept == {
        "upload": b"raw body",
        "first.log": b"first",
        "_2Fsecond.log": b"second",
        "named.bin": b"named",
    }


def test_a_form_without_a_file_is_no_upload(running):
    bench = running(["http"])
    with aiohttp.MultipartWriter("form-data") as form:
        form.append("text").set_content_disposition("form-data", name="note")
        assert bench.http("POST", bench.files.upload_folder_url("http"), form)[0] == 400
    assert "no file in it" in bench.only()["error"]


def test_a_compressed_body_is_kept_as_it_came(running, tmp_path):
    bench = running(["http"])
    data = b"\x1f\x8b not even gzip"
    url = bench.files.upload_folder_url("http") + "log.gz"
    assert bench.http("PUT", url, data, headers={"Content-Encoding": "gzip"})[0] == 201
    assert (tmp_path / bench.only()["file"]).read_bytes() == data


@pytest.mark.parametrize("protocol", ["http", "ftp"])
def test_the_same_name_twice_keeps_both(running, tmp_path, protocol):
    bench = running([protocol])
    url = bench.files.upload_url("diag.zip", protocol)
    for data in (b"one", b"two"):
        if protocol == "http":
            bench.http("PUT", url, data)
        else:
            with bench.ftp(url) as (client, path):
                client.storbinary(f"STOR {path}", io.BytesIO(data))
    kept = [(tmp_path / fields["file"]).read_bytes() for fields in bench.wait(2)]
    assert kept == [b"one", b"two"]


def test_an_empty_upload_is_seen(running):
    bench = running(["http", "ftp"])
    bench.http("PUT", bench.files.upload_url("a", "http"), b"")
    with bench.ftp(bench.files.upload_url("b", "ftp")) as (client, path):
        client.storbinary(f"STOR {path}", io.BytesIO(b""))
    for fields in bench.wait(2):
        assert (fields["bytes"], fields["complete"]) == (0, True)
        assert fields["sha256"] == hashlib.sha256(b"").hexdigest()


def test_ftp_habits_of_stations(running, tmp_path):
    """A folder of its own, a temporary name, the location taken for the file: all legal."""
    bench = running(["ftp"])
    url = bench.files.upload_folder_url("ftp")
    with bench.ftp(url) as (client, path):
        client.storbinary(f"STOR {path.rstrip('/')}", io.BytesIO(b"to the folder itself"))
        client.cwd(path)
        client.mkd("2024-05")
        client.cwd("2024-05")
        client.storbinary("STOR log.part", io.BytesIO(b"renamed"))
        client.rename("log.part", "log.zip")
        assert client.size("log.zip") == 7
        client.storlines("STOR text.log", io.BytesIO(b"line\n"))
    files = {fields["file"].split("/")[-1] for fields in bench.wait(3)}
    assert files == {"upload", "log.part", "text.log"}
    assert (tmp_path / bench.reported[1]["file"]).read_bytes() == b"renamed"


def test_ftps_from_the_first_byte(running):
    bench = running(["ftps"])
    chunks = []
    with bench.ftp(bench.files.offer("image.bin", IMAGE)["ftps"], implicit=True) as (client, path):
        client.retrbinary(f"RETR {path}", chunks.append)
    assert b"".join(chunks) == IMAGE
    assert bench.only()["tls"]["start"] == "implicit"


def test_ftps_says_whether_the_data_was_protected(running):
    bench = running(["ftps"])
    for protect in (True, False):
        with bench.ftp(bench.files.upload_url("x", "ftps")) as (client, path):
            if not protect:
                client.prot_c()
            client.storbinary(f"STOR {path}", io.BytesIO(b"data"))
    assert [fields["tls"]["data_protected"] for fields in bench.wait(2)] == [True, False]
    assert bench.reported[0]["tls"]["start"] == "AUTH TLS"


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_curl_understands_every_location(running, pki, tmp_path, protocol):
    bench = running([protocol])
    root = tmp_path / "root.pem"
    root.write_text(to_pem(pki.trust_anchor))
    source = tmp_path / "source.bin"
    source.write_bytes(IMAGE)
    command = ["curl", "-sS", "--max-time", "30", "--cacert", str(root), "--noproxy", "*"]
    down = [*command, "-o", str(tmp_path / "got.bin"), bench.files.offer("image.bin", IMAGE)[protocol]]
    up = [*command, "-T", str(source), bench.files.upload_folder_url(protocol)]
    for arguments in (down, up):
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "got.bin").read_bytes() == IMAGE
    hashes = {fields["sha256"] for fields in bench.wait(2)}
    assert hashes == {hashlib.sha256(IMAGE).hexdigest()}


# -- who may not ---------------------------------------------------------------------------------------------


def without_login(url):
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=f"{parts.hostname}:{parts.port}").geturl()


def test_http_asks_for_the_login_of_the_url(running):
    bench = running(["http"])
    url = bench.files.offer("image.bin", IMAGE)["http"]
    status, _, headers = bench.http("GET", without_login(url))
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Basic ")
    assert bench.http("GET", url.replace("http://", "http://x").replace("@", "y@"))[0] == 401
    other = bench.files.upload_folder_url("http")
    login = urllib.parse.urlsplit(other).netloc
    assert bench.http("GET", url.replace(urllib.parse.urlsplit(url).netloc, login))[0] == 401
    errors = [fields["error"] for fields in bench.wait(3)]
    assert "was asked for the user" in errors[0]
    assert errors[1:] == ["wrong user or password"] * 2
    assert bench.files.transfers() == []


def test_ftp_refuses_a_wrong_login(running):
    bench = running(["ftp"])
    parts = urllib.parse.urlsplit(bench.files.offer("image.bin", IMAGE)["ftp"])
    client = ftplib.FTP(timeout=20)
    client.connect(parts.hostname, parts.port)
    with pytest.raises(ftplib.error_perm, match="530"):
        client.login(parts.username, "wrong")
    client.close()
    fields = bench.only()
    assert (fields["user"], fields["error"]) == (parts.username, "wrong user or password")


def test_one_location_opens_no_other(running):
    bench = running(["ftp"])
    mine = bench.files.upload_folder_url("ftp")
    firmware = urllib.parse.urlsplit(bench.files.offer("image.bin", IMAGE)["ftp"]).path
    theirs = urllib.parse.urlsplit(bench.files.upload_folder_url("ftp")).path
    with bench.ftp(mine) as (client, path):
        client.storbinary(f"STOR {path}own.txt", io.BytesIO(b"x"))
        for command in (
            f"RETR {firmware}",
            f"RETR {path}own.txt",  # Uploads can only be written.
            f"STOR {theirs}x",
            f"STOR {firmware}",
            "STOR /x",
            "STOR /uploads/x",
            "STOR ../../../x",
            f"DELE {path}own.txt",
            "STOU",
        ):
            with pytest.raises(ftplib.error_perm, match="55"):
                client.transfercmd(command).close()
        for command in ("CWD /uploads", "PWD"):
            client.sendcmd(command)
        with pytest.raises(ftplib.error_perm):
            client.nlst("/uploads")


def test_without_login_the_path_is_the_secret(running):
    bench = running(["http", "ftp"], login=False)
    urls = bench.files.offer("image.bin", IMAGE)
    assert "@" not in urls["http"] + urls["ftp"]
    assert bench.http("GET", urls["http"])[1] == IMAGE
    chunks = []
    with bench.ftp(urls["ftp"]) as (client, path):
        client.retrbinary(f"RETR {path}", chunks.append)
        with pytest.raises(ftplib.error_perm):
            client.nlst("/firmware")
    assert b"".join(chunks) == IMAGE
    assert bench.http("PUT", bench.files.upload_folder_url("http") + "x", b"data")[0] == 201


def test_plain_ftp_is_refused_on_the_ftps_port(running):
    bench = running(["ftps"])
    parts = urllib.parse.urlsplit(bench.files.offer("image.bin", IMAGE)["ftps"])
    client = ftplib.FTP(timeout=20)
    client.connect(parts.hostname, parts.port)
    with pytest.raises(ftplib.error_perm, match="TLS required"):
        client.login(parts.username, parts.password)
    client.close()
    contact = bench.only()  # the station has reached us: that is not a failure of the network
    assert contact["protocol"] == "ftps"
    assert contact["user"] == parts.username
    assert contact["error"] == "FTP without TLS, where the location says ftps"
    assert not contact["complete"]


@pytest.mark.parametrize("protocol", ["https", "ftps"])
def test_a_station_that_does_not_trust_us_is_seen(running, protocol):
    bench = running([protocol])
    url = bench.files.offer("image.bin", IMAGE)[protocol]
    bench.trust = ssl.create_default_context()
    if protocol == "https":
        with pytest.raises(aiohttp.ClientError):
            bench.http("GET", url)
    else:
        with pytest.raises(ssl.SSLError), bench.ftp(url):
            pass
    fields = bench.only()
    assert fields["complete"] is False
    assert "handshake" in fields["error"]


# -- paths ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/uploads/{t}/../../../../etc/cron",
        "/uploads/{t}/%2e%2e/%2e%2e/x",
        "/uploads/{t}/..%2f..%2fx",
        "/uploads/{t}/%5c..%5cx",
        "/uploads/{t}/x%00.log",
        "/uploads/{t}/%0d%0aSet-Cookie:x",
        "//etc/passwd",
        "/uploads",
        "/uploads/" + "a" * 900,
        "/firmware/{t}/x",
        "/files/uploads/{t}/x",
    ],
)
def test_no_path_outside_the_upload(running, tmp_path, path):
    bench = running(["http"])
    url = urllib.parse.urlsplit(bench.files.upload_folder_url("http"))
    before = sorted(tmp_path.rglob("*"))
    login = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
    target = path.replace("{t}", url.path.split("/")[2])
    with socket.create_connection((url.hostname, url.port), 20) as raw:
        raw.sendall(
            f"PUT {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {login}\r\n"
            "Connection: close\r\nContent-Length: 4\r\n\r\nevil".encode()
        )
        answer = b""
        while data := raw.recv(4096):
            answer += data
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))
    assert sorted(tmp_path.rglob("*")) == before
    assert b"Set-Cookie" not in answer


def test_links_are_not_followed(running, tmp_path):
    bench = running(["http", "ftp"])
    secret = tmp_path / "secret"
    secret.write_text("secret")
    urls = bench.files.offer("image.bin", IMAGE)
    folder = tmp_path / "files" / urllib.parse.urlsplit(urls["http"]).path.strip("/").rpartition("/")[0]
    (folder / "link").symlink_to(secret)
    assert bench.http("GET", urls["http"].replace("image.bin", "link"))[0] == 404
    with bench.ftp(urls["ftp"]) as (client, path):
        with pytest.raises(ftplib.error_perm, match="outside"):
            client.retrbinary(f"RETR {path.replace('image.bin', 'link')}", lambda _data: None)


def test_ftp_lines_with_nul_or_rubbish(running):
    bench = running(["ftp"])
    url = bench.files.upload_folder_url("ftp")
    with bench.ftp(url) as (client, path):
        assert client.sendcmd("NOOP")[:3] == "200"
        client.sock.sendall(b"STOR " + path.encode() + b"a\0b\r\n")
        with pytest.raises(ftplib.error_perm, match="501"):
            client.getresp()
        client.sock.sendall(b"\xff\xfe" * 3000 + b"\r\n")
        with pytest.raises(ftplib.error_perm, match="500"):
            client.getresp()
    with bench.ftp(url) as (client, _):
        assert client.pwd() == "/"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    tree = Tree(tmp_path_factory.mktemp("tree"), Bounds(), True)
    (grant := tree.grant("upload")).folder.joinpath("there").write_text("x")
    return tree, grant


_PIECES = st.sampled_from(
    ["..", ".", "", "/", "\\", "\0", "%2e%2e", "~", "C:", "a", "there", "\n", "…", "．．"]
)


@given(st.lists(_PIECES | st.text(max_size=5), max_size=12).map("/".join))
def test_an_upload_stays_in_its_folder_whatever_the_path(tree, rest):
    tree, grant = tree
    found = tree.to_write(f"/uploads/{grant.token}/{rest}")
    assert tree.to_read(f"/uploads/{grant.token}/{rest}") is None
    if found is not None:
        target = unused(found[0].folder, found[1] or "upload")
        assert target.parent == grant.folder
        assert target.resolve().parent == grant.folder.resolve()
        assert not target.exists()


@given(st.text(max_size=300))
def test_safe_names_are_names(text):
    name = safe_name(text)
    assert name
    assert not name.startswith(".")
    assert "/" not in name
    assert name.isascii()
    assert len(name) <= 100
    assert safe_name(name) == name


# -- bounds --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_upload_that_is_too_large_ends(running, tmp_path, protocol):
    bench = running([protocol], bounds=Bounds(upload_bytes=50_000))
    url = bench.files.upload_url("big.log", protocol)
    if protocol in WEB:
        with contextlib.suppress(aiohttp.ClientError):
            assert bench.http("PUT", url, b"x" * 3_000_000)[0] == 413
    else:
        with bench.ftp(url) as (client, path), contextlib.suppress(OSError, EOFError, ftplib.Error):
            client.storbinary(f"STOR {path}", io.BytesIO(b"x" * 3_000_000))
    fields = bench.only()
    assert fields["complete"] is False
    assert "may have 50000 bytes" in fields["error"]
    assert (tmp_path / fields["file"]).stat().st_size <= 50_000
    with contextlib.suppress(aiohttp.ClientError):
        if protocol in WEB:
            assert bench.http("PUT", bench.files.upload_url("small", protocol), b"x")[0] == 201


@pytest.mark.parametrize(
    ("again", "whole"),
    [(lambda ftp, path: ftp.storbinary(f"APPE {path}", io.BytesIO(b" and more")), b"evidence and more"),
     (lambda ftp, path: ftp.storbinary(f"STOR {path}", io.BytesIO(b"!"), rest=1), b"e!idence"),
     (lambda ftp, path: ftp.storbinary(f"STOR {path}", io.BytesIO(b"else")), b"else")],
    ids=["APPE", "REST", "STOR"],
)  # fmt: skip
def test_ftp_never_rewrites_what_was_received(running, tmp_path, again, whole):
    """A station may go on with an upload; the file whose hash is on the record stays what it was."""
    bench = running(["ftp"])
    with bench.ftp(bench.files.upload_url("log", "ftp")) as (client, path):
        client.storbinary(f"STOR {path}", io.BytesIO(b"evidence"))
        again(client, path)
    first, second = bench.wait(2)
    assert (tmp_path / first["file"]).read_bytes() == b"evidence"
    assert (tmp_path / second["file"]).read_bytes() == whole
    for fields, content in ((first, b"evidence"), (second, whole)):
        assert fields["sha256"] == hashlib.sha256(content).hexdigest()
        assert fields["complete"] is True


def test_copies_for_appending_count_as_sent(running):
    bench = running(["ftp"], bounds=Bounds(total_bytes=1000))
    with bench.ftp(bench.files.upload_url("log", "ftp")) as (client, path):
        client.storbinary(f"STOR {path}", io.BytesIO(b"x" * 600))
        with pytest.raises(ftplib.error_perm, match="1000 bytes together"):
            client.storbinary(f"APPE {path}", io.BytesIO(b"x"))


def test_folders_and_second_names_are_counted(running, tmp_path):
    bench = running(["ftp"], bounds=Bounds(files=20))
    with bench.ftp(bench.files.upload_folder_url("ftp")) as (client, path):
        client.cwd(path)
        client.storbinary("STOR log", io.BytesIO(b"x"))
        for number in range(9):
            client.mkd(f"folder{number}")
            client.rename("log", f"log{number}")
        with pytest.raises(ftplib.error_perm):
            client.mkd("folder1")  # it is there already, and costs nothing
        client.mkd("the-last")
        for one_more in (lambda: client.mkd("more"), lambda: client.rename("log", "more")):
            with pytest.raises(ftplib.error_perm, match="no more than 20 files and folders"):
                one_more()
    assert len(list((tmp_path / "files" / "uploads").glob("*/*"))) == 20


def test_all_uploads_together_are_bounded(running):
    bench = running(["http"], bounds=Bounds(total_bytes=1000, files=3))
    answers = [
        bench.http("PUT", bench.files.upload_url(f"{number}", "http"), b"x" * size)[0]
        for number, size in enumerate([600, 600, 10, 10])
    ]
    assert answers == [201, 413, 413, 413]
    errors = [fields["error"] for fields in bench.wait(4)]
    assert "1000 bytes together" in errors[1]
    assert "no more than 3 files and folders" in errors[3]


@pytest.mark.parametrize("protocol", ["http", "ftp"])
def test_a_transfer_that_takes_too_long_ends(running, protocol):
    bench = running([protocol], bounds=Bounds(seconds=0.5))
    url = urllib.parse.urlsplit(bench.files.upload_url("slow.log", protocol))
    if protocol == "http":
        login = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
        raw = socket.create_connection((url.hostname, url.port), 20)
        raw.sendall(
            f"PUT {url.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {login}\r\n"
            "Content-Length: 1000\r\n\r\nbegin".encode()
        )
        fields = bench.only()
        raw.close()
    else:
        with bench.ftp(url.geturl()) as (client, path):
            data = client.transfercmd(f"STOR {path}")
            with contextlib.suppress(OSError):
                while not bench.reported:
                    data.sendall(b"x")
                    threading.Event().wait(0.05)
            data.close()
            fields = bench.only()
    assert fields["complete"] is False
    assert "0.5 s" in fields["error"]


@pytest.mark.parametrize("begin", [b"", b"GET /firmware/", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_connection_without_a_request_ends(running, begin):
    bench = running(["http"], bounds=Bounds(idle_seconds=0.2))
    with socket.create_connection(("127.0.0.1", bench.files.ports["http"]), 20) as idle:
        idle.sendall(begin)
        assert idle.recv(1) == b""


def test_a_slow_upload_is_not_idle(running):
    bench = running(["http"], bounds=Bounds(idle_seconds=0.2))
    url = bench.files.upload_url("slow.log", "http")

    async def slowly():
        for _ in range(5):
            yield b"x"
            await asyncio.sleep(0.1)

    assert bench.http("PUT", url, slowly())[0] == 201
    assert bench.only()["bytes"] == 5


def test_endless_knocking_does_not_fill_the_record(running):
    from octt.files import transfers

    bench = running(["http"])

    async def knock():
        async with aiohttp.ClientSession() as session:
            for _ in range(transfers.REPORTED_REFUSALS + 20):
                async with session.get(f"http://127.0.0.1:{bench.files.ports['http']}/x") as answer:
                    assert answer.status == 401

    asyncio.run(knock())
    assert len(bench.reported) == transfers.REPORTED_REFUSALS


# -- the servers themselves ----------------------------------------------------------------------------------


def test_locations_where_nothing_works(running):
    bench = running(["http", "ftp"])
    refused = urllib.parse.urlsplit(bench.files.failing_url("refused"))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((refused.hostname, refused.port), 20)
    assert bench.http("GET", bench.files.failing_url("missing", "http"))[0] in (401, 404)
    assert bench.files.failing_url("loopback") == "ftp://127.0.0.1:21/download_fail.fwi"
    with bench.ftp(bench.files.upload_folder_url("ftp")) as (client, _):
        with pytest.raises(ftplib.error_perm):
            client.cwd("/nothing/here")
    with pytest.raises(FilesError, match="https is not served here; served are http, ftp"):
        bench.files.upload_folder_url("https")


def test_firmware_goes_and_uploads_stay(tmp_path):
    bench = Running(tmp_path, None, ports={"http": 0})
    bench.files.offer("image.bin", IMAGE)
    bench.http("PUT", bench.files.upload_url("log", "http"), b"log")
    kept = tmp_path / bench.only()["file"]
    bench.stop()
    assert kept.read_bytes() == b"log"
    assert not (tmp_path / "files" / "firmware").exists()
    assert not [thread for thread in threading.enumerate() if thread.name == "ftp"]


def test_settings_that_cannot_be(tmp_path, pki):
    with pytest.raises(FilesError, match="sftp"):
        FileServers(tmp_path, "127.0.0.1", {"sftp": 0})
    with pytest.raises(FilesError, match="certificates"):
        FileServers(tmp_path, "127.0.0.1", {"https": 0})
    assert set(FileServers(tmp_path, "127.0.0.1").ports) == {"http", "ftp"}
    assert set(FileServers(tmp_path, "127.0.0.1", pki=pki).ports) == set(PROTOCOLS)
    nowhere = FileServers(tmp_path, "no-such-host.invalid", {"ftp": 0})
    with pytest.raises(FilesError, match="no address"):
        asyncio.run(nowhere.start())


@pytest.mark.parametrize("protocol", ["http", "ftp"])
def test_a_port_in_use_is_said_and_nothing_stays_open(tmp_path, protocol):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        files = FileServers(tmp_path, "127.0.0.1", {protocol: port}, host="127.0.0.1")
        with pytest.raises(FilesError, match=f"{protocol} file server cannot open port {port}"):
            asyncio.run(files.start())


def test_passive_ports_and_public_address(running):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    bench = running(["ftp"], passive_ports=[port])
    with bench.ftp(bench.files.upload_folder_url("ftp")) as (client, _):
        assert client.makepasv() == ("127.0.0.1", port)


def test_images():
    assert len(dummy_image(1000)) == 1000
    assert dummy_image(1000) == dummy_image(1000)
    assert dummy_image(1000) != dummy_image(1000, seed=3)
    assert corrupt_image(50).startswith(b"CORRUPT")
    assert not dummy_image(50).startswith(b"CORRUPT")
    assert len(dummy_image(5)) == 5
