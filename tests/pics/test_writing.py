"""Declarations are written as they are read: templates, interviews, drafts, and options of the simulated station."""

import itertools
import tomllib

import pytest
from declarations import SHIPPED, declare, raw, shipped
from hypothesis import given
from hypothesis import strategies as st
from story import Story

from octt.pics.declaration import Declaration, read_declaration
from octt.pics.draft import Observed, draft, observed
from octt.pics.interview import AnswerError, Interview, parse_answer
from octt.pics.problems import problems
from octt.pics.questionnaire import FORMS, load_questionnaire
from octt.pics.simulate import simulator_options
from octt.pics.writing import toml_key, toml_value, write_declaration, write_template
from octt.simulator.main import simulate


def errors(declaration):
    return [problem for problem in problems(declaration) if problem.severity == "error"]


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_written_reads_back_the_same(name):
    declaration = shipped(name)
    again = read_declaration(write_declaration(declaration))
    assert again.as_dict() == declaration.as_dict()
    assert again.unreadable == []


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(
    st.dictionaries(
        texts, st.one_of(texts, st.booleans(), st.integers(), st.lists(texts, max_size=3)), max_size=3
    )
)
def test_any_value_reads_back_the_same(data):
    text = "\n".join(f"{toml_key(name)} = {toml_value(value)}" for name, value in data.items())
    assert tomllib.loads(text) == data


@pytest.mark.parametrize("form", FORMS)
def test_a_template_lacks_nothing_but_answers(form):
    found = errors(read_declaration(write_template(form)))
    assert all("not answered" in problem.what or "no table" in problem.what for problem in found)
    required = {
        question.id
        for question in load_questionnaire().questions.values()
        if question.required
        and form in question.forms
        and question.asked_if == "true"
        and question.type != "table"
    }
    assert required <= {problem.id for problem in found}


@pytest.mark.parametrize("form", FORMS)
def test_a_template_with_its_examples_taken_is_readable(form):
    lines = write_template(form).splitlines()
    taken = [
        line[2:] if line.startswith("# ") and " = " in line and "Only if" not in line else line
        for line in lines
    ]
    text = "\n".join(line for line in taken if not line.startswith(("KEY", '"Name')))
    assert read_declaration(text.replace("# [[connectors]]", "[[connectors]]")).unreadable == []


REPLIES = {
    "vendor": "Acme",
    "designation": "X1",
    "software_version": "1.0",
    "HFS-1": "yes",
    "HFS-2": "no",
    "HFS-4": "n",
    "HFS-9": "ethernet, wifi",
    "ORS-1": "60",
    "ORS-4": "1",
    "ORS-6": "1",
    "C-06.1": "no",
}


def answered_by_default(interview):
    while (question := interview.current) is not None:
        reply = REPLIES.get(question.id, "")
        if not reply and not interview.proposal(question) and question.required:
            reply = "yes" if question.type == "bool" else "10"
        interview.reply(reply)
    return interview.declaration


@pytest.mark.parametrize("form", FORMS)
def test_an_interview_leads_to_a_declaration_without_errors(form):
    declaration = answered_by_default(Interview(Declaration(form=form)))
    assert errors(declaration) == []
    assert declaration.answer("HFS-9") == ["Ethernet", "WiFi"]
    assert errors(read_declaration(write_declaration(declaration))) == []


def test_an_interview_asks_only_what_concerns_the_station():
    interview = Interview(Declaration(profiles=("Core",)))
    asked = {question.id for question in interview.questions()}
    assert "R-1" not in asked
    assert "SEC-1" not in asked
    interview.declaration.profiles = ("Core", "Reservation", "Security")
    asked = {question.id for question in interview.questions()}
    assert {"R-1", "SEC-1"} <= asked
    assert "AQ-3" in asked
    interview.declaration.answers["SEC-3"] = False
    assert "AQ-3" not in {question.id for question in interview.questions()}


