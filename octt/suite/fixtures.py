"""The fixtures of test cases: the words of the language, and the reusable states that are preconditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from octt.bench import Bench
    from octt.script.actions import Actions
    from octt.script.csms import Csms
    from octt.script.declared import Declared
    from octt.script.files.words import Files
    from octt.script.security.words import Security
    from octt.script.states import Transaction
    from octt.script.station import Station
    from octt.suite.attempt import Scene
    from octt.suite.run import Run


@pytest.fixture
def station(scene: Scene) -> Station:
    """The station under test: call, sends, reports, stays_silent."""
    return scene.station


@pytest.fixture
def csms(scene: Scene) -> Csms:
    """The Central System: answer, cut, restore."""
    return scene.csms


@pytest.fixture
def driver(scene: Scene) -> Actions:
    """Cable, card and power."""
    return scene.driver


@pytest.fixture
def bench(scene: Scene) -> Bench:
    """The configured values."""
    return scene.station.bench


@pytest.fixture
def pics(octt_run: Run) -> Declared:
    """The vendor's declaration."""
    from octt.script.declared import Declared

    return Declared(octt_run.options.declaration)


@pytest.fixture
def files(scene: Scene, octt_run: Run) -> Files:
    """The file servers: locations for firmware and diagnostics, and what came of them."""
    from octt.script.files.words import Files

    return Files(scene.station, octt_run.laboratory.files, octt_run.options.declaration)


@pytest.fixture
def security(scene: Scene) -> Security:
    """The security extension: profile and password of the connection, certificates, what is to be refused."""
    assert scene.security is not None
    return scene.security()


@pytest.fixture
def tested_connector(request: pytest.FixtureRequest) -> int:
    """The connector under test; asked for by no script, it tells the tests of a case apart."""
    return int(getattr(request, "param", 0))


@pytest.fixture
def charging(station: Station, driver: Actions) -> Transaction:
    """Reusable state Charging."""
    from octt.script.states import start_charging

    return start_charging(station, driver)


@pytest.fixture
def authorized(station: Station, driver: Actions) -> str:
    """Reusable state Authorized; the idTag."""
    from octt.script.states import start_authorized

    return start_authorized(station, driver)
