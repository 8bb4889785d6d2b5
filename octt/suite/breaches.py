"""What the monitors see goes to the case that it belongs to: while it runs, and a moment after its verdict too."""

from __future__ import annotations

import threading

from octt.monitors import Monitors
from octt.ocpp import Frame
from octt.record import Event, Record
from octt.record.events import Acted, CaseEnded, CaseRevised, ConfigurationRead, NetworkChanged, Remarked
from octt.record.words import worst
from octt.script.verdicts import Blame, Inconclusive, Verdict
from octt.suite import attempt
from octt.suite.attempt import Scene
from octt.suite.sitting.former import Former


class Breaches:
    """Gives the monitors every event of a run, and each violation to its case. Called from any thread."""

    def __init__(self, record: Record) -> None:
        self.record, self.monitors = record, Monitors()
        self._scene: Scene | None = None
        self._verdicts: dict[tuple[str, int], Verdict] = {}
        """Of the last attempt at each connector."""

        self.outside = False
        """Whether the station broke the protocol outside any case: then a run of passed cases is no pass."""

        self._ended: dict[str, CaseEnded] = {}
        self._looking, self._judging = threading.Lock(), threading.Lock()

    def go_on(self, former: Former) -> None:
        """What came of the cases in the sittings before."""
        self._verdicts |= {key: result.verdict for key, result in former.results.items()}
        self.outside = former.outside

    def verdict_at(self, case_id: str, connector: int) -> Verdict | None:
        """Of the last attempt at this case and connector; None before it."""
        return self._verdicts.get((case_id, connector))

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """Of the cases so far, each the worst of its connectors."""
        found: dict[str, Verdict] = {}
        for (case, _), verdict in self._verdicts.items():
            found[case] = worst([found.get(case, verdict), verdict])
        return found

    def listen(self, event: Event) -> None:
        """What is no frame and no connection, and the monitors make use of; and how cases ended."""
        if isinstance(event, CaseEnded) and event.case:
            self._ended[event.case] = event
        if isinstance(event, Acted | ConfigurationRead | NetworkChanged):
            self.see(event, None)

    def see(self, event: Event, frame: Frame | None) -> None:
        """What the monitors see in an event belongs to the case of that event, however late it is seen."""
        with self._looking:
            findings = self.monitors.see(event, frame)
        case, phase = event.case, getattr(event, "phase", None)
        for finding in findings:
            self.record.write(Remarked(by="monitor", **finding.told, phase=phase), case=case)
            if finding.severity == "violation":
                self._broken(case, f"{finding.text} [{finding.cite}]")

    # -- the cases ------------------------------------------------------------------------------------------------

    def begins(self, scene: Scene) -> None:
        """From here on the violations of its case are told to this attempt."""
        with self._judging:
            self._scene = scene

    def ended(self, scene: Scene, verdict: Verdict) -> None:
        """The attempt has its verdict; what it was not told before that, or is seen from now on, revises it."""
        with self._judging:
            self._scene, self._verdicts[scene.case.id, scene.connector] = None, verdict
            for late in scene.breaches[scene.judged :]:
                self._revise(scene.case.id, late)

    def _broken(self, case: str | None, what: str) -> None:
        with self._judging:
            if self._scene and self._scene.case.id == case:
                self._scene.breaches.append(what)
            elif case:
                self._revise(case, what)
            else:
                self.outside = True

    def _revise(self, case: str, what: str) -> None:
        """As the verdict would have been, had it known: what the operator ended stays as it is."""
        ended = self._ended.get(case)
        if ended is None or ended.blame is Blame.OPERATOR:
            return
        former = self._verdicts.get((case, ended.connector))
        if former in (Verdict.PASS, Verdict.INCONCLUSIVE):
            self._verdicts[case, ended.connector] = Verdict.FAIL
            error = None if former is Verdict.PASS else Inconclusive(ended.reason, ended.blame)
            reason, at = attempt.broken([what], error), ended.connector
            self.record.write(
                CaseRevised(verdict=Verdict.FAIL, blame=Blame.STATION, reason=reason, connector=at), case=case
            )
