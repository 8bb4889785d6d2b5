"""Runs on the machines of their racks, each submitted to the one worker that has its rack as a resource."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from octt.campaign.conduct import Ended, ended_with
from octt.campaign.following import Seen
from octt.campaign.ledger import Ledger, Run, Tried
from octt.campaign.racks import rack
from octt.campaign.racks.fetching import Fetch
from octt.campaign.racks.rack import Answer, Order
from octt.campaign.racks.scheduler import Absence, Scheduler
from octt.report.write import write_file
from octt.text import one_line

TOLD_AFTER = 10.0
"""Seconds of silence after which it is told, or nobody waits any longer for what is to end."""
TIMES = 10
"""So often a rack is asked for one attempt; its worker dies of it."""
AT_ONCE = 32
"""So many answers are brought here at a time."""
SIGNALLED = 128


@dataclass
class Sent:
    """An attempt that was submitted."""

    token: str
    order: Order
    future: Any = None
    getting: Future[Answer] | None = None
    lost: int = 0
    """Which connection to the scheduler it was submitted over."""

    times: int = 0
    begun: bool = False
    ending: bool = False
    stopped: bool = False
    """Whether the rack knows that it is to end."""

    answer: Answer | None = None
    failed: str = ""
    """Why there will be none; it may have begun all the same, and is asked for the next time."""

    fetch: Fetch | None = None
    absence: Absence = field(default_factory=Absence)


class Racks:
    """The racks behind a scheduler."""

    def __init__(
        self,
        address: str,
        ledger: Ledger,
        say: Callable[[str], None],
        work: Callable[[Order], Answer] = rack.carry_out,
    ) -> None:
        """Raises ConfigError when no scheduler answers. `work` is what a rack is asked to do."""
        self.ledger, self._say, self._work = ledger, say, work
        self._patience, self._most = ledger.campaign.patience, ledger.campaign.side_by_side
        self._sent: dict[str, Sent] = {}
        self._by_token: dict[str, Run] = {}
        self._connected = True
        self._pool = ThreadPoolExecutor(AT_ONCE, "answers")
        self.scheduler = Scheduler(address, f"octt-{ledger.id}", self._heard)

    def admits(self, run: Run, going: Sequence[Run]) -> bool:
        """A rack that is busy lets it wait by itself."""
        return not self._most or len(going) < self._most

    def start(self, run: Run, tried: Tried) -> None:
        """Submits it; a rack that was asked for the same before does not run it again."""
        asked, token = run.asked, f"{self.ledger.id}-{tried.folder.replace('/', '-')}"
        pics = (asked.pics.stem, asked.pics.read_bytes()) if asked.pics else None
        bench = asked.bench.read_bytes()
        topic = self.scheduler.topic
        order = Order(topic, token, asked.station, bench, pics, asked.cases, asked.profiles)
        self._sent[run.name] = sent = Sent(token, order)
        self._by_token[token] = run
        self._submit(run, sent)

    def _submit(self, run: Run, sent: Sent) -> None:
        """Asks the rack. Every time under another key: Dask keeps what became of a key, failures too."""
        if not self.scheduler.connected:
            return
        sent.times += 1
        sent.lost, sent.getting = self.scheduler.lost, None
        with contextlib.suppress(Exception):  # the connection was lost meanwhile: it is tried again
            sent.future = self.scheduler.client.submit(
                self._work,
                sent.order,
                key=f"octt-{sent.token}-{sent.times}",
                resources={run.asked.rack: 1},
                pure=False,
                retries=0,
            )

    def look(self, run: Run, tried: Tried) -> Ended | None:
        """What came of it; a lost scheduler or worker is told, and the same attempt asked for again."""
        self._tell_connection()
        sent = self._sent[run.name]
        if sent.answer is None:
            if (silent := self._silent(run, sent)) is not None:
                return silent
            self._take(run, sent)
        if sent.failed:
            return self._over(run, Ended(None, sent.failed))
        if sent.answer is None:
            if sent.stopped and not sent.begun:
                self._cancel(sent)
                return self._over(run, Ended(SIGNALLED + 2, "ended before it began"))
            return None
        return self._fetched(run, tried, sent, sent.answer)

    def _tell_connection(self) -> None:
        if self.scheduler.connected != self._connected:
            self._connected = not self._connected
            self._say(
                "the scheduler answers again"
                if self._connected
                else "the scheduler does not answer; the runs on the racks go on"
            )

    def _silent(self, run: Run, sent: Sent) -> Ended | None:
        """A rack that nobody offers for too long is given up; what it may have begun is asked for the next time."""
        silence = sent.absence.look(run.asked.rack in self.scheduler.present)
        if silence > (TOLD_AFTER if sent.ending else self._patience):
            self._cancel(sent)
            return self._over(run, Ended(None, f"rack {run.asked.rack} did not answer for {silence:.0f} s"))
        if silence > TOLD_AFTER and not sent.absence.told:
            sent.absence.told = True
            self._say(
                f"{run.name}: no worker offers rack {run.asked.rack}; it is waited for {self._patience:g} s"
            )
        return None

    def _take(self, run: Run, sent: Sent) -> None:
        """The answer, where there is one; else the rack is asked again when the question was lost."""
        future, where = sent.future, run.asked.rack
        if not self.scheduler.connected:
            return
        if future is None or sent.lost != self.scheduler.lost:
            self._submit(run, sent)
        elif future.status == "finished":
            self._get(sent)
            if sent.answer is not None and sent.answer.adopted:
                self._say(f"{run.name} had been begun on {where} before: not run again, this came of it")
        elif future.status in ("error", "cancelled", "lost"):
            why = _failure(future)
            if future.status == "error" and not why.startswith("KilledWorker"):
                sent.failed = f"the worker of rack {where} cannot do it: {why}"
            elif sent.times > TIMES:
                sent.failed = f"rack {where} lost its worker {TIMES} times"
            else:
                self._say(f"{run.name}: the task on {where} was lost ({why}); the same run is asked for")
                self._submit(run, sent)

    def _get(self, sent: Sent) -> None:
        """Brings the answer here, many at a time: each is a question to another machine."""
        if sent.getting is None:
            sent.getting = self._pool.submit(sent.future.result, TOLD_AFTER)
        elif sent.getting.done():
            if sent.getting.exception() is None:
                sent.answer = sent.getting.result()
            sent.getting = (
                None  # its worker went with the answer: it is asked for again, or the future is lost next
            )

    def _fetched(self, run: Run, tried: Tried, sent: Sent, answer: Answer) -> Ended | None:
        """Brings the evidence here, then says how the run ended."""
        if answer.refused:
            return self._over(run, Ended(SIGNALLED + 2 if sent.ending else answer.code or 2, answer.refused))
        folder = self.ledger.folder / tried.folder
        if answer.evidence is not None and sent.fetch is None:
            asked = run.asked
            sent.fetch = Fetch(
                lambda function, *rest: self.scheduler.ask(asked.rack, function, *rest),
                asked.station,
                sent.token,
                answer.evidence,
                folder,
                self._patience,
            )
        if sent.fetch is not None and not sent.fetch.done.is_set():
            return None
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_file(folder.with_name(f"{folder.name}.log"), answer.log)
        if sent.fetch is not None and sent.fetch.problem:
            return self._over(run, Ended(None, f"{sent.fetch.problem}; it is kept on {run.asked.rack}"))
        tried.record = answer.evidence.last_hash if answer.evidence else ""
        return self._over(run, ended_with(answer.code, answer.words, sent.ending))

    def _over(self, run: Run, ended: Ended) -> Ended:
        sent = self._sent.pop(run.name)
        self._by_token.pop(sent.token, None)
        return ended

    def _cancel(self, sent: Sent) -> None:
        if sent.future is not None:
            with contextlib.suppress(Exception):
                sent.future.cancel()

    def interrupt(self, run: Run, tried: Tried) -> None:
        """ctrl-C on the rack, beside the task that waits for the run."""
        sent = self._sent[run.name]
        sent.ending = True

        def ask() -> None:
            with contextlib.suppress(Exception):  # a rack that is away is told by its absence
                sent.begun |= self.scheduler.ask(
                    run.asked.rack, rack.interrupt, run.asked.station, sent.token
                )
                sent.stopped = True

        threading.Thread(target=ask, daemon=True).start()

    def close(self) -> None:
        """Lets go of the scheduler."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.scheduler.close()

    def _heard(self, event: dict[str, Any]) -> None:
        """What a rack tells meanwhile; called by Dask's thread."""
        run = self._by_token.get(str(event.get("token")))
        sent = self._sent.get(run.name) if run else None
        if run is None or sent is None:
            return
        if "begun" in event:
            sent.begun = True
        if "say" in event:
            self._say(f"{run.name}: {event['say']}")
        if "seen" in event:
            run.seen = Seen(**event["seen"])


def _failure(future: Any) -> str:
    """Why there is no answer, in a line."""
    if future.status != "error":
        return str(future.status)
    try:
        error = future.exception(timeout=5)
    except Exception as lost:
        error = lost
    return one_line(f"{type(error).__name__}: {error}", 300)
