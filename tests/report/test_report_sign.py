"""A signed run: every change of a byte is found, and where."""

import base64
import datetime
import shutil
from pathlib import Path

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import failing_run

from octt.report.evidence.keys import SigningError, load_signer
from octt.report.evidence.sign import sign
from octt.report.evidence.verify import Problem, verify


@pytest.fixture(scope="module")
def signed(tmp_path_factory) -> Path:
    """A folder with a record, an output, a file in a folder below it, and a signature."""
    root = tmp_path_factory.mktemp("signed")
    folder = root / "run"
    (folder / "files").mkdir(parents=True)
    failing_run().write(folder / "record.jsonl")
    (folder / "result.json").write_text('{"verdict": "FAIL"}\n')
    (folder / "files" / "1.bin").write_bytes(bytes(range(256)))
    sign(folder, root / "lab.pem")
    return folder


def lines_of(result, file="record.jsonl"):
    return [problem.line for problem in result.problems if problem.file == file and problem.line]


def test_an_untouched_folder_is_intact_and_says_who_signed(signed):
    result = verify(signed)
    assert result.problems == []
    assert result.signed
    assert (result.signature, result.algorithm, result.signer) == ("valid", "Ed25519", "")
    assert result.fingerprint == sign(signed, signed.parent / "lab.pem")
    assert sorted(result.intact_files) == ["files/1.bin", "record.jsonl", "result.json"]
    assert result.tool["version"] == "0.1.0"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flipped_bit_anywhere_is_found(signed, data):
    paths = sorted(path for path in signed.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(paths))
    original = path.read_bytes()
    position = data.draw(st.integers(0, len(original) - 1))
    flipped = original[position] ^ (1 << data.draw(st.integers(0, 7)))
    path.write_bytes(original[:position] + bytes([flipped]) + original[position + 1 :])
    try:
        result = verify(signed)
    finally:
        path.write_bytes(original)
    assert not result.intact
    assert not result.signed
    files = {problem.file for problem in result.problems}
    name = path.relative_to(signed).as_posix()
    if name.startswith("manifest."):
        assert result.signature == "invalid"
        assert files & {"manifest.json", "manifest.sig"}
    else:
        assert files == {name}
    if name == "record.jsonl":
        line = original[:position].count(b"\n") + 1
        assert any(abs(found - line) <= 1 for found in lines_of(result)), (line, result.problems)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_value_names_exactly_its_line(signed, data):
    record = signed / "record.jsonl"
    original = record.read_bytes()
    lines = original.splitlines(keepends=True)
    number = data.draw(st.integers(1, len(lines)))
    key = data.draw(st.sampled_from([b'"t":1', b'"prev":"']))
    changed = lines[number - 1].replace(key, key[:-1] + b"2" if key == b'"t":1' else key + b"x", 1)
    record.write_bytes(b"".join([*lines[: number - 1], changed, *lines[number:]]))
    try:
        result = verify(signed)
    finally:
        record.write_bytes(original)
    if number == 1 and key != b'"t":1':
        assert 1 in lines_of(result)
    else:
        assert lines_of(result) == [number]


@pytest.mark.parametrize("end", [False, True])
def test_a_removed_line_is_found_at_its_place(signed, tmp_path, end):
    folder = shutil.copytree(signed, tmp_path / "run")
    lines = (folder / "record.jsonl").read_bytes().splitlines(keepends=True)
    removed = len(lines) if end else 10
    (folder / "record.jsonl").write_bytes(b"".join(lines[: removed - 1] + lines[removed:]))
    result = verify(folder)
    assert lines_of(result)[0] == removed
    assert len(lines_of(result)) <= 2


def test_added_missing_and_changed_files_are_told_apart(signed, tmp_path):
    folder = shutil.copytree(signed, tmp_path / "run")
    (folder / "files" / "1.bin").unlink()
    (folder / "files" / "2.bin").write_text("new")
    (folder / "result.json").write_text('{"verdict": "PASS"}\n')
    assert verify(folder).problems == [
        Problem("files/1.bin", "is missing"),
        Problem("files/2.bin", "was added after signing"),
        Problem("result.json", "was changed"),
    ]


def test_a_link_in_place_of_a_file_is_a_change(signed, tmp_path):
    folder = shutil.copytree(signed, tmp_path / "run")
    outside = tmp_path / "elsewhere.json"
    shutil.move(folder / "result.json", outside)
    (folder / "result.json").symlink_to(outside)
    assert Problem("result.json", "was changed") in verify(folder).problems


def test_a_manifest_signed_by_somebody_else_is_not_the_expected_signer(signed, tmp_path):
    folder = shutil.copytree(signed, tmp_path / "run")
    public = load_signer(signed.parent / "lab.pem").key.public_key()
    expected = tmp_path / "lab.pub"
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    expected.write_bytes(public.public_bytes(serialization.Encoding.PEM, spki))
    assert verify(folder, expected).signed
    sign(folder, tmp_path / "stranger.pem")
    result = verify(folder, expected)
    assert (result.signature, result.expected, result.signed) == ("valid", False, False)


