"""The bench file: the template is valid, and every mistake is named with place and remedy."""

from __future__ import annotations

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octt.bench import TEMPLATE, Bench, ConfigError, Driver, load


def written(tmp_path, text):
    file = tmp_path / "bench.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_template_is_a_bench_with_the_defaults():
    loaded = load(TEMPLATE)
    assert loaded == Bench()


def test_an_empty_file_is_a_bench(tmp_path):
    assert load(written(tmp_path, "")) == Bench()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[station]\nidentiy = 'x'", "unknown key station.identiy; did you mean identity?"),
        ("[central]\n", "unknown key central"),
        (
            "[central_system]\nport = 70000",
            "central_system.port = 70000: should be less than or equal to 65535",
        ),
        ("[central_system]\nport = '9000'", "central_system.port = '9000': should be a valid integer"),
        (
            "[driver]\nkind = 'robot'",
            "driver.kind = 'robot': should be 'manual', 'http', 'command', 'python' or 'simulated'",
        ),
        ("[driver]\nkind = 'http'", "needs url"),
        ("[driver]\nkind = 'command'", "driver.commands"),
        ("[id_tags]\nvalid = 'A'\ninvalid = 'a'", "invalid and valid are the same"),
        ("[times]\nboot_timeout = -1", "times.boot_timeout = -1: should be greater than 0"),
        ("x = ", "not valid TOML"),
        (
            "[central_system]\ntls_port = 9000",
            "central_system.tls_port and central_system.port are both 9000; each needs a port of its own",
        ),
        (
            "[files.ports]\nftp = 9001",
            "files.ports.ftp and central_system.tls_port are both 9001; each needs a port of its own",
        ),
        ("[files]\npassive_ports = [50100, 50000]", "the first is the greater one"),
        ("[firmware]\nimage = 'none.bin'", "there is no file 'none.bin' for image"),
        ("[firmware]\ncorrupt_image = 'none.bin'", "there is no file 'none.bin' for corrupt_image"),
    ],
)
def test_mistakes_are_named(tmp_path, text, words):
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        load(file)
    assert words in str(error.value)
    assert str(error.value).startswith(f"bench file {file}: ")


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigError, match="octt new"):
        load(tmp_path / "none.toml")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.sampled_from([*Bench.model_fields, "nonsense"]),
    key=st.one_of(
        st.sampled_from(["port", "kind", "identity", "valid"]), st.text(string.ascii_lowercase, min_size=1)
    ),
    value=st.one_of(st.integers(), st.booleans(), st.floats(allow_nan=False), st.text(string.printable)),
)
def test_anything_else_is_a_bench_or_a_sentence(tmp_path, table, key, value):
    import tomlkit

    file = written(tmp_path, tomlkit.dumps({table: {key: value}}))
    try:
        said, loaded = "", load(file)
    except ConfigError as error:
        said, loaded = str(error), None
    assert isinstance(loaded, Bench) or str(file) in said


def test_ports_that_are_chosen_by_the_computer_are_never_the_same(tmp_path):
    load(written(tmp_path, "[central_system]\nport = 0\ntls_port = 0\n[files.ports]\nhttp = 0\nftp = 0\n"))


@pytest.mark.parametrize(
    "text",
    [
        "[central_system]\npassword = 'hush-{}'".format("x" * 40),
        "[security]\nnew_password = 'hush'",
        "[security]\nnew_password = ['hush']",
        "security = 'hush'",
    ],
)
def test_a_mistake_in_a_password_does_not_show_it(tmp_path, text):
    with pytest.raises(ConfigError) as error:
        load(written(tmp_path, text))
    assert "hush" not in str(error.value)
    assert "(secret)" in str(error.value)


def test_secrets_do_not_reach_the_record():
    bench = Bench(
        driver=Driver(
            kind="http",
            url="http://rig:hush-hush@10.0.0.1:80/",
        )
    )
    shown = str(bench.redacted())
    for secret in (bench.central_system.password, bench.security.new_password, "hush"):
        assert secret not in shown
    assert bench.redacted()["driver"]["url"] == "http://(secret)@10.0.0.1:80/"


@pytest.mark.parametrize(
    "arguments",
    [
        "'--authorization-key', 'hush'",
        "'--authorization-key=hush'",
        "'--key', 'AuthorizationKey=hush'",
        "'--key=authorizationkey=hush'",
    ],
)
def test_no_password_goes_to_the_command_line_of_the_simulated_station(tmp_path, arguments):
    with pytest.raises(ConfigError, match="--authorization-key-file") as error:
        load(written(tmp_path, f"[driver]\nkind = 'simulated'\nsimulator = [{arguments}]"))
    assert "hush" not in str(error.value)
    load(written(tmp_path, "[driver]\nsimulator = ['--authorization-key-file', 'key', '--key', 'CpoName=x']"))