def test_an_interview_goes_back_skips_and_is_taken_up_again():
    interview = Interview(Declaration())
    assert not interview.back()
    interview.reply("Acme")
    interview.reply("X1")
    assert interview.back()
    assert interview.current.id == "designation"
    assert interview.proposal(interview.current) == "X1"
    interview.reply("X2")
    interview.skip()
    assert interview.current.id == "software_version"
    assert interview.back()
    assert interview.current.id == "product_type"
    again = Interview(read_declaration(write_declaration(interview.declaration)))
    assert again.declaration.answer("designation") == "X2"
    assert again.current.id == "product_type"


@pytest.mark.parametrize(
    ("item", "text", "value"),
    [
        ("HFS-1", "Y", True),
        ("F-1", "False", False),
        ("HFS-8", " 3 ", 3),
        ("HFS-10", "single", "Single"),
        ("ORS-16", "HTTP,ftp", ["http", "ftp"]),
        ("response_timeout", "2.5", 2.5),
        ("vendor", "A, B", "A, B"),
    ],
)
def test_a_reply_means(item, text, value):
    assert parse_answer(load_questionnaire()[item], text) == value


@given(st.sampled_from(sorted(load_questionnaire().questions)), st.text())
def test_any_reply_is_an_answer_or_refused_in_one_sentence(item, text):
    interview = Interview(declare(raw()))
    question = interview.declaration and load_questionnaire()[item]
    if question.type == "table":
        return
    try:
        value = parse_answer(question, text)
    except AnswerError as error:
        refusal = str(error)
        assert refusal
        return
    again = read_declaration(f"x = {toml_value(value)}")
    assert again.unreadable[0].id == "x"  # readable as TOML, whatever the text was


def test_connectors_are_asked_in_words():
    fitting = {"HFS-2": True, "HFS-4": True, "HFS-5": True}
    interview = Interview(declare({**raw(), "answers": raw()["answers"] | fitting, "connectors": []}))
    while interview.current.id != "connectors":
        interview.skip()
    assert interview.proposal(interview.current) == "AC 3 sType2 Detachable; AC 3 sType2 Detachable"
    for wrong in ("AC", "AC x sType2 Fixed", "XX 3 sType2 Fixed", "AC 3 sType2 Loose"):
        with pytest.raises(AnswerError):
            interview.reply(wrong)
    interview.reply("dc 0 cCCS2 fixed; AC 1 sType2 Detachable")
    assert [vars(row) for row in interview.declaration.connectors] == [
        {"connector": 1, "current": "DC", "phases": 0, "type": "cCCS2", "cable": "Fixed Cable"},
        {"connector": 2, "current": "AC", "phases": 1, "type": "sType2", "cable": "Detachable Cable"},
    ]


def seen_station():
    story = Story()
    tls = {"version": "TLSv1.2", "cipher": "AES128-GCM-SHA256", "offered": ["AES128-GCM-SHA256"]}
    story.connect(security_profile=2, auth="ok", tls=tls)
    story.sends("BootNotification", chargePointVendor="Acme", chargePointModel='X"1', firmwareVersion="1.0\n")
    story.keys(
        SupportedFeatureProfiles=("Core,SmartCharging",),
        NumberOfConnectors=("2",),
        AuthorizationCacheEnabled="true",
        ChargingScheduleAllowedChargingRateUnit=("Current",),
        StopTransactionOnEVSideDisconnect="true",
        AuthorizationKey="secret",
        MeterValuesSampledData="Voltage,Nonsense",
    )
    story.calls("UnlockConnector", {"status": "Unlocked"}, connectorId=1)
    return story


