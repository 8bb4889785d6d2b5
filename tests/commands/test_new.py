"""`octt new`."""

import os
import stat

from octt.bench import Bench, load
from tests.commands.calling import invoke


def test_new_writes_a_bench_that_can_be_read(tmp_path):
    file = tmp_path / "mine.toml"
    assert invoke("new", file).exit_code == 0
    assert load(file) == Bench()
    again = invoke("new", file)
    assert again.exit_code == 2
    assert again.stderr == f"octt: {file} is there already; --force overwrites it\n"


def test_passwords_will_be_in_it_so_nobody_else_may_read_it(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("old")
    file.chmod(0o644)
    former = os.umask(0)
    try:
        assert invoke("new", file, "--force").exit_code == 0
        assert invoke("new", tmp_path / "other.toml").exit_code == 0
    finally:
        os.umask(former)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "other.toml").stat().st_mode) == 0o600


def test_where_nothing_can_be_written(tmp_path):
    refused = invoke("new", tmp_path / "no" / "such" / "bench.toml")
    assert refused.exit_code == 2
    assert "could not be written: No such file or directory" in refused.stderr
