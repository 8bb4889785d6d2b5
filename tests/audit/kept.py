"""Old records that are judged again and again: `records/NAME.tar.xz`, with the approved verdicts in `approved.json`.

A record is kept without the hash of each line before, which is worked out when it is unpacked: it is half of what
cannot be packed. `python -m tests.audit.kept add FOLDER NAME` packs a run; `approve` in place of all that judges every
record and writes down what came of it: read the difference before it is committed.
"""

import io
import json
import re
import sys
import tarfile
from pathlib import Path

from octt.audit.judge.judging import Fate, judge
from octt.audit.judge.tape import load, tape_of
from octt.record.chain import Chain
from octt.record.writer import GENESIS, line_hash

HERE = Path(__file__).with_name("records")
APPROVED = HERE / "approved.json"
NAMES = sorted(path.name.removesuffix(".tar.xz") for path in HERE.glob("*.tar.xz"))

_PREVIOUS = re.compile(rb',"prev":"[0-9a-f]{64}"\}$')


def approved():
    """By record and case: the verdict, or that the case cannot be judged."""
    return json.loads(APPROVED.read_text(encoding="utf-8"))


def told(findings):
    """What is approved of findings."""
    return {one.case: str(one.fate) if one.fate is Fate.UNTOLD else one.today for one in findings}


def unpack(name, folder):
    """The folder of a run, as it was."""
    with tarfile.open(HERE / f"{name}.tar.xz") as tar:
        tar.extractall(folder, filter="data")
    write(folder, (folder / "record.jsonl").read_bytes().splitlines())
    return folder


def write(folder, lines):
    """A record of these lines, numbered and chained anew."""
    folder.mkdir(exist_ok=True)
    previous, written = GENESIS, []
    for number, line in enumerate(lines, 1):
        body = re.sub(rb'^\{"n":\d+', b'{"n":%d' % number, _PREVIOUS.sub(b"}", line))
        written.append(body[:-1] + b',"prev":"%b"}' % previous.encode())
        previous = line_hash(written[-1])
    (folder / "record.jsonl").write_bytes(b"\n".join(written) + b"\n")


def events(folder):
    """The events of a record."""
    return [event for event, _ in Chain(folder / "record.jsonl").events()]


def judged(folder, changed, *cases):
    """What is made of a record whose events were changed, by case; only `cases`, if any are named."""
    tape = tape_of(folder, changed)
    tape.attempts = {key: one for key, one in tape.attempts.items() if not cases or key[0] in cases}
    return {one.case: one for one in judge(tape)}


def add(source, name):
    """Packs the folder of a run."""
    lines = [_PREVIOUS.sub(b"}", line) for line in (source / "record.jsonl").read_bytes().splitlines()]
    files = {"record.jsonl": b"\n".join(lines) + b"\n"}
    uploads = sorted(path for path in source.glob("files/uploads/**/*") if path.is_file())
    files |= {path.relative_to(source).as_posix(): path.read_bytes() for path in uploads}
    with tarfile.open(HERE / f"{name}.tar.xz", "w:xz", preset=9) as tar:
        for place, data in files.items():
            info = tarfile.TarInfo(place)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def approve(folder):
    """Writes down what is made of every record today."""
    found = {name: told(judge(load(unpack(name, folder / name)))) for name in NAMES}
    APPROVED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    import tempfile

    if sys.argv[1:2] == ["add"]:
        add(Path(sys.argv[2]), sys.argv[3])
    else:
        with tempfile.TemporaryDirectory() as place:
            approve(Path(place))