def test_a_draft_says_where_each_answer_comes_from():
    text = draft(observed(seen_station().events))
    declaration = read_declaration(text)
    assert declaration.unreadable == []
    assert declaration.profiles == ("Core", "SmartCharging", "Security")
    expected = {
        "HFS-8": 2,
        "C-04": True,
        "C-05": False,
        "C-06.2": True,
        "SC-1.1": True,
        "SC-1.2": False,
        "HFS-1": True,
    }
    assert {item: declaration.answer(item) for item in expected} == expected
    assert declaration.answer("designation") == 'X"1'
    assert declaration.answer("C-09.1") == ["Voltage"]
    assert declaration.answer("SEC-2") is True
    assert "secret" not in text
    answered = [line for line in text.splitlines() if " = " in line]
    marks = {line.split(" = ")[0].strip('# "'): line.rpartition("# ")[2] for line in answered}
    assert marks["C-04"] == "read from the station"
    assert marks["C-07"] == "guessed"
    assert marks["HFS-2"] == "guessed"
    assert marks["ORS-4"] == "please answer"
    assert {"C-07", "HFS-2", "C-09.1"} <= declaration.guessed
    assert "C-04" not in declaration.guessed
    assert declaration.configuration_keys["NumberOfConnectors"].access == "R"


def test_a_draft_of_nothing_asks_for_everything():
    declaration = read_declaration(draft(Observed()))
    assert declaration.unreadable == []
    assert declaration.guessed == {"C-07", "C-08", "AQ-2", "AQ-5", "AQ-7.1", "AQ-7.2"}


def test_a_draft_can_be_completed_by_asking():
    declaration = read_declaration(draft(observed(seen_station().events)))
    declaration.answers |= {
        "SEC-3": False,
        "SEC-1": False,
        "SEC-4": list(load_questionnaire()["SEC-4"].allowed),
    }
    finished = answered_by_default(Interview(declaration))
    left = {
        problem.place for problem in errors(finished) if not problem.place.startswith("configuration_keys.")
    }
    assert left == {"answers.C-09.1"}, "the station is set to a measurand that does not exist"


def pairs(options, name):
    return [value for option, value in itertools.pairwise(options) if option == name]


@pytest.mark.parametrize("name", SHIPPED)
def test_octt_simulate_takes_the_options(name):
    options = simulator_options(shipped(name))
    given = simulate.make_context("simulate", ["--csms", "ws://host", "--identity", "CS1", *options]).params
    assert given["connectors"] == 2
    assert set(given["profiles"]) == set(shipped(name).profiles) - {"Security"}
    assert given["firmware_version"] == shipped(name).answer("software_version")
    assert given["fixed_cable"] is (name != "simulated")


def test_a_simulated_station_is_what_is_declared():
    options = simulator_options(shipped("xcharge-c6"))
    assert pairs(options, "--connectors") == ["2"]
    assert "--fixed-cable" in options
    assert "--backup-power" not in options
    assert pairs(options, "--model") == ["C6"]
    assert pairs(options, "--cipher") == shipped("xcharge-c6").answer("SEC-4")
    assert "--cipher" not in simulator_options(shipped("simulated"))
    assert {"LocalAuthListMaxLength=50", "ChargeProfileMaxStackLevel=3"} <= set(pairs(options, "--key"))
    assert pairs(options, "--absent") == ["MinimumStatusDuration"]


def test_a_simulated_station_has_the_declared_keys_and_no_others():
    options = simulator_options(shipped("xj-power-ievqc33"))
    keys = dict(pair.split("=", 1) for pair in pairs(options, "--key"))
    assert keys["ConnectorPhaseRotation"] == "1.RST,2.RST,3.RST"
    assert keys["ChargingScheduleMaxPeriods"] == "2"
    assert "NumberOfConnectors" not in keys
    assert "StopTxnAlignedData" not in keys, "its printed value cannot be one"
    assert "SupportedFileTransferProtocols" in pairs(options, "--absent")
    assert not set(keys) & set(pairs(options, "--absent"))


def test_profiles_and_power_follow_the_declaration():
    data = raw()
    data["profiles"] = ["Core", "Security"]
    data["answers"] |= {"AQ-7.1": True, "AQ-7.2": False}
    options = simulator_options(declare(data))
    assert pairs(options, "--profile") == ["Core"]
    assert "--backup-power" in options
    assert "--fixed-cable" not in options