def test_without_its_signature_or_manifest_nothing_is_vouched_for(signed, tmp_path):
    folder = shutil.copytree(signed, tmp_path / "run")
    signature = (folder / "manifest.sig").read_bytes()
    (folder / "manifest.sig").unlink()
    assert verify(folder).signature == "invalid"
    (folder / "manifest.sig").write_bytes(signature)
    (folder / "manifest.json").unlink()
    assert Problem("manifest.json", "missing, though there is a signature of it") in verify(folder).problems
    (folder / "manifest.sig").unlink()
    unsigned = verify(folder)
    assert (unsigned.intact, unsigned.signed, unsigned.signature) == (True, False, "none")


DOCUMENTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")


def certificate(subject, issuer, key, issuer_key, *, ca, usage=DOCUMENTS):
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=365))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if usage and not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def pem_of_key(key):
    pkcs8 = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption())


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_a_certificate_says_who_signed_and_is_checked_against_its_issuer(signed, tmp_path, kind):
    folder = shutil.copytree(signed, tmp_path / "run")
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    if kind == "rsa":
        key = rsa.generate_private_key(65537, 2048)
    root = certificate("Root", "Root", root_key, root_key, ca=True)
    own = certificate("Example Laboratory", "Root", key, root_key, ca=False)
    pem = serialization.Encoding.PEM
    for path, content in {
        "lab.key": pem_of_key(key),
        "lab.crt": own.public_bytes(pem),
        "root.crt": root.public_bytes(pem),
        "other.crt": certificate(
            "Root", "Root", ec.generate_private_key(ec.SECP256R1()), root_key, ca=True
        ).public_bytes(pem),
    }.items():
        (tmp_path / path).write_bytes(content)
    (tmp_path / "lab.key").chmod(0o600)
    sign(folder, tmp_path / "lab.key", tmp_path / "lab.crt")
    result = verify(folder, tmp_path / "root.crt")
    assert (result.signed, result.signer, result.issuer) == (True, "CN=Example Laboratory", "CN=Root")
    assert verify(folder, tmp_path / "lab.crt").signed
    assert verify(folder, tmp_path / "other.crt").expected is False
    (tmp_path / "lab.crt").write_bytes(root.public_bytes(pem))
    with pytest.raises(SigningError, match="is not of the key"):
        sign(folder, tmp_path / "lab.key", tmp_path / "lab.crt")


def test_a_strangers_key_beside_the_laboratorys_certificate_is_found(signed, tmp_path):
    folder = shutil.copytree(signed, tmp_path / "run")
    key = ec.generate_private_key(ec.SECP256R1())
    own = certificate("Example Laboratory", "Example Laboratory", key, key, ca=False)
    (tmp_path / "lab.key").write_bytes(pem_of_key(key))
    (tmp_path / "lab.key").chmod(0o600)
    (tmp_path / "lab.crt").write_bytes(own.public_bytes(serialization.Encoding.PEM))
    sign(folder, tmp_path / "lab.key", tmp_path / "lab.crt")
    certificates = orjson.loads((folder / "manifest.json").read_bytes())["signer"]["certificates"]
    sign(folder, tmp_path / "stranger.pem")
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    manifest["signer"]["certificates"] = certificates
    content = orjson.dumps(manifest)
    (folder / "manifest.json").write_bytes(content)
    signature = load_signer(tmp_path / "stranger.pem").sign(content)
    (folder / "manifest.sig").write_bytes(base64.b64encode(signature) + b"\n")
    assert verify(folder).signature == "invalid"


def test_a_new_key_is_made_once_and_kept_from_others(signed, tmp_path):
    folder = shutil.copytree(signed, tmp_path / "run")
    key = tmp_path / "keys" / "lab.pem"
    first = sign(folder, key)
    assert key.stat().st_mode & 0o777 == 0o600
    assert sign(folder, key) == first
    key.chmod(0o644)
    with pytest.raises(SigningError, match="chmod 600"):
        sign(folder, key)


def test_what_cannot_be_signed_is_refused_with_its_reason(signed, tmp_path):
    folder = shutil.copytree(signed, tmp_path / "run")
    with pytest.raises(SigningError, match="keep it elsewhere"):
        sign(folder, folder / "lab.pem")
    (folder / "lab.pem").unlink()
    (tmp_path / "bad.pem").write_text("no key")
    (tmp_path / "bad.pem").chmod(0o600)
    with pytest.raises(SigningError, match="no private key"):
        sign(folder, tmp_path / "bad.pem")
    record = (folder / "record.jsonl").read_bytes()
    (folder / "record.jsonl").write_bytes(record.replace(b'"t":1', b'"t":2', 1))
    with pytest.raises(SigningError, match="damaged at line 1"):
        sign(folder, signed.parent / "lab.pem")
    with pytest.raises(SigningError, match="folder of a run"):
        verify(tmp_path / "nowhere")


def test_a_signature_with_trailing_bits_is_not_accepted(signed, tmp_path):
    """Base64 has spare bits in its last character; a change there is a change."""
    folder = shutil.copytree(signed, tmp_path / "run")
    text = (folder / "manifest.sig").read_text()
    signature = base64.b64decode(text)
    body = text.rstrip("=\n")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    spare = body[:-1] + alphabet[alphabet.index(body[-1]) ^ 1] + text[len(body) :]
    assert base64.b64decode(spare) == signature
    (folder / "manifest.sig").write_text(spare)
    assert verify(folder).signature == "invalid"
