"""The index of a folder of runs: a SQLite file, made from the records alone, brought up to date when it is used."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, fields
from multiprocessing import get_context
from pathlib import Path

from octt.history.reading import RECORD, CaseResult, RunResult, Time, read

FILE = "octt-history.sqlite"
VERSION = 1
"""Of the tables; an index of another version is made anew."""

ALONE = 12
"""As many records are read without processes of their own: they would take longer to start."""

_SCHEMA = """
create table run (
  folder text primary key, size integer, modified integer, hash text, started integer, seconds real, vendor text,
  model text, serial text, firmware text, tool text, verdict text, headline text, issuable integer, part text,
  problem text
) without rowid;
create table result (
  folder text, id text, name text, profile text, verdict text, fault text, place integer, primary key (folder, id)
) without rowid;
create table time (
  folder text, key text, name text, count integer, median real, longest real, at_least integer, declared real,
  primary key (folder, key)
) without rowid;
"""
_RUN = [one.name for one in fields(RunResult) if one.name not in ("cases", "times")]


class HistoryError(Exception):
    """The folder or its index cannot be used; the message is a sentence."""


class Index:
    """The index of the runs below `root`, at `file`; in memory where that cannot be written to."""

    def __init__(self, root: Path, file: Path | None = None) -> None:
        """Opens the index, or begins a new one. HistoryError for a folder that is none."""
        if not root.is_dir():
            raise HistoryError(f"{root} is no folder")
        self.root = root
        self.file = file or root / FILE
        self._database = self._open()

    def _open(self) -> sqlite3.Connection:
        for place in (self.file, None):
            with contextlib.suppress(sqlite3.Error):
                return _ready(place)
        raise HistoryError(f"{self.file} cannot be used as an index")

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def rebuild(self) -> None:
        """Forgets everything: the next update reads every record."""
        with self._database as database:
            for table in ("run", "result", "time"):
                database.execute(f"delete from {table}")

    def update(self, told: Callable[[int, int], None] | None = None) -> int:
        """Reads the records that are new or changed and forgets those that are gone; how many were read.

        `told` is called with how many are read and how many there are to read.
        """
        there = dict(_records(self.root))
        known = {
            folder: (size, modified)
            for folder, size, modified in self._database.execute("select folder, size, modified from run")
        }
        gone = [folder for folder in known if folder not in there]
        new = [folder for folder, state in there.items() if known.get(folder) != state]
        with self._database as database:
            for folder in (*gone, *new):
                _forget(database, folder)
            for done, result in enumerate(_read_all(self.root, new), 1):
                _keep(database, result)
                if told is not None:
                    told(done, len(new))
        return len(new)

    def runs(self) -> list[RunResult]:
        """All runs, the oldest first; a copy of a run in another folder counts once."""
        cases: dict[str, list[CaseResult]] = {}
        for folder, *values in self._database.execute(
            "select folder, id, name, profile, verdict, fault from result order by folder, place"
        ):
            cases.setdefault(folder, []).append(CaseResult(*values))
        times: dict[str, list[Time]] = {}
        for folder, key, name, count, median, longest, waited, declared in self._database.execute(
            "select * from time"
        ):
            time = Time(key, name, count, median, longest, bool(waited), declared)
            times.setdefault(folder, []).append(time)
        found, seen = [], set[str]()
        for values in self._database.execute(f"select {', '.join(_RUN)} from run order by started, folder"):
            fields_of = dict(zip(_RUN, values, strict=True))
            run = RunResult(**{**fields_of, "issuable": bool(fields_of["issuable"])})
            if run.hash and run.hash in seen:
                continue
            seen.add(run.hash)
            run.cases.extend(cases.get(run.folder, []))
            run.times.extend(times.get(run.folder, []))
            found.append(run)
        return found


def _ready(file: Path | None) -> sqlite3.Connection:
    """A connection to an index of this version; one that is another's, or damaged, is made anew."""
    database = sqlite3.connect(file or ":memory:")
    try:
        version = database.execute("pragma user_version").fetchone()[0]
        if version == VERSION:
            database.execute("select count(*) from run").fetchone()
            return database
        if version or database.execute("select count(*) from sqlite_master").fetchone()[0]:
            raise sqlite3.DatabaseError("another version")
    except sqlite3.DatabaseError:
        database.close()
        if file is None or not _ours(file):
            raise
        file.unlink()
        database = sqlite3.connect(file)
    with database:
        database.executescript(_SCHEMA)
        database.execute(f"pragma user_version = {VERSION}")
    return database


def _ours(file: Path) -> bool:
    """Whether it may be thrown away: what has our name is an index, whatever is in it."""
    return file.name == FILE and file.is_file() and not file.is_symlink()


def _records(root: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Folders with a record below `root`, at any depth, with its size and time; links are not followed."""
    for folder, _, files in os.walk(root):
        if RECORD in files:
            with contextlib.suppress(OSError):
                found = os.stat(os.path.join(folder, RECORD))
                yield os.path.relpath(folder, root), (found.st_size, found.st_mtime_ns)


def _read_all(root: Path, folders: list[str]) -> Iterable[RunResult]:
    """The runs in these folders, read by as many processes as there are processors when they are many."""
    processors = os.cpu_count() or 1
    if len(folders) <= ALONE or processors == 1:
        yield from (read(root, folder) for folder in folders)
        return
    with ProcessPoolExecutor(processors, mp_context=get_context("spawn")) as pool:
        yield from pool.map(read, [root] * len(folders), folders, chunksize=4)


def _forget(database: sqlite3.Connection, folder: str) -> None:
    for table in ("run", "result", "time"):
        database.execute(f"delete from {table} where folder = ?", (folder,))


def _keep(database: sqlite3.Connection, run: RunResult) -> None:
    values = [_stored(getattr(run, name)) for name in _RUN]
    database.execute(f"insert into run values ({', '.join('?' * len(values))})", values)
    database.executemany(
        "insert or ignore into result values (?, ?, ?, ?, ?, ?, ?)",
        [(run.folder, *map(_stored, astuple(case)), place) for place, case in enumerate(run.cases)],
    )
    database.executemany(
        "insert or ignore into time values (?, ?, ?, ?, ?, ?, ?, ?)",
        [(run.folder, *map(_stored, astuple(time))) for time in run.times],
    )


def _stored(value: object) -> object:
    """A value as SQLite takes it: texts without halves of surrogate pairs, which a station may send."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
