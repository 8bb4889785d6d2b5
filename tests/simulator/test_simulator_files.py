"""Downloads and uploads of the station against real HTTP and FTP servers, with and without TLS."""

import asyncio
import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator_file_servers import IMAGE, HttpServer, ftp_server
from simulator_pki import Authority, ec_key, key_pem, pem

from octt.simulator.link import tls, transfer
from octt.simulator.link.transfer import Limits, TransferError

QUICK = Limits(size=1_000_000, total=20, idle=5)


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def server_pem(authority, tmp_path_factory):
    key = ec_key()
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_text(key_pem(key) + pem(authority.issue("localhost", key, hosts=["localhost", "127.0.0.1"])))
    return path


@pytest.fixture(scope="module")
def trust(authority):
    return tls.client_context([authority.certificate])


def failure(coroutine):
    with pytest.raises(TransferError) as caught:
        asyncio.run(coroutine)
    return caught.value


async def with_http(server, use):
    async with server:
        return await use(server.url)


def test_http_download_and_put():
    server = HttpServer()

    async def use(url):
        assert await transfer.download(f"{url}/a/image.fwi") == IMAGE
        await transfer.upload(f"{url}/logs/", "my log.zip", b"log")

    asyncio.run(with_http(server, use))
    assert server.received == [("PUT", "/logs/my log.zip", b"log")]


def test_http_upload_falls_back_to_post():
    server = HttpServer(methods=("POST",))
    asyncio.run(with_http(server, lambda url: transfer.upload(f"{url}/logs", "log.zip", b"log")))
    assert server.received == [("POST", "/logs", b"log")]


def test_http_server_that_takes_no_upload():
    server = HttpServer(methods=())
    error = failure(with_http(server, lambda url: transfer.upload(f"{url}/logs", "log.zip", b"log")))
    assert error.status == "NotSupportedOperation"


def test_http_credentials_in_the_url():
    server = HttpServer(user=("station", "p@ss"))

    def with_user(user):
        return lambda url: transfer.download(url.replace("://", f"://{user}@") + "/image.fwi")

    assert asyncio.run(with_http(server, with_user("station:p%40ss"))) == IMAGE
    assert failure(with_http(server, with_user("station:wrong"))).status == "PermissionDenied"


def test_retries_are_further_attempts():
    server = HttpServer()
    server.failures = 2
    assert (
        asyncio.run(with_http(server, lambda url: transfer.download(f"{url}/image.fwi", retries=2))) == IMAGE
    )
    assert server.requests == 3
    server.requests, server.failures = 0, 5
    failure(with_http(server, lambda url: transfer.download(f"{url}/image.fwi", retries=1)))
    assert server.requests == 2


def test_missing_file_and_bounds():
    assert "404" in str(failure(with_http(HttpServer(), lambda url: transfer.download(f"{url}/none"))))
    small = Limits(size=1000)
    error = failure(with_http(HttpServer(), lambda url: transfer.download(f"{url}/image.fwi", limits=small)))
    assert "larger than 1000" in str(error)
    hasty = Limits(total=0.3)
    error = failure(with_http(HttpServer(), lambda url: transfer.download(f"{url}/slow", limits=hasty)))
    assert "too slow" in str(error)


def test_https_needs_a_trusted_server_of_that_name(server_pem, trust):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_pem)

    def get(tls_context):
        return with_http(
            HttpServer(context=context), lambda u: transfer.download(f"{u}/image.fwi", tls=tls_context)
        )

    assert asyncio.run(get(trust)) == IMAGE
    assert "certificate" in str(failure(get(tls.client_context([Authority().certificate]))))


def test_ftp(tmp_path):
    (tmp_path / "fw").mkdir()
    (tmp_path / "fw" / "image.fwi").write_bytes(IMAGE)
    with ftp_server(tmp_path) as url:
        assert asyncio.run(transfer.download(f"{url}/fw/image.fwi", limits=QUICK)) == IMAGE
        asyncio.run(transfer.upload(f"{url}/fw/", "log.zip", b"log", limits=QUICK))
        assert (tmp_path / "fw" / "log.zip").read_bytes() == b"log"
        assert "550" in str(failure(transfer.download(f"{url}/fw/none", limits=QUICK)))
        assert "550" in str(failure(transfer.upload(f"{url}/none", "log.zip", b"log", limits=QUICK)))
        wrong = url.replace("p%40ss", "wrong")
        assert failure(transfer.download(f"{wrong}/fw/image.fwi", limits=QUICK)).status == "PermissionDenied"
        small = Limits(size=1000, total=20, idle=5)
        assert "larger than 1000" in str(failure(transfer.download(f"{url}/fw/image.fwi", limits=small)))


def test_ftps(tmp_path, server_pem, trust):
    (tmp_path / "image.fwi").write_bytes(IMAGE)
    with ftp_server(tmp_path, server_pem) as url:
        assert asyncio.run(transfer.download(f"{url}/image.fwi", tls=trust, limits=QUICK)) == IMAGE
        asyncio.run(transfer.upload(url, "log.zip", IMAGE, tls=trust, limits=QUICK))
        assert (tmp_path / "log.zip").read_bytes() == IMAGE
        stranger = tls.client_context([Authority().certificate])
        assert "certificate" in str(
            failure(transfer.download(f"{url}/image.fwi", tls=stranger, limits=QUICK))
        )
        plain = url.replace("ftps", "ftp")
        assert isinstance(failure(transfer.download(f"{plain}/image.fwi", limits=QUICK)), TransferError)


def test_an_ongoing_transfer_can_be_cancelled(tmp_path):
    async def cancelled(url):
        task = asyncio.create_task(transfer.download(f"{url}/slow"))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return True

    assert asyncio.run(with_http(HttpServer(), cancelled))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "ftp://127.0.0.1:1/x", "ftps://127.0.0.1:1/x"])
def test_nobody_listening(url):
    assert failure(transfer.download(url, limits=QUICK)).status == "UploadFailure"


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("sftp://h/x", "NotSupportedOperation"),
        ("file:///etc/passwd", "NotSupportedOperation"),
        ("image.fwi", "NotSupportedOperation"),
        ("", "NotSupportedOperation"),
        ("http:///x", "BadMessage"),
        ("http://h:99999/x", "BadMessage"),
        ("http://[::1/x", "BadMessage"),
        ("ftp://h/x%0d%0aDELE%20y", "BadMessage"),
    ],
)
def test_unusable_urls(url, status):
    assert failure(transfer.download(url)).status == status


def test_only_the_station_s_protocols_are_used():
    error = failure(transfer.download("ftp://127.0.0.1:1/x", protocols=("HTTP",)))
    assert error.status == "NotSupportedOperation"


def test_a_station_that_does_not_say_what_it_supports_tries():
    """SupportedFileTransferProtocols is optional; one without it is not a station without any protocol."""

    async def use(url):
        assert await transfer.download(f"{url}/image.fwi", protocols=()) == IMAGE

    asyncio.run(with_http(HttpServer(), use))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40))
def test_any_text_as_url_is_a_transfer_error_or_nothing(text):
    """Only parsing is tried: no host but the unreachable port 1 of this machine is ever contacted."""
    for url in (text, f"ftp://{text}", f"http://127.0.0.1:1/{text}"):
        try:
            location = transfer._parse(url, transfer.PROTOCOLS)
        except TransferError:
            continue
        assert location.hostname
        if location.hostname == "127.0.0.1" and location.port == 1:
            assert isinstance(failure(transfer.download(url, limits=QUICK)), TransferError)
