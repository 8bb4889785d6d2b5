"""Non-conformities: how they are written, and that each does what it says and nothing else."""

import ast
import asyncio
from pathlib import Path

import pytest
from fake_csms import now, run

import octt.simulator
from octt.simulator.faults.catalogue import FAMILIES, FAULTS, Faults, parse
from octt.simulator.faults.distortion import distort


@pytest.mark.parametrize(
    ("spec", "parsed"),
    [
        ("no-heartbeat", ("no-heartbeat", "", None)),
        ("heartbeat-factor=2", ("heartbeat-factor", "", "2")),
        ("status-missing:Charging@2", ("status-missing", "Charging@2", None)),
        ("reply:Reset=Rejected", ("reply", "Reset", "Rejected")),
        (
            "set:StatusNotification[status=Faulted].errorCode=A=B",
            ("set", "StatusNotification[status=Faulted].errorCode", "A=B"),
        ),
        ("permit-forever@2", ("permit-forever", "@2", None)),
    ],
)
def test_parse(spec, parsed):
    assert parse(spec) == parsed


@pytest.mark.parametrize(
    "spec", ["nonsense", "", "nonsense:Reset=1", "status-missing:Charging@x", "reply:Reset@0=A"]
)
def test_unknown_faults_are_refused(spec):
    with pytest.raises(ValueError, match="fault"):
        Faults([spec])


def test_every_listed_fault_is_usable_and_described():
    for name, fault in FAULTS.items():
        assert Faults([name])
        assert fault.description
        assert all(" step " in check and check.startswith("TC_") for check in fault.proofs)
    assert all(FAMILIES.values())


def test_every_fault_acts_somewhere():
    folder = Path(octt.simulator.__file__).parent
    seams = [folder / "station.py", *(folder / "faults").rglob("*.py")]
    asked = {word for file in seams if file.parent.name != "lists" for word in strings(file)}
    assert set(FAMILIES) - asked == set()


