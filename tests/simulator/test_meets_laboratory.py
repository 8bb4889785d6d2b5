"""The station meets the laboratory's certificates and TLS: two implementations that share no code must agree."""

import asyncio
import datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.asyncio.server import serve

from octt.pki.broken import BROKEN, broken
from octt.pki.pki import Pki
from octt.simulator.link import certificates
from octt.simulator.link.certificates import CertificateError
from octt.simulator.link.truststore import CENTRAL_SYSTEM, MANUFACTURER, TrustStore
from octt.simulator.options import Options
from octt.simulator.station import Station
from octt.tls.contexts import server_context

NOW = datetime.datetime.now(datetime.UTC)
NAMES = {"serial_number": "SIM-0001", "organization": "CPO"}


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki.open(tmp_path_factory.mktemp("pki"), ["127.0.0.1"])


@pytest.fixture(scope="module")
def store(pki):
    store = TrustStore()
    store.install(CENTRAL_SYSTEM, certificates.to_pem([pki.trust_anchor]), NOW)
    store.install(MANUFACTURER, pki.manufacturer.pem, NOW)
    return store


def request(store, kind):
    store.pending_key = certificates.generate_key(kind)
    return certificates.signing_request(store.pending_key, **NAMES)


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_right_certificates_are_accepted(pki, store, kind):
    for direct in (True, False):
        chain = pki.sign_csr(request(store, kind), direct=direct).chain_pem
        store.accept_chain(chain, **NAMES, max_size=10000, now=NOW)


@pytest.mark.parametrize("wrong", BROKEN["client"])
def test_every_wrong_client_certificate_is_refused(pki, store, wrong):
    chain = broken(pki, wrong, "client", csr=request(store, "ec")).chain_pem
    with pytest.raises(CertificateError):
        store.accept_chain(chain, **NAMES, max_size=10000, now=NOW)


@pytest.mark.parametrize("wrong", BROKEN["root"])
def test_every_wrong_root_is_refused(pki, wrong):
    with pytest.raises(CertificateError):
        TrustStore().install(CENTRAL_SYSTEM, broken(pki, wrong, "root").pem, NOW)


def check_firmware(store, signed, image=b"image"):
    signer = certificates.parse_one(signed.signingCertificate)
    certificates.check_signing_certificate(signer, store.trusted(MANUFACTURER), NOW)
    certificates.check_firmware_signature(signer, image, signed.signature)


@pytest.mark.parametrize("algorithm", ["RSA-PSS", "ECDSA"])
def test_signed_firmware_is_accepted(pki, store, algorithm):
    signed = pki.sign_firmware(b"image", algorithm)
    check_firmware(store, signed)
    with pytest.raises(CertificateError):
        check_firmware(store, signed, b"other")


@pytest.mark.parametrize("wrong", BROKEN["firmware"])
def test_every_wrong_firmware_signer_is_refused(pki, store, wrong):
    with pytest.raises(CertificateError):
        check_firmware(store, pki.sign_firmware(b"image", signer=broken(pki, wrong, "firmware")))


WEAK = "client-certificate="


@pytest.mark.parametrize(
    ("fault", "version", "key_size"),
    [
        (None, "TLSv1.3", 2048),
        (f"{WEAK}weak-rsa", "TLSv1.3", 1024),
        (f"{WEAK}self-signed", "TLSv1.3", 256),
        ("client-certificate-withheld", "TLSv1.3", None),
        ("tls-version=1.1", "TLSv1.1", 2048),
        ("cipher-suites=TLS_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2", 2048),
    ],
)
def test_what_a_station_presents_is_seen(pki, tmp_path, fault, version, key_size):
    """The laboratory lets weak certificates and versions in, to judge them."""
    own = pki.client("SIM-0001")
    root, chain, key = (tmp_path / name for name in ("root.pem", "own.pem", "own.key"))
    root.write_text(certificates.to_pem([pki.trust_anchor]))
    chain.write_text(own.chain_pem)
    key.write_bytes(own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    versions = ("1.0", "1.1", "1.2", "1.3")
    context = server_context(pki.servers(), versions, clients="any", trusted=pki.trusted)

    async def main():
        seen = asyncio.get_running_loop().create_future()

        async def greet(socket):
            tls = socket.transport.get_extra_info("ssl_object")
            if not seen.done():
                seen.set_result((tls.version(), tls.getpeercert(binary_form=True)))
            await socket.wait_closed()

        async with serve(greet, "127.0.0.1", 0, ssl=context, subprotocols=["ocpp1.6"]) as server:
            url = f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            files = {"trust": (str(root),), "certificate": str(chain), "private_key": str(key)}
            station = Station(
                Options(url, "S1", security_profile=3, faults=(fault,) if fault else (), **files)
            )
            station.start()
            try:
                return await asyncio.wait_for(seen, 8)
            finally:
                await station.stop()

    spoken, der = asyncio.run(main())
    assert spoken == version
    certificate = certificates.x509.load_der_x509_certificate(der) if der else None
    assert (certificate.public_key().key_size if certificate else None) == key_size
