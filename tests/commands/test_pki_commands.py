"""`octt pki`: a bench's certificates for the station, and a laboratory's own CA."""

from __future__ import annotations

import stat

import pytest
import trustme
from click.testing import CliRunner
from cryptography import x509

from octt.commands.main import main


@pytest.fixture
def bench(tmp_path):
    file = tmp_path / "my.toml"
    file.write_text('[central_system]\npublic_host = "lab.example"\n')
    return file


def octt(*arguments):
    return CliRunner().invoke(main, [str(part) for part in arguments])


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
