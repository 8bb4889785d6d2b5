"""How often cases may be tried, and how long a run may take."""

from __future__ import annotations

import collections
import time

from octt.suite.options import Options


class Allowed:
    """Counts attempts and looks at the clock, which goes from the moment the run begins."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._began = time.monotonic()
        self._retried: collections.Counter[str] = collections.Counter()
        self._repeated: set[str] = set()

    def begin(self) -> None:
        """The run begins now."""
        self._began = time.monotonic()

    def repeat(self, case_id: str) -> bool:
        """Whether trouble of our own is reason to repeat the case: once it is."""
        return case_id not in self._repeated

    def repeated(self, case_id: str) -> None:
        """The case is repeated for that reason."""
        self._repeated.add(case_id)

    def retry(self, case_id: str) -> bool:
        """Whether a doubtful verdict is reason to try the case again: as often as was asked for."""
        return self._retried[case_id] < self._options.retries

    def retried(self, case_id: str) -> str:
        """The case is tried again for that reason; how to say so."""
        self._retried[case_id] += 1
        return f"tried again, {self._retried[case_id]} of at most {self._options.retries} times (--retry)"

    def time_for(self, case_id: str) -> bool:
        """Whether what is left of the time is enough for a case, as far as is known what it takes."""
        if self._options.minutes is None:
            return True
        left = 60 * self._options.minutes - (time.monotonic() - self._began)
        return left >= self._options.seconds.get(case_id, 0)
