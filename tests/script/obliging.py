"""A station in virtual time that does whatever a script waits for, except that one value it sends is another.

It needs no scenario: what is expected says what to send. Replies are what the script wants of them, learnt by running
it until nothing new is asked for.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import time
from datetime import UTC, datetime
from types import SimpleNamespace

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import NameOID

from octt import paths
from octt.csms.admission import Attempt, Credentials
from octt.csms.answers import Answers
from octt.csms.endpoints import Settings
from octt.ocpp import schemas
from octt.ocpp.keys import KEYS
from octt.pics.declaration import Declaration
from octt.pki.certificates import new_key
from octt.script.actions import Actions
from octt.script.calling import Reply
from octt.script.declared import Declared
from octt.script.files.words import Files
from octt.script.restore.ending import restore
from octt.script.restore.means import Means
from octt.script.security.words import Security
from octt.script.station import Station
from octt.script.verdicts import Judgement
from octt.station.actions import Driver
from octt.suite import fixtures
from octt.timeline.expectation import Link
from octt.timeline.matching import ABSENT, PRESENT
from tests.script.virtual_lab import Lab

_VALUES = {"SupportedFeatureProfiles": "Core", "NumberOfConnectors": "1", "SecurityProfile": "2"}
_TYPES = {"bool": "false", "int": "20", "list": "", "text": ""}


@functools.cache
def request_for_a_certificate():
    """A right one."""
    names = [(NameOID.ORGANIZATION_NAME, "OCTT Bench"), (NameOID.COMMON_NAME, "SN-1")]
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return request.sign(new_key("ecdsa"), SHA256()).public_bytes(Encoding.PEM).decode()


@functools.cache
def schema(action, direction):
    return schemas.schema(action, direction)


def valid(node, root, moment):
    """The least that a schema takes."""
    if "$ref" in node:
        return valid(root["definitions"][node["$ref"].rpartition("/")[2]], root, moment)
    if "enum" in node:
        return "Accepted" if "Accepted" in node["enum"] else node["enum"][0]
    match node.get("type"):
        case "object":
            parts = node.get("properties", {})
            return {name: valid(parts[name], root, moment) for name in node.get("required", ())}
        case "array":
            return [valid(node["items"], root, moment)]
        case "string":
            return moment if node.get("format") == "date-time" else "1"
    return {"integer": 1, "number": 1.0, "boolean": True}[node["type"]]


def fitting(wanted, usual):
    """A value that a script wants (octt/timeline/matching.py)."""
    if wanted is PRESENT:
        return usual
    if isinstance(wanted, set | frozenset):
        return sorted((one for one in wanted if one is not ABSENT), key=str)[0]
    if callable(wanted):
        tried = [usual, "Available", "EV side disconnected", "OCTTVALID1"]
        return next((one for one in tried if wanted(one)), usual)
    if isinstance(wanted, dict):
        return filled(wanted, usual if isinstance(usual, dict) else {})
    if isinstance(wanted, list):
        example = usual[0] if isinstance(usual, list) and usual else {}
        return [fitting(one, example) for one in wanted]
    return wanted


def filled(fields, usual):
    """A payload with the fields that are wanted."""
    kept = {name: value for name, value in usual.items() if fields.get(name) is not ABSENT}
    return kept | {k: fitting(v, usual.get(k)) for k, v in fields.items() if v is not ABSENT}


def places(value, place=()):
    """Every place in a value."""
    yield place
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inside:
        yield from places(part, (*place, name))


def replaced(value, place, other):
    """The value with another one in a place."""
    if not place:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = replaced(value[place[0]], place[1:], other)
    return copy


class Rig(Driver):
    """Says that everything is done."""

    def act(self, _name, _params):
        return "nobody"


class Servers:
    """File servers that have seen whatever they are asked about."""

    ports = ("http", "ftp")

    def __init__(self, base):
        self.base = base
        (base / "log.txt").write_text("a log")

    def offer(self, name, _image):
        return {protocol: f"{protocol}://127.0.0.1:1/{name}" for protocol in self.ports}

    def upload_folder_url(self, protocol):
        return f"{protocol}://127.0.0.1:1/up/"

    def failing_url(self, _how, protocol, name):
        return f"{protocol}://127.0.0.1:1/{name}"

    def contacts(self):
        one = {"path": "/x", "user": "u", "complete": True}
        return [{"protocol": protocol, **one} for protocol in self.ports] * 99

    def transfers(self, _url):
        return [{"bytes": 1 << 30}]

    def uploads(self, _url):
        return [{"file": "log.txt", "bytes": 5, "sha256": "", "error": "", "complete": True}]


class Willing(Station):
    """Whatever is waited for is sent."""

    def _await(self, expectation):
        if not expectation.never:
            waiting = self.case.position.entries(expectation.start)
            wanted = expectation.alternatives[0]
            if not any(wanted.fits(entry) for entry in waiting):
                window = expectation.window
                due = (window.since - self.timeline.clock.now()) / 1e9 + window.after
                self.timeline.clock.sleep(max(0.01, due))
                self.lab.sends(wanted)
        return super()._await(expectation)


class Obliging(Lab):
    """`wishes` are the fields that the script wants of each reply, by its turn. `change`: (turn, where, value)."""

    def __init__(self, wishes, change, pki, base):
        super().__init__()
        self.clock.sleep((time.monotonic_ns() - self.clock.now()) / 1e9)  # some words look at the real one
        self.wishes, self.change, self.turn, self.asked = wishes, change, 0, 0
        self.bench.driver.kind = "simulated"
        self.station = Willing(self.case, self.system, self.bench, self.station.limits, 1)
        self.station.lab = self
        self.driver = Actions(self.case, Rig(), None)
        self.pki, self.servers = pki, Servers(base)
        self.broken = []
        self._system()

    def _system(self):
        system = self.system
        system.call, system.answers, system.settings = (
            self._called,
            Answers(),
            Settings("CS001", password="OCTT_admin_test_1"),
        )
        self.bench.central_system.password = "OCTT_admin_test_1"
        system.door, system.security_profile, system.connected, system.tls = self, 2, True, {}
        system.credentials = Credentials("CS001", b"OCTT_admin_test_1", True)
        system.disconnect = system.restore = system.cut = lambda *_: None
        system.open = system.replace = lambda *_: None
        self.csms.system = system

    @property
    def attempts(self):
        """It connects whenever somebody looks."""
        given = Credentials("CS001", self.system.settings.password.encode(), True)
        offered = {
            "offered": {
                "versions": ["TLSv1.2"],
                "suites": ["TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384"],
            }
        }
        return [Attempt(1, time.monotonic_ns(), 2, path="/ocpp/CS001", credentials=given, tls=offered)]

    # -- what the station sends -----------------------------------------------------------------------------------

    def _now(self):
        return datetime.fromtimestamp(self.clock.now() / 1e9, UTC).isoformat().replace("+00:00", "Z")

    def _changed(self, payload):
        """The payload, in its turn with the one value that is another."""
        turn, where, other = self.change
        self.turn += 1
        if self.turn - 1 != turn:
            return payload
        every = list(places(payload))
        return replaced(payload, every[where % len(every)], other)

    def sends(self, wanted):
        """What is waited for."""
        if isinstance(wanted, Link):
            self.stage.link(wanted.kind, 2)
            return
        usual = valid(root := schema(wanted.action, "request"), root, self._now())
        usual |= {"csr": request_for_a_certificate()} if "csr" in usual else {}
        payload = self._changed(filled(wanted.fields, usual))
        seen = self.stage.frame([2, f"s{self.stage.number}", wanted.action, payload])
        self.broken += seen.problems
        if wanted.action == "StartTransaction":
            answer = {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}
            self.stage.frame([3, seen.frame.id, answer], incoming=False)

    def _called(self, action, payload, _timeout):
        request = self.stage.frame([2, f"c{self.stage.number}", action, payload], incoming=False)
        usual = self._configuration(payload) if action == "GetConfiguration" else None
        usual = usual or valid(root := schema(action, "response"), root, self._now())
        self.asked += 1
        answer = self._changed(filled(self.wishes.get(self.asked, {}), usual))
        seen = self.stage.frame([3, request.frame.id, answer])
        wrong = (
            schemas.problems(action, "response", seen.frame.payload)
            if seen.frame.type == "CALLRESULT"
            else []
        )
        problems = (*seen.problems, *wrong)
        object.__setattr__(seen, "problems", problems)
        object.__setattr__(seen, "action", action)
        self.broken += problems
        return request, seen

    def _configuration(self, payload):
        names = payload.get("key") or list(KEYS)
        found = []
        for name in names:
            known = KEYS.get(name)
            value = _VALUES.get(name, _TYPES[known.type if known else "text"])
            found.append({"key": name, "readonly": bool(known and known.access == "R"), "value": value})
        return {"configurationKey": found}

    # -- the script -----------------------------------------------------------------------------------------------

    def fixture(self, module, name):
        """A fixture of the script, or one of the words."""
        words = {
            "station": lambda: self.station,
            "driver": lambda: self.driver,
            "csms": lambda: self.csms,
            "bench": lambda: self.bench,
            "pics": lambda: Declared(Declaration()),
            "files": lambda: Files(self.station, self.servers, Declaration()),
            "security": lambda: Security(
                self.station, SimpleNamespace(pki=self.pki), Declared(Declaration())
            ),
        }
        if name in words:
            return words[name]()
        made = getattr(module, name, None) or getattr(fixtures, name)
        return self.run(module, made._get_wrapped_function())

    def run(self, module, function):
        """A function with the fixtures it asks for."""
        return function(
            **{name: self.fixture(module, name) for name in inspect.signature(function).parameters}
        )

    def restored(self):
        """What could not be restored."""
        security = functools.partial(
            Security, self.station, SimpleNamespace(pki=self.pki), Declared(Declaration())
        )
        return restore(Means(self.case, self.station, self.csms, self.driver, security=security))


@functools.cache
def script(file):
    """A file of scripts."""
    spec = importlib.util.spec_from_file_location(f"obliging_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scripts():
    """Every case: its id, its file and the name of its function."""
    for file in sorted(paths.TESTCASES.rglob("test_*.py")):
        for name, function in vars(script(file)).items():
            marks = [mark for mark in getattr(function, "pytestmark", ()) if mark.name == "octt_case"]
            if marks:
                yield marks[0].args[0], file, name


def played(lab, file, name):
    """What ended the case: nothing, or an exception."""
    module = script(file)
    try:
        lab.run(module, getattr(module, name))
    except Exception as error:
        return error
    return None


def learnt(monkeypatch, file, name, pki, base):
    """What the script wants of each reply, and how many payloads it makes the station send."""
    wishes, lab = {}, None
    judge = Reply.returns

    def returns(reply, *, error=(), cite="", **fields):
        wishes.setdefault(lab.asked, fields)
        return judge(reply, error=error, cite=cite, **fields)

    with monkeypatch.context() as patched:
        patched.setattr(Reply, "returns", returns)
        for _ in range(60):
            before, lab = dict(wishes), Obliging(wishes, (-1, 0, None), pki, base)
            error = played(lab, file, name)
            assert error is None or isinstance(error, Judgement), error
            if wishes == before:
                break
    return wishes, lab.turn, error
