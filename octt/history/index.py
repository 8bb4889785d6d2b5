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

PATIENCE = 30.0
"""Seconds to wait for another process that is writing the index."""

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
    """The index of the runs below `root`, a file there.

    It is in memory where that cannot be written, and where `root` is a run's own folder, to which nothing is added.
    """

    def __init__(self, root: Path) -> None:
        """Opens the index, or begins a new one. HistoryError for a folder that is none, or has no run below it."""
        if not root.is_dir():
            raise HistoryError(f"{root} is no folder")
        if next(_records(root), None) is None:
            raise HistoryError(f"{root}: there is no run below it (a folder with {RECORD})")
        self.root = root
        self.file = root / FILE
        self._database = self._open()

    def _open(self) -> sqlite3.Connection:
        for place in (None,) if is_run(self.root) else (self.file, None):
            with contextlib.suppress(sqlite3.Error):
                return _ready(place)
        raise HistoryError(f"{self.file} cannot be used as an index")

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def rebuild(self) -> None:
        """Forgets everything: the next update reads every record."""
        with self._using() as database:
            for table in ("run", "result", "time"):
                database.execute(f"delete from {table}")

    @contextlib.contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        """The database; what is changed is changed as a whole or not at all. HistoryError when it is of no use."""
        try:
            with self._database as database:
                yield database
        except sqlite3.Error as error:
            raise HistoryError(f"{self.file}: {error}; it is made anew when it is deleted") from None

    def update(self, told: Callable[[int, int], None] | None = None) -> int:
        """Reads the records that are new or changed and forgets those that are gone; how many were read.

        `told` is called with how many are read and how many there are to read.
        """
        with self._using() as database:
            there = dict(_records(self.root))
            rows = database.execute("select folder, size, modified from run")
            known = {folder: (size, modified) for folder, size, modified in rows}
            gone = [folder for folder in known if folder not in there]
            new = [folder for folder, state in there.items() if known.get(folder) != state]
            results = []
            for result in _read_all(self.root, new):
                results.append(result)
                if told is not None:
                    told(len(results), len(new))
            for folder in (*gone, *new):  # only now, so that nobody else waits while records are read
                _forget(database, folder)
            for result in results:
                _keep(database, result)
        return len(new)

    def runs(self) -> list[RunResult]:
        """All runs, the oldest first; a copy of a run in another folder counts once."""
        with self._using() as database:
            cases, times = _cases(database), _times(database)
            rows = database.execute(f"select {', '.join(_RUN)} from run order by started, folder").fetchall()
        found, seen = [], set[str]()
        for values in rows:
            fields_of = dict(zip(_RUN, values, strict=True))
            run = RunResult(**{**fields_of, "issuable": bool(fields_of["issuable"])})
            if run.hash and run.hash in seen:
                continue
            seen.add(run.hash)
            run.cases.extend(cases.get(run.folder, []))
            run.times.extend(times.get(run.folder, []))
            found.append(run)
        return found


def _cases(database: sqlite3.Connection) -> dict[str, list[CaseResult]]:
    """The cases of every run, in plan order."""
    found: dict[str, list[CaseResult]] = {}
    for folder, *values in database.execute(
        "select folder, id, name, profile, verdict, fault from result order by folder, place"
    ):
        found.setdefault(folder, []).append(CaseResult(*values))
    return found


def _times(database: sqlite3.Connection) -> dict[str, list[Time]]:
    """The measured times of every run."""
    found: dict[str, list[Time]] = {}
    for folder, key, name, count, median, longest, waited, declared in database.execute("select * from time"):
        time = Time(key, name, count, median, longest, bool(waited), declared)
        found.setdefault(folder, []).append(time)
    return found


def is_run(folder: Path) -> bool:
    """Whether it is a run's own folder, and not one of many."""
    return (folder / RECORD).is_file()


def _ready(file: Path | None) -> sqlite3.Connection:
    """A connection to an index of this version; one that is another's, or damaged, is made anew."""
    database = sqlite3.connect(file or ":memory:", timeout=PATIENCE)
    try:
        version = database.execute("pragma user_version").fetchone()[0]
        if version == VERSION:
            database.execute("select count(*) from run").fetchone()
            return database
        if version or database.execute("select count(*) from sqlite_master").fetchone()[0]:
            raise sqlite3.DatabaseError("another version")
    except sqlite3.DatabaseError:
        database.close()
        if file is None or not file.is_file() or file.is_symlink():
            raise
        file.unlink()
        database = sqlite3.connect(file, timeout=PATIENCE)
    with database:
        database.executescript(_SCHEMA)
        database.execute(f"pragma user_version = {VERSION}")
    return database


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