def strings(file):
    """The texts in the code of a file, without those that describe the families of faults."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    tables = [node for node in ast.walk(tree) if isinstance(node, ast.Dict) and len(node.keys) > 10]
    told = {id(key) for table in tables for key in table.keys}
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    }


def test_every_nth_time():
    faults = Faults(["status-missing:Charging@2"])
    assert [faults.active("status-missing", "Charging") for _ in range(4)] == [False, True, False, True]
    assert not faults.active("status-missing", "Preparing")


MESSAGE = {
    "connectorId": 1,
    "meterValue": [{"timestamp": "T", "sampledValue": [{"value": "1"}, {"value": "2"}]}],
}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("omit:MeterValues.connectorId", {"meterValue": MESSAGE["meterValue"]}),
        ("omit:Other.connectorId", MESSAGE),
        ("set:MeterValues.connectorId=5", {**MESSAGE, "connectorId": 5}),
        ("set:MeterValues[connectorId=2].connectorId=5", MESSAGE),
        (
            "bad-timestamp:MeterValues",
            {
                "connectorId": 1,
                "meterValue": [{**MESSAGE["meterValue"][0], "timestamp": "yesterday at noon"}],
            },
        ),
        (
            "set:MeterValues.meterValue.*.sampledValue.*.value=9",
            {
                "connectorId": 1,
                "meterValue": [{"timestamp": "T", "sampledValue": [{"value": 9}, {"value": 9}]}],
            },
        ),
        (
            "omit:MeterValues.meterValue.0.sampledValue.1",
            {"connectorId": 1, "meterValue": [{"timestamp": "T", "sampledValue": [{"value": "1"}]}]},
        ),
        ("set:MeterValues.nowhere.else=1", MESSAGE),
    ],
)
def test_distortion(spec, expected):
    before = repr(MESSAGE)
    assert distort(Faults([spec]), "MeterValues", MESSAGE) == expected
    assert repr(MESSAGE) == before


async def session(bench):
    """A session with every kind of message, as far as the fault lets it come."""
    bench.do("plug_in")
    bench.do("present_id_tag", id_tag="A")
    await asyncio.sleep(0.08)
    bench.do("press_stop")
    await asyncio.sleep(0.05)
    bench.do("unplug")
    await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "spec",
    [
        "schema-violation:StatusNotification",
        "wrong-type:StartTransaction",
        "missing-field:StopTransaction",
        "omit:StartTransaction.idTag",
        "bad-timestamp:StartTransaction",
    ],
)
def test_schema_faults_show_in_that_message_only(spec):
    action = spec.partition(":")[2].partition(".")[0]

    async def scenario(bench):
        await session(bench)
        # the reference schemas do not judge date-times; those are looked at here
        stamps = [p.get("timestamp", "") for p in bench.csms.sent("StartTransaction")]
        problems = bench.csms.problems or [f"StartTransaction: {s}" for s in stamps if "T" not in s]
        assert problems
        assert {problem.partition(":")[0] for problem in problems} == {action}

    run(scenario, faults=(spec,), clean=False)


async def answers(bench, spec):
    call = '[2,"q","UnlockConnector",{"connectorId":1}]'
    await bench.csms.socket.send(call)
    await asyncio.sleep(0.15)
    return [frame for frame in bench.csms.frames if frame[0] in (3, 4)]


@pytest.mark.parametrize(
    ("spec", "check"),
    [
        ("callerror:UnlockConnector=NotSupported", lambda got: got == [[4, "q", "NotSupported", "", {}]]),
        ("no-reply:UnlockConnector", lambda got: got == []),
        ("late-reply:UnlockConnector=0.05", lambda got: got == [[3, "q", {"status": "Unlocked"}]]),
        ("duplicate-reply:UnlockConnector", lambda got: got == [[3, "q", {"status": "Unlocked"}]] * 2),
        ("wrong-id:UnlockConnector", lambda got: len(got) == 1 and got[0][1] != "q"),
        ("reply:UnlockConnector=UnlockFailed", lambda got: got == [[3, "q", {"status": "UnlockFailed"}]]),
        ("no-reply:Reset", lambda got: got == [[3, "q", {"status": "Unlocked"}]]),
    ],
)
def test_reply_faults(spec, check):
    async def scenario(bench):
        got = await answers(bench, spec)
        assert check(got), got

    run(scenario, faults=(spec,))


def test_duplicate_message_ids_and_broken_frames():
    async def scenario(bench):
        await session(bench)
        ids = {frame[1] for frame in bench.csms.frames if isinstance(frame, list)}
        assert ids == {"1"}
        assert any(isinstance(frame, str) for frame in bench.csms.frames)

    run(scenario, faults=("duplicate-message-id", "malformed-frame:Authorize"), call_timeout_seconds=0.05)


def test_two_outstanding_calls():
    async def scenario(bench):
        bench.csms.silent.add("StatusNotification")
        bench.do("plug_in")
        bench.do("unplug")
        await bench.until(lambda: len(bench.csms.statuses()) == 3)

    run(scenario, faults=("two-outstanding",))


def test_messages_before_acceptance():
    pending = {"status": "Pending", "currentTime": now(), "interval": 600}

    async def scenario(bench):
        await bench.until(lambda: bench.station.registration.status == "Pending")
        bench.do("plug_in")
        await bench.csms.status("Preparing")

    def prepare(csms):
        csms.answers["BootNotification"] = pending

    run(scenario, booted=False, prepare=prepare, faults=("talk-before-accepted",))


def test_falling_meter_and_illegal_status():
    async def scenario(bench):
        await bench.charging()
        assert "Reserved" in bench.csms.statuses()
        bench.do("press_stop")
        stop = await bench.csms.expect("StopTransaction")
        assert stop["meterStop"] < 1000

    run(scenario, faults=("meter-backwards", "illegal-status"))


def test_no_fault_is_active_by_default():
    async def scenario(bench):
        await session(bench)
        assert not bench.station.faults
        assert bench.csms.statuses() == ["Available", "Preparing", "Charging", "Finishing", "Available"]

    run(scenario)
