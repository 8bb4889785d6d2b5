"""A laboratory in virtual time: the words of the scripts, hands that act, and a station of planned frames."""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from types import SimpleNamespace

from octt import paths
from octt.bench import Bench, Times
from octt.pics.declaration import Declaration
from octt.script.case_run import CaseRun
from octt.script.declared import Declared
from octt.script.limits import Limits
from octt.script.station import Station
from tests.timeline.virtual import NoRecord, Stage, System, status

C6 = {"response_timeout": 15, "triggered_timeout": 5, "remote_start_time": 90, "remote_stop_time": 60}
"""What the certified XCHARGE C6 declares."""

BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
MOMENT = "2024-01-01T00:00:00Z"


class Hands:
    """Who acts at the station: `then` has what an action causes, as a function; `takes` is when it is acknowledged."""

    def __init__(self, lab):
        self.lab, self.then, self.takes = lab, {}, 0

    def __getattr__(self, name):
        def act(*_params, why="", shown=True):
            self.then.get(name, lambda: None)()
            self.lab.clock.sleep(self.takes)
            start = self.lab.timeline.end
            self.lab.case.position.acted(name)
            if name.startswith("power"):
                self.lab.case.position.expect_boot(start, certain=name != "power_off")

        return act


class Network:
    """The word `csms`."""

    def __init__(self, lab):
        self.lab, self.back = lab, lambda: None
        self.system = SimpleNamespace(answers=SimpleNamespace(disarm=lambda: None))

    def answer(self, action, **_more):
        """How the station is answered makes no difference here."""

    def cut(self):
        self.lab.stage.link("disconnect")
        self.lab.case.position.count_from_now()

    def restore(self):
        self.restored = self.lab.clock.seconds
        self.back()
        self.lab.case.position.count_from_now()


class Lab:
    """One case in virtual time. `declared` are limits by item, `times` values of the bench."""

    def __init__(self, declared=C6, connectors=1, **times):
        self.stage, self.bench = Stage(), Bench(times=Times(**times))
        self.clock, self.timeline = self.stage.clock, self.stage.timeline
        self.case = CaseRun("TC_TEST", NoRecord(), self.timeline)
        self.system = System(self.stage)
        limits = Limits(self.bench.times, declared)
        self.station = Station(self.case, self.system, self.bench, limits, connectors)
        self.driver, self.csms = Hands(self), Network(self)
        self.case.begin_test()
        self.stage.link("connect")
        self.case.position.skip_to_end()

    def reports(self, seconds, connector, value, **more):
        """The station reports a status so many seconds from now."""
        self.later(seconds, "StatusNotification", **status(connector, value, **more))

    def later(self, seconds, action, **payload):
        """A request of the station so many seconds from now."""
        self.at(seconds, lambda: self.stage.call(action, **payload))

    def at(self, seconds, act):
        """Anything so many seconds from now."""
        self.clock.plan(self.clock.seconds + seconds, act)

    def play(self, file, name, patched=None, **more):
        """A function of a script, with the fixtures that it asks for; `patched` are words replaced in it."""
        spec = importlib.util.spec_from_file_location(file.replace("/", "_"), paths.TESTCASES / file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        vars(module).update(patched or {})
        function = getattr(module, name)
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        mine = {"station": self.station, "driver": self.driver, "csms": self.csms, "bench": self.bench}
        given = {**mine, "only_one": None, "pics": Declared(Declaration()), **more}
        return function(**{name: given[name] for name in names})

    @contextmanager
    def timed(self, seconds, slack=0.001):
        """What happens inside takes so many seconds."""
        began = self.clock.seconds
        yield
        assert abs(self.clock.seconds - began - seconds) <= slack
