"""From what the command line says to the options of a run; everything that can be wrong is said here, before it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from octt import paths
from octt.bench import SIMULATED, Bench, ConfigError, load
from octt.pics.declaration import Declaration, DeclarationError, load_declaration
from octt.pics.intervals import adapted_intervals
from octt.pics.problems import problems
from octt.pics.simulate import simulator_options
from octt.script.limits import Limits, declared_times
from octt.suite.catalogue import CatalogueError, Planned, find, load_catalogue, plan
from octt.suite.checks import check, connectors_to_test
from octt.suite.choosing.choice import named
from octt.suite.choosing.earlier import runs_before
from octt.suite.options import Options
from octt.suite.rig import lacking
from octt.suite.sitting.former import Former, read_former
from octt.suite.sitting.resuming import bench_of, declared, go_on


def prepare(
    bench_file: Path | None = None,
    pics_file: Path | None = None,
    out: Path | None = None,
    cases: tuple[str, ...] = (),
    profiles: tuple[str, ...] = (),
    resume: Path | None = None,
    *,
    quick: bool = False,
    last_failed: bool = False,
    console: bool = False,
) -> Options:
    """Reads the files and chooses the cases. Raises ConfigError with place and remedy.

    `resume` is the folder of a run that goes on: what is not named is taken from there (octt/suite/sitting). `console`:
    whether a person may answer in the browser.
    """
    former = _former(resume, out)
    bench, bench_file = _bench(bench_file, former)
    declaration = declared(former) if former and not pics_file else read_declaration(pics_file, bench)
    if (
        not former and bench_file is None and "Security" not in declaration.profiles
    ):  # it could not log in on another profile
        central = bench.central_system.model_copy(update={"security_profile": 0})
        bench = bench.model_copy(update={"central_system": central})
    check(bench, declaration)
    catalogue = load_catalogue()
    try:
        again = cases = tuple(find(name, catalogue) for name in cases)
        plan(catalogue, declaration, None, cases, profiles)
    except CatalogueError as error:
        raise ConfigError(str(error)) from None
    last = runs_before(bench, resume or out) if last_failed else None
    if former and not profiles:
        cases = cases or former.cases
    cases, notices = named(catalogue, cases, profiles, quick=quick, last=last)
    connectors = connectors_to_test(bench, declaration)
    planned = plan(catalogue, declaration, None, cases, connector=bench.connector, connectors=connectors)
    adapted = adapted_intervals(declaration, bench.times.model_dump())
    times = bench.times.model_copy(update={change.name: change.used for change in adapted})
    bench = bench.model_copy(update={"times": times})
    folder = out or Path("octt-runs") / datetime.now().strftime("%Y-%m-%d_%H%M%S_%f")[:-3]
    arguments = simulator_options(declaration) if bench.driver.kind == "simulated" else []
    options = Options(bench, declaration, folder, cases, connectors, None, arguments)
    options.pki_folder = pki_folder(bench, bench_file or _named(former))
    overruled = Limits(bench.times, declared_times(declaration)).overruled()
    options.notices = [
        *notices,
        *([] if former else _undecided(planned, bench_file, pics_file)),
        *map(str, adapted),
        *overruled,
        *lacking(bench, planned, console=console),
    ]
    options.bench_file = str(bench_file or "")
    if former:
        go_on(options, former, cases if last_failed else again, [one.key for one in planned])
    return options


def _former(resume: Path | None, out: Path | None) -> Former | None:
    """What the record of a run says of it so far. Raises ConfigError."""
    if resume is None:
        return None
    if out is not None and out.absolute() != resume.absolute():
        raise ConfigError(f"a run goes on in its own folder, {resume}: leave --out away")
    return read_former(resume)


def _named(former: Former | None) -> Path | None:
    """The bench file of a run that goes on without it: the certificates lie beside it."""
    return Path(former.bench_file) if former and former.bench_file else None


def _bench(bench_file: Path | None, former: Former | None) -> tuple[Bench, Path | None]:
    """The bench, and its file: the one that is named, that of the run if it goes on, or as its record has it."""
    if former and bench_file is None and former.bench_file and Path(former.bench_file).is_file():
        bench_file = Path(former.bench_file)
    if bench_file:
        return load(bench_file), bench_file
    return bench_of(former) if former else SIMULATED, None


def _undecided(planned: list[Planned], bench_file: Path | None, pics_file: Path | None) -> list[str]:
    """What a run without declaration cannot decide, and how to come to one."""
    if pics_file is not None or all(one.applies is not None for one in planned):
        return []
    open_cases = sum(one.applies is None for one in planned)
    return [
        f"No declaration is given (--pics): for {open_cases} of {len(planned)} cases it is not known whether they "
        "apply, and those that the station's own configuration does not decide end INCONCLUSIVE. Draft one from the "
        f"station with `octt pics draft --bench {bench_file} --out pics.toml`, then go on with "
        "`octt pics new pics.toml`."
    ]


def pki_folder(bench: Bench, bench_file: Path | None) -> Path:
    """Where the laboratory's certificates are kept: as the bench says, else beside the bench file.

    The simulated station's are kept in the user's cache, so that no run has to make them anew.
    """
    if bench.security.pki:
        return Path(bench.security.pki)
    if bench_file:
        return bench_file.with_name(f"{bench_file.stem}-pki")
    return paths.cache("simulated-pki")


def read_declaration(pics_file: Path | None, bench: Bench) -> Declaration:
    """The declaration; without a file that of the simulated station, or an empty one for any other device."""
    if pics_file is None and bench.driver.kind != "simulated":
        return Declaration()
    try:
        declaration = load_declaration(pics_file or paths.PICS / "simulated.toml")
    except DeclarationError as error:
        raise ConfigError(str(error)) from None
    wrong = [
        *declaration.unreadable,
        *(
            problem
            for problem in problems(declaration)
            # What is not answered yet makes cases undecided; what contradicts itself would make verdicts wrong.
            if problem.severity == "error" and declaration.answer(problem.id) is not None
        ),
    ]
    if wrong:
        lines = [f"{pics_file}: {problem.id}: {problem.what}; {problem.remedy}" for problem in wrong]
        raise ConfigError("\n".join(dict.fromkeys(lines)))
    return declaration