@pytest.mark.parametrize(
    ("answers", "option"),
    [
        ({"HFS-3": False, "HFS-4": True}, "--direct-current"),
        ({"HFS-5": True, "HFS-7": False}, "--one-phase"),
        ({"HFS-10": "Single"}, "--single-reader"),
        ({"AQ-2": True}, "--locked-until-authorized"),
        ({"AQ-4": False}, "--download-waits"),
        ({"C-07": False}, "--no-local-start"),
        ({"C-08": False}, "--no-local-stop"),
        ({"F-1": False}, "--no-signed-firmware"),
        ({"ORS-6": 15}, "HeartbeatInterval=15"),
    ],
)
def test_how_it_is_built_follows_the_declaration(answers, option):
    data = raw()
    assert option not in simulator_options(declare(data))
    data["answers"] |= answers
    assert option in simulator_options(declare(data))


# -- contradictions, at once ----------------------------------------------------------------------------------


def at(interview, item):
    """The interview, at the question with this id."""
    interview._again = item
    assert interview.current.id == item
    return interview


def test_an_answer_that_contradicts_an_earlier_one_is_no_answer():
    interview = Interview(
        declare({**raw(), "answers": {**raw()["answers"], "C-06.1": True, "C-06.2": False}})
    )
    with pytest.raises(AnswerError, match="a transaction cannot both go on"):
        at(interview, "C-06.2").reply("yes")
    assert interview.declaration.answer("C-06.2") is False
    assert interview.current.id == "C-06.2"
    assert interview.reply("no") == []


def test_an_earlier_answer_may_change_and_the_later_one_is_asked_again():
    interview = Interview(
        declare({**raw(), "answers": {**raw()["answers"], "C-06.1": True, "C-06.2": False}})
    )
    (remark,) = at(interview, "C-06.1").reply("no")
    assert "C-06.2 will be asked again" in remark
    assert interview.declaration.answer("C-06.2") is None
    assert at(interview, "C-06.2").reply("yes") == []
    assert errors(interview.declaration) == []


def test_a_table_of_connectors_that_does_not_fit_is_asked_again_or_refused():
    interview = Interview(declare(raw()))
    count = len(interview.declaration.connectors)
    (remark,) = at(interview, "HFS-8").reply(str(count + 1))
    assert "connectors will be asked again" in remark
    assert interview.declaration.connectors == ()
    with pytest.raises(AnswerError, match=f"HFS-8 says {count + 1}"):
        at(interview, "connectors").reply("AC 3 sType2 Detachable")
    assert interview.declaration.connectors == ()


def test_profiles_without_core_are_refused():
    interview = Interview(declare(raw()))
    with pytest.raises(AnswerError, match="every station needs it"):
        at(interview, "profiles").reply("Reservation")
    assert "Core" in interview.declaration.profiles


def test_what_is_only_odd_is_taken_and_told():
    interview = Interview(declare(raw()))
    (remark,) = at(interview, "HFS-9").reply("Ethernet, carrier pigeon")
    assert "'carrier pigeon' is unusual" in remark
    assert interview.declaration.answer("HFS-9") == ["Ethernet", "carrier pigeon"]


@pytest.mark.parametrize(
    ("item", "choices"),
    [
        ("HFS-1", "yes/no"),
        ("HFS-8", ""),
        ("vendor", ""),
        ("profiles", "any of Core, FirmwareManagement"),
        ("ORS-16", "any of "),
        ("HFS-10", "one of None, Single, Multiple"),
    ],
)
def test_the_choices_stand_at_the_question(item, choices):
    interview = Interview(declare(raw()))
    shown = interview.choices(load_questionnaire()[item])
    assert shown.startswith(choices)
    assert bool(shown) == bool(choices)
