"""`octt run --resume`: a run goes on in another sitting, or is refused in one sentence and stays as it was."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from octt import __version__, paths
from octt.bench import SIMULATED, Bench, ConfigError, load
from octt.pics.declaration import Declaration, declaration_of, load_declaration
from octt.record import GENESIS, Record, check_chain, read
from octt.record.events import (
    CaseEnded,
    CaseStarted,
    Connected,
    FrameSeen,
    PlanLine,
    Remarked,
    RunEnded,
    RunResumed,
    RunStarted,
    StationChanged,
    UndoOpened,
    VerdictOverruled,
)
from octt.script.undo import Journal
from octt.suite.catalogue import load_catalogue
from octt.suite.choosing.choice import is_quick
from octt.suite.leftover import began_at, left_of
from octt.suite.options import Options
from octt.suite.prepare import prepare
from octt.suite.sitting import changes
from octt.suite.sitting.beginning import owed
from octt.suite.sitting.former import Former, read_former
from octt.suite.sitting.resuming import bench_of, this_sitting
from tests.commands.calling import octt
from tests.suite.test_left_behind import RESERVATION, Lab, kept, recorded

SIMULATED_PICS = load_declaration(paths.PICS / "simulated.toml")
VERDICTS = {
    "TC_003_CS": "PASS",
    "TC_012_CS": "INCONCLUSIVE",
    "TC_027_CS": "FAIL",
    "TC_015_CS": "ERROR",
    "TC_024_CS": "NOT APPLICABLE",
}
"""How the cases of the run below ended; TC_028_CS was cut off, TC_034_CS never begun."""

OPEN = ["TC_012_CS", "TC_015_CS", "TC_028_CS", "TC_034_CS"]


def bench_ones(*cases):
    """These cases, each at the connector of the bench."""
    return {(case, 0) for case in cases}


@pytest.fixture
def left(tmp_path):
    """Makes the folder of a run that was broken off."""

    def make(bench=SIMULATED, pics=SIMULATED_PICS, name="run", **more):
        folder = tmp_path / name
        folder.mkdir()
        record = Record(folder / "record.jsonl")
        plan = [PlanLine(case=case, applicable=True) for case in (*VERDICTS, "TC_028_CS", "TC_034_CS")]
        started = {
            "tool": {"version": __version__},
            "bench": bench.redacted(),
            "pics": pics.as_dict(),
            "started": "",
        }
        record.write(RunStarted(**{**started, "plan": plan, **more}))
        for case, verdict in VERDICTS.items():
            record.write(CaseStarted(attempt=1, name=case), case=case)
            ended = {"verdict": verdict, "blame": "", "reason": "", "seconds": 1, "forced": 0}
            record.write(CaseEnded(attempt=1, **ended), case=case)
        record.write(CaseStarted(attempt=1, name=""), case="TC_028_CS")
        record.close()
        return folder

    return make


def resumed(folder, *cases, bench=None, pics=None, profiles=(), out=None):
    return prepare(bench, pics, out, cases, profiles, folder)


# -- what is run ------------------------------------------------------------------------------------------------------


def test_what_is_not_decided_is_run_again(left):
    options = resumed(left())
    assert options.due == bench_ones(*OPEN)
    assert set(options.cases) == {*VERDICTS, "TC_028_CS", "TC_034_CS"}
    assert options.former.attempts["TC_028_CS"] == 1


def test_a_case_with_a_verdict_is_run_again_when_it_is_named(left):
    options = resumed(left(), "TC_003_CS", "tc_027_cs")
    assert options.due == bench_ones("TC_003_CS", "TC_027_CS")
    this_sitting(options, options.former, options.due)
    assert any("4 cases of the run stay without a verdict" in notice for notice in options.notices)


def test_a_profile_is_added_without_what_has_a_verdict(left):
    options = resumed(left(), profiles=("Reservation",))
    assert ("TC_046_1_CS", 0) in options.due
    assert ("TC_003_CS", 0) not in options.due
    assert {"TC_046_1_CS", "TC_003_CS"} <= set(options.cases)


def test_an_overruled_case_is_done(left):
    folder = left()
    record = Record(folder / "record.jsonl")
    record.write(VerdictOverruled(verdict="PASS", by="a", why="b"), case="TC_012_CS")
    record.close()
    assert ("TC_012_CS", 0) not in resumed(folder).due


def test_an_attempt_that_was_cut_off_takes_the_verdict_before_it_away(left):
    folder = left()
    record = Record(folder / "record.jsonl")
    record.write(CaseStarted(attempt=2, name=""), case="TC_003_CS")
    record.close()
    assert ("TC_003_CS", 0) in resumed(folder).due


def test_a_case_is_done_at_each_connector_by_itself(left):
    bench = SIMULATED.model_copy(
        update={"station": SIMULATED.station.model_copy(update={"connectors": "all"})}
    )
    plan = [PlanLine(case="TC_003_CS", applicable=True, connector=at) for at in (1, 2)]
    folder = left(bench, plan=plan)
    ended = {"verdict": "PASS", "blame": "", "reason": "", "seconds": 1, "forced": 0}
    record = Record(folder / "record.jsonl")
    record.write(CaseEnded(attempt=1, connector=1, **ended), case="TC_003_CS")
    record.write(CaseStarted(attempt=2, name="", connector=2), case="TC_003_CS")
    record.close()
    options = resumed(folder)
    assert options.due == {("TC_003_CS", 2)}
    assert options.former.attempts["TC_003_CS"] == 2  # those at all connectors together
    assert options.former.open == ["TC_003_CS"]
    record = Record(folder / "record.jsonl")
    record.write(VerdictOverruled(verdict="PASS", by="a", why="b"), case="TC_003_CS")
    record.close()
    with pytest.raises(ConfigError, match="nothing is left to do"):
        resumed(folder)


def test_what_narrows_a_sitting_leaves_the_cases_of_the_run(left):
    options = resumed(left())
    this_sitting(options, options.former, bench_ones("TC_028_CS"))
    assert options.due == bench_ones("TC_028_CS")
    assert set(options.cases) == {*VERDICTS, "TC_028_CS", "TC_034_CS"}
    assert any("goes on: 1 case of 7 to run" in notice for notice in options.notices)


def test_only_quick_cases_of_the_run_itself_are_run_where_none_is_named(left):
    quick = next(case.id for case in load_catalogue().values() if is_quick(case) and case.id not in VERDICTS)
    options = prepare(resume=left(plan=[PlanLine(case=case) for case in ("TC_028_CS", quick)]), quick=True)
    assert options.due == bench_ones(quick)
    assert set(options.cases) == {"TC_028_CS", quick}


def test_what_did_not_pass_is_run_again_where_that_is_asked_for(left):
    due = prepare(resume=left(), last_failed=True).due
    assert ("TC_027_CS", 0) in due
    assert ("TC_003_CS", 0) not in due


def test_a_record_of_hostile_input_is_not_gone_on_with(left):
    with pytest.raises(ConfigError, match="is of octt fuzz, which is begun anew"):
        resumed(left(purpose="fuzz"))


def test_nothing_left_to_do_is_said(left):
    folder = left()
    record = Record(folder / "record.jsonl")
    for case in OPEN:
        record.write(
            CaseEnded(attempt=1, verdict="PASS", blame="", reason="", seconds=1, forced=0), case=case
        )
    record.close()
    with pytest.raises(ConfigError, match=r"nothing is left to do in .*--case ID runs one again"):
        resumed(folder)


# -- what is known of the run -----------------------------------------------------------------------------------------


def test_the_record_tells_what_another_sitting_rests_on(left):
    folder = left()
    record = Record(folder / "record.jsonl")
    common = {"remote": "", "path": "", "subprotocol": None, "headers": {}, "user": "", "auth": "none"}
    record.write(Connected(connection=4, identity="", security_profile=3, tls=None, replaces=None, **common))
    raw = json.dumps(
        [2, "1", "BootNotification", {"chargePointVendor": "V", "firmwareVersion": "1", "iccid": "x"}]
    )
    frame = {"connection": 4, "dir": "in", "type": "CALL", "id": "1", "action": "BootNotification"}
    record.write(FrameSeen(raw=raw, problems=[], **frame))
    record.write(Remarked(text="t", by="monitor", cite="", severity="violation"), case=None)
    record.write(RunEnded(reason="interrupted"))
    record.close()
    former = read_former(folder)
    assert (former.connections, former.raised, former.ended, former.outside) == (4, 3, "interrupted", True)
    assert former.station == {"chargePointVendor": "V", "firmwareVersion": "1"}
    assert former.open == OPEN


def test_how_the_last_sitting_ended_counts(left):
    folder = left()
    record = Record(folder / "record.jsonl")
    record.write(RunEnded(reason="finished"))
    record.write(RunResumed(plan=[PlanLine(case="TC_040_1_CS", applicable=True)]))
    record.close()
    former = read_former(folder)
    assert former.ended == "broken off"
    assert former.cases[-1] == "TC_040_1_CS"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.unlink(), "holds no record of a run"),
        (lambda path: path.write_bytes(b""), "tells of no run that began"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"PASS", b"FAIL")), "damaged at line 3"),
        (lambda path: (path.unlink(), path.mkdir()), "holds no record of a run"),
    ],
)
def test_what_is_no_record_is_refused(left, damage, said):
    folder = left()
    damage(folder / "record.jsonl")
    with pytest.raises(ConfigError, match=said):
        resumed(folder)


def test_a_cut_off_last_line_is_no_damage(left):
    folder = left()
    with (folder / "record.jsonl").open("ab") as file:
        file.write(b'{"n":99,"t":')
    assert resumed(folder).due == bench_ones(*OPEN)


def test_another_folder_for_the_output_is_refused(left, tmp_path):
    folder = left()
    with pytest.raises(ConfigError, match="leave --out away"):
        resumed(folder, out=tmp_path / "other")
    assert resumed(folder, out=folder).out == folder


def test_a_clock_before_the_record_is_refused(left, monkeypatch):
    folder = left()
    former = read_former(folder)
    monkeypatch.setattr("octt.suite.sitting.resuming.wall", lambda: former.last - 3600 * 10**9)
    with pytest.raises(ConfigError, match="the clock of this computer is before the last line"):
        resumed(folder)


# -- bench and declaration --------------------------------------------------------------------------------------------


def test_bench_and_declaration_come_from_the_record(left):
    options = resumed(left())
    assert options.bench.redacted() == SIMULATED.redacted()
    assert options.declaration.as_dict() == SIMULATED_PICS.as_dict()
    assert options.changed == []


@pytest.mark.parametrize("file", sorted(paths.PICS.glob("*.toml")), ids=lambda file: file.stem)
def test_every_declaration_survives_the_record(file):
    if file.stem == "questionnaire":
        return
    declared = load_declaration(file).as_dict()
    assert declaration_of(json.loads(json.dumps(declared))).as_dict() == declared


def test_the_named_bench_file_of_the_run_is_used_again(left, tmp_path):
    text = '[central_system]\nhost = "127.0.0.1"\nsecurity_profile = 1\npassword = "own-password-1234"\n'
    file = tmp_path / "bench.toml"
    file.write_text(text)
    bench = Bench.model_validate({"central_system": {"host": "127.0.0.1", "security_profile": 1}})
    options = resumed(left(bench, bench_file=str(file)))
    assert options.bench.central_system.password == "own-password-1234"
    assert options.pki_folder == tmp_path / "bench-pki"


def test_passwords_are_not_on_the_record_and_the_remedy_is_said(left):
    bench = Bench.model_validate({"central_system": {"security_profile": 1}})
    with pytest.raises(
        ConfigError, match=r"passwords are not on the record of .* with --bench \(it was b.toml\)"
    ):
        resumed(left(bench, bench_file="b.toml"))


def test_a_bench_without_secrets_comes_from_the_record_with_its_limits():
    bench = Bench.model_validate({"times": {"boot_timeout": 70}, "driver": {"kind": "manual"}})
    former = Former(folder=paths.PICS, bench=bench.redacted())
    assert bench_of(former).times.model_fields_set == {"boot_timeout"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("[files.ports]\nhttp = 8080\n", ["bench: files.ports.http = 8080, it was 0"]),
        ('[driver]\nkind = "http"\nurl = "http://rig:1"\n', ['bench: driver.kind = "http", it was "manual"']),
        ("[times]\noperator_timeout = 5\n", ["bench: times.operator_timeout = 5.0, it was 900"]),
    ],
)
def test_what_decides_nothing_may_change_and_is_told(left, tmp_path, changed, told):
    file = tmp_path / "bench.toml"
    file.write_text(changed)
    options = resumed(left(Bench()), bench=file)
    assert options.changed[: len(told)] == told


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("[station]\nidentity = 'CS002'\n", 'station.identity = "CS002", it was "CS001"'),
        ("[times]\nheartbeat_interval = 20\n", "times.heartbeat_interval = 20, it was 10"),
        ("[central_system]\nsecurity_profile = 1\n", "central_system.security_profile = 1, it was 0"),
        ("[id_tags]\nvalid = 'CARD'\n", 'id_tags.valid = "CARD", it was "OCTTVALID1"'),
        ('[driver]\nkind = "simulated"\n', "driver.kind = 'simulated', it was 'manual'"),
    ],
)
def test_what_decides_is_refused_when_it_changes(left, tmp_path, changed, said):
    file = tmp_path / "bench.toml"
    file.write_text(changed)
    with pytest.raises(ConfigError) as refused:
        resumed(left(Bench()), bench=file)
    assert said in str(refused.value)
    assert "set it as it was, or begin a new run" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_setting_that_is_newer_than_the_record_had_its_default():
    bench = Bench().redacted()
    del bench["station"]["connectors"]
    former = Former(folder=paths.PICS, bench=bench)
    assert changes.of_bench(former, Bench().redacted()) == []
    every = Bench.model_validate({"station": {"connectors": "all"}})
    with pytest.raises(ConfigError, match=r"station\.connectors = "):
        changes.of_bench(former, every.redacted())


def test_a_profile_that_the_run_raised_itself_may_be_set():
    former = Former(folder=paths.PICS, bench=Bench().redacted(), raised=2)
    raised = Bench.model_validate({"central_system": {"security_profile": 2}})
    assert changes.of_bench(former, raised.redacted()) == [
        "bench: central_system.security_profile = 2, it was 0"
    ]
    other = Bench.model_validate({"central_system": {"security_profile": 3}})
    with pytest.raises(ConfigError):
        changes.of_bench(former, other.redacted())


def test_another_declaration_is_refused(left, tmp_path):
    file = tmp_path / "pics.toml"
    file.write_text('profiles = ["Core"]\n')
    with pytest.raises(ConfigError, match="leave --pics away to go on with that of the run"):
        resumed(left(), pics=file)
    assert resumed(left(name="same"), pics=paths.PICS / "simulated.toml").due


def test_another_version_of_the_tool_is_told():
    assert changes.of_tool(Former(paths.PICS, version="0.0.9"), "0.1.0") == ["octt 0.1.0, it was 0.0.9"]
    assert changes.of_tool(Former(paths.PICS, version="0.1.0"), "0.1.0") == []


def test_another_station_and_other_firmware():
    before = {"chargePointModel": "M", "firmwareVersion": "1"}
    assert changes.of_station(before, before) == ([], [])
    other, told = changes.of_station(before, {"chargePointModel": "N", "firmwareVersion": "2"})
    assert other == ['chargePointModel = "N", it was "M"']
    assert told == ['firmwareVersion = "2", it was "1"']
    assert changes.of_station(before, {"chargePointSerialNumber": "S"}) == ([], [])


# -- whole runs -------------------------------------------------------------------------------------------------------


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    yield lab
    lab.close()


def go_on(lab, folder, *more):
    run = lab.octt("run", "--resume", folder, *more)
    return run, run.communicate(timeout=120)[0]


def test_a_killed_run_goes_on_with_the_same_station(lab):
    before = lab.state()
    lab.bench.write_text(lab.bench.read_text().replace("reservation_expiry = 60", "reservation_expiry = 6"))
    run, record = lab.start("run", RESERVATION[0], "TC_040_1_CS")
    recorded(record, *RESERVATION[1])
    run.kill()
    run.wait()
    assert lab.state() != before
    with record.open("ab") as file:
        file.write(b'{"n":')
    run, said = go_on(lab, record.parent)
    assert run.returncode == 0, said
    assert "goes on: 2 cases of 2 to run in this sitting. The one before ended as: broken off." in said
    assert "left at the station by the sitting before: reservation" in said
    assert lab.state() == before
    assert check_chain(record)[1] == []
    attempts = [(event.case, event.attempt) for event in kept(record, "case.start")]
    assert attempts == [("TC_047_CS", 1), ("TC_047_CS", 2), ("TC_040_1_CS", 1)]
    assert {event.undo for event in kept(record, "undo.done")} == {
        event.n for event in kept(record, "undo.open")
    }
    (resumption,) = kept(record, "run.resume")
    assert resumption.ended == "broken off"
    numbers = [event.connection for event in kept(record, "connect")]
    assert numbers == sorted(set(numbers))
    begins = resumption.n
    assert max(event.t for event in read(record) if event.n < begins) <= resumption.t
    assert octt("verify", record.parent).returncode == 0


def test_while_a_run_goes_on_it_is_not_gone_on_with(lab):
    run, record = lab.start("run", *[RESERVATION[0]])
    recorded(record, *RESERVATION[1])
    other, said = go_on(lab, record.parent, "--case", RESERVATION[0])
    assert other.returncode == 2, said
    assert "in use" in said or "another octt is writing this record" in said
    run.kill()


def test_another_station_is_refused_and_the_folder_stays_as_it_was(lab, tmp_path):
    run, record = lab.start("run", "TC_040_1_CS")
    said = run.communicate(timeout=120)[0]
    assert run.returncode == 0, said
    folder = record.parent
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    lab.simulator.kill()
    lab.power_up("--model", "Other model")
    run, said = go_on(lab, folder, "--case", "TC_040_1_CS")
    assert run.returncode == 2, said
    assert "this is not the station of the run in" in said
    assert 'chargePointModel = "Other model"' in said
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert octt("verify", folder).returncode == 0


def test_a_station_that_does_not_come_changes_nothing(tmp_path, left):
    text = '[central_system]\nhost = "127.0.0.1"\nport = 0\n[times]\nconnect_timeout = 0.5\nresponse_timeout = 1\n'
    file = tmp_path / "bench.toml"
    file.write_text(text + '[driver]\nkind = "command"\ncommands = { plug_in = "true" }\n')
    pics = declaration_of({"profiles": ["Core"]})
    folder = left(load(file), pics)
    before = (folder / "record.jsonl").read_bytes()
    done = octt("run", "--resume", folder)
    assert done.returncode == 4, done.stderr + done.stdout
    assert "the station did not connect" in done.stderr
    assert (folder / "record.jsonl").read_bytes() == before


def test_sittings_in_another_order_than_the_plan_are_judged_in_theirs(tmp_path):
    folder = tmp_path / "run"
    assert octt("run", "--case", "TC_010_CS", "--out", folder).returncode == 0
    assert octt("run", "--resume", folder, "--case", "TC_004_1_CS").returncode == 0
    judged = octt("judge", folder)
    assert judged.returncode == 0, judged.stdout
    assert "2 the same verdict" in judged.stdout


# -- what is owed between sittings ------------------------------------------------------------------------------------

REAL = Bench.model_validate({"central_system": {"port": 9000}})
UNDO = UndoOpened(what="configuration", name="HeartbeatInterval", given={"value": "300"})


def begun(folder, *events):
    """A record of a run on the real bench, with these events."""
    folder.mkdir(exist_ok=True)
    record = Record(folder / "record.jsonl")
    if record.last_hash == GENESIS:
        record.write(
            RunStarted(tool={}, bench=REAL.redacted(), pics={}, plan=[PlanLine(case="A")], started="")
        )
    written = [record.write(event, case="A") for event in events]
    record.close()
    return written


def journal_of(folder):
    record = Record(folder / "record.jsonl")
    return Journal(record), record


def test_what_a_sitting_left_is_owed_by_the_next_one_under_its_own_line(tmp_path):
    (undo,) = begun(tmp_path / "a", UNDO)
    changed = StationChanged(what=UNDO.what, name=UNDO.name, before="300", after="5", restored=False)
    begun(tmp_path / "a", changed)
    journal, record = journal_of(tmp_path / "a")
    options = Options(REAL, Declaration(), tmp_path / "a")
    assert owed(read_former(tmp_path / "a"), options, journal) is None
    assert [one.line for one in journal.open] == [undo.n]
    journal.restored(journal.open[0])
    record.close()
    *_, done, restored = read(tmp_path / "a" / "record.jsonl")
    assert (done.undo, done.outcome, done.case) == (undo.n, "restored", "A")
    assert (restored.before, restored.after, restored.restored) == ("5", "300", True)


def test_what_another_run_took_over_meanwhile_is_its_own(tmp_path):
    (undo,) = begun(tmp_path / "a", UNDO)
    former = read_former(tmp_path / "a")
    begun(tmp_path / "b", replace(UNDO, run="a"))
    journal, record = journal_of(tmp_path / "a")
    left = owed(former, Options(REAL, Declaration(), tmp_path / "a"), journal)
    assert left.run == "b"
    assert [one.name for one in left.undos] == ["HeartbeatInterval"]
    assert journal.open == []
    record.close()
    *_, done = read(tmp_path / "a" / "record.jsonl")
    assert (done.undo, done.outcome) == (undo.n, "taken over")


def test_the_simulated_station_of_the_sitting_before_is_gone_and_so_is_what_it_was_owed(tmp_path):
    begun(tmp_path / "a", UNDO)
    journal, record = journal_of(tmp_path / "a")
    options = Options(SIMULATED, Declaration(), tmp_path / "a")
    assert owed(read_former(tmp_path / "a"), options, journal) is None
    record.close()
    assert journal.open == []
    assert list(read(tmp_path / "a" / "record.jsonl"))[-1].outcome == "not needed"


def test_who_goes_on_last_has_what_is_left(tmp_path):
    """Two runs that took over from each other are no circle."""
    begun(tmp_path / "a", UNDO)
    begun(tmp_path / "b", replace(UNDO, run="a"))
    assert left_of(tmp_path / "a").run == "b"
    begun(tmp_path / "a", RunResumed(), replace(UNDO, run="b"))
    assert left_of(tmp_path / "a").run == "a"
    assert left_of(tmp_path / "b").run == "a"


def test_a_later_sitting_is_found_whatever_a_station_writes_into_its_headers(tmp_path):
    (_, resumption) = begun(tmp_path / "a", UNDO, RunResumed())
    common = {
        "remote": "",
        "path": "",
        "subprotocol": None,
        "security_profile": 0,
        "user": "",
        "auth": "none",
    }
    hostile = Connected(
        connection=1, identity="", headers={"kind": "run.resume"}, tls=None, replaces=None, **common
    )
    begun(tmp_path / "a", hostile)
    assert began_at(tmp_path / "a" / "record.jsonl") == resumption.t
    assert began_at(tmp_path / "none") == 0
