"""What a signature proves: that nothing was changed is one thing, that somebody trusted signed it another."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import socket

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from octt.pki.certificates import to_pem
from octt.pki.pki import Pki
from octt.record import GENESIS, Record, line_hash
from octt.record.events import CaseEnded, CaseStarted, Remarked, RunEnded, RunStarted
from octt.report.evidence.again import announce, sign_own
from octt.report.evidence.keys import SigningError
from octt.report.evidence.sign import sign
from octt.report.evidence.signers import KnownSigners, Trust, own_key
from octt.report.evidence.verify import verify
from octt.report.write import write_all
from tests.commands.calling import invoke

LABORATORY = "Conformance Lab"


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    """Nobody is known yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))


def record(folder, verdict="FAIL", laboratory=LABORATORY, remarks=0, signer=""):
    folder.mkdir(parents=True, exist_ok=True)
    written = Record(folder / "record.jsonl")
    plan = [
        {"case": "TC_003_CS", "name": "A case", "profile": "Core", "applicable": True, "reason": "applies"}
    ]
    bench = {"laboratory": {"name": laboratory}}
    written.write(
        RunStarted(tool={"version": "1"}, bench=bench, pics={}, plan=plan, started="2026", signer=signer)
    )
    written.write(CaseStarted(attempt=1, name="A case"), case="TC_003_CS")
    for number in range(remarks):
        written.write(Remarked(text=f"number {number}", by="script", cite=""))
    ended = {"blame": "station", "reason": "nothing came", "seconds": 1.0, "forced": 0.0}
    written.write(CaseEnded(attempt=1, verdict=verdict, **ended), case="TC_003_CS")
    written.write(RunEnded(reason="finished"))
    written.close()
    return folder


def signed(folder, key, **more):
    sign(record(folder, **more), key)
    return folder


def hashed_anew(folder, old, new):
    """Changes the record and computes its whole chain again, as anybody can."""
    path, previous, lines = folder / "record.jsonl", GENESIS, []
    for line in path.read_bytes().replace(old, new).splitlines():
        head, _, _ = line.rpartition(b'"prev":')
        lines.append(head + b'"prev":"%b"}' % previous.encode())
        previous = line_hash(lines[-1])
    path.write_bytes(b"\n".join(lines) + b"\n")


def said(*arguments):
    done = invoke(*arguments)
    return done.exit_code, done.output


# -- whom to believe ----------------------------------------------------------------------------------------------


def test_a_forgery_in_the_laboratorys_name_is_not_called_signed(tmp_path):
    """The chain is computed anew and signed with another key, in the same name: the forger's best."""
    genuine = signed(tmp_path / "run", tmp_path / "lab.pem")
    forged = shutil.copytree(genuine, tmp_path / "forged")
    hashed_anew(forged, b'"FAIL"', b'"PASS"')
    sign(forged, tmp_path / "forger.pem")
    code, text = said("verify", forged)
    assert code == 3
    assert f"a key that nobody vouches for: {announce(tmp_path / 'forger.pem')}" in text
    assert "it was never met before" in text
    assert said("verify", forged)[0] == 3, "meeting it twice does not make it trusted"


def test_a_key_is_trusted_when_somebody_says_so_and_another_in_its_name_is_told(tmp_path):
    genuine = signed(tmp_path / "run", tmp_path / "lab.pem")
    assert said("verify", genuine)[0] == 3
    assert said("verify", genuine, "--trust")[0] == 0
    assert said("verify", genuine)[0] == 0
    code, text = said("verify", signed(tmp_path / "other", tmp_path / "forger.pem"))
    assert code == 1
    assert "SIGNED BY SOMEBODY ELSE" in text
    assert announce(tmp_path / "lab.pem") in text
    assert "trusted on" in text


def test_another_key_in_a_name_that_was_only_met_is_told_too(tmp_path):
    said("verify", signed(tmp_path / "run", tmp_path / "lab.pem"))
    code, text = said(
        "verify", signed(tmp_path / "other", tmp_path / "new.pem", laboratory="conformance  LAB")
    )
    assert code == 1
    assert "that was met on" in text


def test_a_laboratory_without_a_name_is_known_by_its_key_alone(tmp_path):
    said("verify", signed(tmp_path / "run", tmp_path / "one.pem", laboratory=""), "--trust")
    assert said("verify", signed(tmp_path / "other", tmp_path / "two.pem", laboratory=""))[0] == 3
    assert said("verify", tmp_path / "run")[0] == 0


def test_the_expected_signer_counts_whoever_is_known(tmp_path):
    folder = signed(tmp_path / "run", tmp_path / "lab.pem")
    public = serialization.load_pem_private_key((tmp_path / "lab.pem").read_bytes(), None).public_key()
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    (tmp_path / "lab.pub").write_bytes(public.public_bytes(serialization.Encoding.PEM, spki))
    assert said("verify", folder, "--signer", tmp_path / "lab.pub")[0] == 0
    sign(folder, tmp_path / "forger.pem")
    code, text = said("verify", folder, "--signer", tmp_path / "lab.pub")
    assert code == 1
    assert "the signer is not the one of lab.pub" in text


