"""What is wrong with a campaign is one sentence before anything starts; what is legal is not refused."""

from __future__ import annotations

import pytest

from octt import paths
from octt.bench import ConfigError
from octt.campaign.check import check
from octt.campaign.file import load
from tests.commands.calling import invoke

SIMULATED = (
    '[central_system]\nhost = "127.0.0.1"\nport = {port}\ntls_port = {tls}\n[driver]\nkind = "simulated"\n'
)


@pytest.fixture
def write(tmp_path):
    """Writes a campaign with benches `a` and `b` beside it; its path."""

    def written(text, **benches):
        for name in ("a", "b"):
            bench = benches.get(name, SIMULATED.format(port=0, tls=0))
            (tmp_path / f"{name}.toml").write_text(bench)
        (tmp_path / "c.toml").write_text(text)
        return tmp_path / "c.toml"

    return written


def station(name, bench="a.toml", more=""):
    return f'[[station]]\nname = "{name}"\nbench = "{bench}"\n{more}\n'


TWO = station("one") + station("two", "b.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("side_by = 2\n" + TWO, "unknown key side_by; did you mean side_by_side?"),
        (station("one", more='bensh = "x"'), "station 'one': unknown key bensh; did you mean bench?"),
        ('[[station]]\nname = "one"\n', "station 'one' has no bench; name its bench file"),
        ('[[station]]\nbench = "a.toml"\n', "station number 1: name"),
        ("", "station: Field required"),
        ("name = 3\n" + TWO, "name = 3: should be a valid string"),
        ("side_by_side = 0\n" + TWO, "side_by_side = 0: should be greater than or equal to 1"),
        (station("One") + station("one"), "two stations are called one"),
        (station("../x"), "station '../x': name = '../x'"),
        (station("one", "no.toml"), "there is no bench file"),
        (station("one", more='cases = ["TC_999_CS"]'), "TC_999_CS"),
        (station("one", more='pics = ["x.toml", "y/x.toml"]'), "two declarations called x"),
        (station("one", more='pics = "no.toml"'), "no.toml"),
        ("[[", "not valid TOML"),
    ],
)
def test_a_bad_file_is_one_sentence_and_nothing_is_begun(write, tmp_path, text, told):
    path = write(text)
    done = invoke("campaign", path, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "campaign" in done.output or "station" in done.output
    assert told in done.output
    assert "Traceback" not in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def clash(write, a, b, *, here=True, text=TWO):
    with pytest.raises(ConfigError) as found:
        check(load(write(text, a=a, b=b)), here=here)
    return str(found.value)


def test_two_stations_on_one_fixed_port_are_refused(write):
    one = SIMULATED.format(port=9000, tls=0) + '[station]\nidentity = "A"\n'
    other = SIMULATED.format(port=0, tls=9000)
    assert clash(write, one, other) == (
        "stations 'one' and 'two' are both on port 9000 (central_system.port and central_system.tls_port); "
        "give each a port of its own, or port 0 (any free one) for a simulated station"
    )


def test_one_identity_on_one_port_is_the_same_station_twice(write):
    bench = SIMULATED.format(port=9000, tls=0)
    assert "have the same identity CS001 on the same port 9000" in clash(write, bench, bench)


def test_the_default_ports_clash_too(write):
    assert "on the same port 9000" in clash(write, "[driver]\nkind='simulated'", "[driver]\nkind='simulated'")


def test_file_ports_and_passive_ports_clash_too(write):
    one = SIMULATED.format(port=0, tls=0) + "[files]\npassive_ports = [5000, 5010]\n"
    other = SIMULATED.format(port=0, tls=0) + "[files.ports]\nhttp = 5007\n"
    assert "both on port 5007 (files.passive_ports and files.ports.http)" in clash(write, one, other)


def test_one_rig_cannot_act_on_two_stations(write):
    rig = '[central_system]\nport = {}\ntls_port = 0\n[driver]\nkind = "http"\nurl = "http://me:secret@rig:1/"\n'
    told = clash(write, rig.format(7001), rig.format(7002))
    assert "the same rig" in told
    assert "secret@" not in told


@pytest.mark.parametrize("driver", ['kind = "manual"', 'kind = "simulated"\noperator = true'])
def test_a_station_that_needs_a_person_is_refused(write, driver):
    told = clash(write, f"[driver]\n{driver}\n", SIMULATED.format(port=0, tls=0))
    assert told.startswith("station 'one': driver.")
    assert "nobody can be asked by many runs at once" in told


def test_stations_with_free_ports_may_share_a_bench(write):
    check(load(write(station("one") + station("two"))), here=True)


def test_racks_of_their_own_may_use_the_same_ports(write):
    bench = SIMULATED.format(port=9000, tls=9001)
    check(load(write(TWO, a=bench, b=bench)), here=False)
    same = station("one", more='rack = "r"') + station("two", "b.toml", 'rack = "r"')
    assert "on the same port 9000" in clash(write, bench, bench, here=False, text=same)


def test_what_a_bench_names_may_be_on_the_rack_alone(write):
    bench = SIMULATED.format(port=0, tls=0) + '[firmware]\nimage = "only-there.bin"\n'
    path = write(TWO, a=bench)
    check(load(path), here=False)
    with pytest.raises(ConfigError, match=r"station 'one': .*only-there\.bin"):
        check(load(path), here=True)


def test_a_bench_for_a_rack_is_checked_as_far_as_it_can_be(write):
    assert "unknown key driver.kin" in clash(write, "[driver]\nkin = 1\n", "", here=False)
    assert "not valid TOML" in clash(write, "[[", "", here=False)
    unknown = station("one", more='cases = ["TC_999_CS"]')
    assert "TC_999_CS" in clash(write, SIMULATED.format(port=0, tls=0), "", here=False, text=unknown)


def test_what_a_station_does_not_say_holds_for_all(write):
    simulated, c6 = paths.PICS / "simulated.toml", paths.PICS / "xcharge-c6.toml"
    head = f'cases = ["TC_001_CS"]\npics = ["{simulated}", "{c6}"]\n'
    path = write(
        head + station("one") + station("two", "b.toml", 'pics = []\ncases = []\nprofiles = ["Core"]')
    )
    one, other, two = load(path).runs
    assert (one.name, other.name, two.name) == ("one/simulated", "one/xcharge-c6", "two")
    assert (one.cases, one.pics, other.pics) == (("TC_001_CS",), simulated, c6)
    assert (two.cases, two.pics, two.profiles, two.rack) == ((), None, ("Core",), "two")
