"""The word `csms`: how the Central System answers, and whether the station can reach it."""

from __future__ import annotations

from typing import Any

from octt.csms.answers import Armed, ErrorAnswer
from octt.csms.server import CentralSystem
from octt.record.events import AnswerArmed
from octt.script.case_run import CaseRun


class Csms:
    """The Central System, as a script sees it. What is armed here ends with the case."""

    def __init__(self, case: CaseRun, system: CentralSystem) -> None:
        self.case, self.system = case, system

    def answer(
        self,
        action: str,
        *,
        times: int | None = None,
        when: dict[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        """From now on answers requests for `action` with these fields over the defaults.

        `times`: only that often; `when`: only requests with these field values. Raises ValueError for a field the
        answer does not have.
        """
        self._arm(action, Armed(fields, times, when or {}), payload=fields)

    def answer_error(self, action: str, code: str, *, times: int | None = None) -> None:
        """From now on answers with a CALLERROR."""
        self._arm(action, Armed(ErrorAnswer(code, "as the test case demands"), times), error=code)

    def keep_silent(self, action: str, *, times: int | None = None) -> None:
        """From now on leaves requests for `action` without an answer."""
        self._arm(action, Armed(None, times), payload=None)

    def _arm(self, action: str, armed: Armed, **what: Any) -> None:
        self.system.answers.arm(action, armed)
        self.case.record.write(AnswerArmed(action=action, times=armed.times, when=dict(armed.when), **what))

    def cut(self) -> None:
        """The station loses its connection and cannot come back before `restore`."""
        self.system.cut()
        self.case.position.count_from_now()

    def restore(self) -> None:
        """The station may connect again."""
        self.system.restore()
        self.case.position.count_from_now()