def test_what_was_changed_is_never_trusted(tmp_path):
    folder = signed(tmp_path / "run", own_key())
    KnownSigners().keep(announce(own_key()), LABORATORY, trusted=True)
    (folder / "added.txt").write_text("x")
    assert said("verify", folder)[0] == 1
    assert said("verify", folder, "--trust")[0] == 1


def test_a_run_that_named_another_key_is_told(tmp_path):
    folder = signed(tmp_path / "run", tmp_path / "lab.pem", signer="abcd:ef01")
    assert "the run named another key: abcd:ef01" in said("verify", folder)[1]


def test_the_list_of_known_signers_survives_damage_and_is_private(tmp_path):
    known = KnownSigners(tmp_path / "known")
    known.keep("aa:bb", "A\tlab\nwith lines", trusted=False)
    known.keep("aa:bb", "A lab with lines", trusted=True)
    (tmp_path / "known").write_bytes((tmp_path / "known").read_bytes() + b"\xff\x00 nonsense\n\n\t\t\t\n")
    again = KnownSigners(tmp_path / "known")
    assert again.judge("aa:bb", "A lab with lines")[0] is Trust.TRUSTED
    assert again.judge("cc:dd", "")[0] is Trust.NEW
    assert (tmp_path / "known").stat().st_mode & 0o077 == 0


# -- certificates -------------------------------------------------------------------------------------------------


def issued(issuer, usage=None, commits=False):
    """A key and certificate of the laboratory's authority, for documents or something else."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, LABORATORY)]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.KeyUsage(True, commits, False, False, False, False, False, False, False), critical=True
        )
    )
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage)]), critical=False)
    return key, builder.sign(issuer.key, hashes.SHA256())


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki.open(tmp_path_factory.mktemp("pki"), ["localhost"])


def kept(folder, key, certificate):
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(pem)
    (folder / "key.pem").chmod(0o600)
    (folder / "certificate.pem").write_text(to_pem(certificate))
    return folder / "key.pem", folder / "certificate.pem"


@pytest.mark.parametrize("kind", ["station", "firmware", "server"])
def test_a_certificate_for_something_else_signs_no_report(tmp_path, pki, kind, monkeypatch):
    """Whoever has a station has its certificate, which the laboratory's authority issued."""
    identity = {
        "station": lambda: pki.client("S1", "Vendor", "ecdsa"),
        "firmware": lambda: pki.firmware("ecdsa"),
        "server": lambda: pki.servers()[0],
    }[kind]()
    key, certificate = kept(tmp_path, identity.key, identity.certificate)
    with pytest.raises(SigningError, match="not meant for signing documents"):
        sign(record(tmp_path / "run"), key, certificate)
    monkeypatch.setattr("octt.report.evidence.keys.not_for_documents", lambda _certificate: "")
    sign(tmp_path / "run", key, certificate)  # as a forger would, with his own tool
    (tmp_path / "root.pem").write_text(to_pem(pki.trust_anchor))
    code, text = said("verify", tmp_path / "run", "--signer", tmp_path / "root.pem")
    assert code == 1
    assert "not meant for signing documents" in text or "was not issued there" in text


@pytest.mark.parametrize(
    ("usage", "commits", "good"),
    [
        ("1.3.6.1.5.5.7.3.36", False, True),
        (None, True, True),
        ("1.3.6.1.5.5.7.3.4", True, True),
        ("1.3.6.1.5.5.7.3.4", False, False),
        (None, False, False),
        ("1.3.6.1.5.5.7.3.3", True, False),
    ],
)
def test_a_certificate_for_documents_counts_where_its_issuer_is_expected(tmp_path, pki, usage, commits, good):
    root = pki.root
    key, certificate = kept(tmp_path, *issued(root, usage, commits))
    (tmp_path / "root.pem").write_text(to_pem(root.certificate))
    record(tmp_path / "run")
    if not good:
        with pytest.raises(SigningError, match="not meant for signing documents"):
            sign(tmp_path / "run", key, certificate)
        return
    sign(tmp_path / "run", key, certificate)
    assert said("verify", tmp_path / "run", "--signer", tmp_path / "root.pem")[0] == 0


# -- every thing in the folder ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["record.jsonl", "result.json", "manifest.json", "manifest.sig", "new"])
def test_a_fifo_in_the_folder_is_told_and_not_read(tmp_path, name):
    folder = record(tmp_path / "run")
    (folder / "result.json").write_text("{}")
    sign(folder, tmp_path / "lab.pem")
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    code, text = said("verify", folder)
    assert code in (1, 2)
    assert name in text
    assert "FIFO" in text or "no plain file" in text


