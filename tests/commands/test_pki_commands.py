"""`octt pki`: a bench's certificates for the station, and a laboratory's own CA."""

from __future__ import annotations

import stat

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.commands.calling import invoke as octt


@pytest.fixture
def bench(tmp_path):
    file = tmp_path / "my.toml"
    file.write_text('[central_system]\npublic_host = "lab.example"\n')
    return file


def test_export_show_and_import(bench, tmp_path):
    done = octt("pki", "export", "--bench", bench, tmp_path / "for-the-station")
    assert done.exit_code == 0, done.output
    root = x509.load_pem_x509_certificate(
        (tmp_path / "for-the-station" / "central-system-root.pem").read_bytes()
    )
    assert not any(
        "PRIVATE" in file.read_text("latin-1") for file in (tmp_path / "for-the-station").iterdir()
    )
    kept = tmp_path / "my-pki"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert "lab.example" in octt("pki", "show", "--bench", bench).output

    again = octt("pki", "export", "--bench", bench, tmp_path / "again")
    assert again.exit_code == 0
    same = x509.load_pem_x509_certificate((tmp_path / "again" / "central-system-root.pem").read_bytes())
    assert same == root

    own = trustme.CA()
    (tmp_path / "ca.pem").write_bytes(own.private_key_pem.bytes() + own.cert_pem.bytes())
    taken = octt("pki", "import", "--bench", bench, tmp_path / "ca.pem")
    assert taken.exit_code == 0, taken.output
    octt("pki", "export", "--bench", bench, tmp_path / "own")
    exported = (tmp_path / "own" / "central-system-root.pem").read_bytes()
    assert x509.load_pem_x509_certificate(exported) == x509.load_pem_x509_certificate(own.cert_pem.bytes())


def test_mistakes_are_one_sentence(bench, tmp_path):
    (tmp_path / "no-ca.pem").write_text("nothing")
    done = octt("pki", "import", "--bench", bench, tmp_path / "no-ca.pem")
    assert done.exit_code == 2
    assert "private key and certificate in PEM" in done.output
    missing = octt("pki", "show", "--bench", tmp_path / "none.toml")
    assert missing.exit_code == 2
    assert "octt new" in missing.output


@pytest.fixture
def locked(tmp_path):
    """A CA whose private key has a password."""
    own = trustme.CA()
    key = serialization.load_pem_private_key(own.private_key_pem.bytes(), None)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"open sesame"),
    )
    file = tmp_path / "locked.pem"
    file.write_bytes(secret + own.cert_pem.bytes())
    return file


def test_the_password_of_a_key_is_asked_for_and_not_shown(bench, locked):
    done = octt("pki", "import", "--bench", bench, locked, text="open sesame\n")
    assert done.exit_code == 0, done.output
    assert "Password of the private key" in done.stderr
    assert "sesame" not in done.output


def test_the_password_of_a_key_comes_from_a_file_or_the_environment(bench, locked, tmp_path):
    (tmp_path / "password").write_text("open sesame\r\n")
    by_file = octt("pki", "import", "--bench", bench, locked, "--password-file", tmp_path / "password")
    assert by_file.exit_code == 0, by_file.output
    by_environment = octt("pki", "import", "--bench", bench, locked, env={"OCTT_CA_PASSWORD": "open sesame"})
    assert by_environment.exit_code == 0, by_environment.output
    wrong = octt("pki", "import", "--bench", bench, locked, env={"OCTT_CA_PASSWORD": "secret word"})
    assert wrong.exit_code == 2
    assert "secret word" not in wrong.output
    assert wrong.stderr.startswith("octt: the CA to import needs")


def test_a_password_is_never_an_argument(bench, locked):
    """Every user of the machine can read the arguments of a process."""
    refused = octt("pki", "import", "--bench", bench, locked, "--password", "open sesame")
    assert refused.exit_code == 2
    assert "no such option '--password'. Did you mean '--password-file'?" in refused.stderr
    assert "sesame" not in refused.output


def test_nobody_who_answers_is_no_import(bench, locked):
    done = octt("pki", "import", "--bench", bench, locked)
    assert done.exit_code == 130
    assert "octt: interrupted" in done.stderr


def test_export_takes_its_folder_either_way_but_once(bench, tmp_path):
    assert octt("pki", "export", "--bench", bench, "--out", tmp_path / "a").exit_code == 0
    assert (tmp_path / "a" / "INSTALL.txt").exists()
    for arguments in ([], ["--out", tmp_path / "b", tmp_path / "b"]):
        done = octt("pki", "export", "--bench", bench, *arguments)
        assert done.exit_code == 2
        assert "name the folder to write to, once" in done.stderr
