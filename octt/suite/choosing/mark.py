"""How a script says which test case it is, and where options are kept. Imported with every pytest run."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

OPTIONS: pytest.StashKey[Any] = pytest.StashKey()
"""What `octt run` asks of a run (octt/suite/options.py)."""

MARK = "octt_case"
CONNECTOR = "tested_connector"
"""The fixture that tells the tests of one case apart, where each connector is tested."""


def case_id(item: pytest.Item) -> str | None:
    """The case that a collected test is; None for a test that is none."""
    mark = item.get_closest_marker(MARK)
    return str(mark.args[0]) if mark else None


def connector_of(item: pytest.Item) -> int:
    """The connector that a test is for, where each is tested; else 0."""
    call = getattr(item, "callspec", None)
    return int(call.params.get(CONNECTOR, 0)) if call is not None else 0


def refuse(config: pytest.Config, error: Exception) -> NoReturn:
    """Ends pytest with a sentence; where a front listens, it is the front that shows it."""
    if config.hook.pytest_octt_refused(error=str(error)):
        pytest.exit(str(error), pytest.ExitCode.USAGE_ERROR)
    raise pytest.UsageError(str(error)) from None