def test_what_has_no_content_is_not_signed(tmp_path):
    folder = record(tmp_path / "run")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "s"))
        with pytest.raises(SigningError, match="is a socket, no file"):
            sign(folder, tmp_path / "lab.pem")
    (folder / "s").unlink()
    (folder / "manifest.json").symlink_to(tmp_path / "elsewhere")
    sign(folder, tmp_path / "lab.pem")
    assert not (tmp_path / "elsewhere").exists(), "a link is not written through"


def test_a_device_in_place_of_the_record_is_refused_by_every_command(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "record.jsonl").symlink_to("/dev/zero")
    for arguments in (["verify", folder], ["report", folder], ["diff", folder, folder]):
        code, text = said(*arguments)
        assert code == 2
        assert "no plain file" in text


def test_folders_are_part_of_what_is_signed(tmp_path):
    folder = record(tmp_path / "run")
    (folder / "uploads" / "empty").mkdir(parents=True)
    sign(folder, tmp_path / "lab.pem")
    assert verify(folder).problems == []
    (folder / "new").mkdir()
    (folder / "uploads" / "empty").rmdir()
    problems = [str(problem) for problem in verify(folder).problems]
    assert problems == ["new: a folder was added after signing", "uploads/empty: is missing"]
    (folder / "new").rmdir()
    (folder / "uploads" / "empty").write_text("")
    assert [str(one) for one in verify(folder).problems] == ["uploads/empty: is a file now"]


@pytest.mark.parametrize("remarks", [1, 30, 400])
def test_a_chain_that_was_computed_anew_is_said_to_be_that(tmp_path, remarks):
    folder = signed(tmp_path / "run", tmp_path / "lab.pem", remarks=remarks)
    hashed_anew(folder, b'"nothing came"', b'"an accident"')
    (problem,) = verify(folder).problems
    assert "the hashes were computed anew" in problem.what
    changed = 3 + remarks
    assert problem.line is not None
    assert problem.line <= changed
    assert changed - problem.line < 16, "the place is told as closely as the manifest knows it"


def test_the_last_line_alone_is_no_new_chain(tmp_path):
    folder = signed(tmp_path / "run", tmp_path / "lab.pem")
    hashed_anew(folder, b'"finished"', b'"perfects"')
    assert [str(one) for one in verify(folder).problems] == ["record.jsonl line 4: the line was changed"]


# -- made anew ----------------------------------------------------------------------------------------------------


def overruled(folder, *more):
    given = ["--case", "TC_003_CS", "--verdict", "PASS", "--by", "A. Person", "--why", "a loose plug"]
    return said("override", folder, *given, *more)


def test_an_override_of_ones_own_run_signs_again(tmp_path):
    folder = record(tmp_path / "run")
    write_all(folder)
    sign_own(folder, own_key())
    code, text = overruled(folder)
    assert code == 0
    assert f"signed again; fingerprint of the key: {announce(own_key())}" in text
    assert said("verify", folder)[0] == 0


def test_an_override_of_anothers_run_says_that_it_is_not_signed_any_more(tmp_path):
    folder = signed(tmp_path / "run", tmp_path / "lab.pem")
    code, text = overruled(folder)
    assert code == 0
    assert "does not hold any more and was removed" in text
    assert said("verify", folder)[0] == 3
    unsigned = record(tmp_path / "unsigned")
    assert "it was not signed, and is not now" in overruled(unsigned)[1]
    assert "signed; fingerprint" in overruled(unsigned, "--sign", tmp_path / "lab.pem")[1]
    assert said("verify", unsigned)[0] == 0


def test_nothing_puts_a_good_signature_under_somebody_elses_changes(tmp_path):
    """Making the reports again, or an override, would be a way to have a forged record signed."""
    folder = record(tmp_path / "run")
    write_all(folder)
    sign_own(folder, own_key())
    hashed_anew(folder, b'"FAIL"', b'"PASS"')
    code, text = said("report", folder)
    assert code == 0
    assert "nothing is signed again" in text
    assert said("verify", folder)[0] == 1
    assert "nothing is signed again" in overruled(folder)[1]
    assert said("verify", folder)[0] == 1


def test_reports_in_another_form_are_signed_again(tmp_path):
    folder = record(tmp_path / "run")
    write_all(folder)
    sign_own(folder, own_key())
    assert "signed again" in said("report", folder, "--layout", "2024")[1]
    assert said("verify", folder)[0] == 0
    assert "sign" not in said("report", folder, "--layout", "2024")[1]


def test_two_runs_that_begin_at_once_have_one_key(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: announce(tmp_path / "settings" / "key.pem"), range(16)))
    assert len(found) == 1
    assert [path.name for path in (tmp_path / "settings").iterdir()] == ["key.pem"]
    assert (tmp_path / "settings" / "key.pem").stat().st_mode & 0o777 == 0o600


def test_the_reports_name_the_key(tmp_path):
    folder = record(tmp_path / "run", signer="abcd:ef01")
    write_all(folder)
    assert json.loads((folder / "result.json").read_text())["run"]["signer"] == "abcd:ef01"
    assert "abcd:ef01" in (folder / "report.html").read_text()
