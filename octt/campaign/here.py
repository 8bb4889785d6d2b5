"""Runs as processes on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from octt.campaign.attempt import Attempt, command
from octt.campaign.conduct import Ended, ended_with
from octt.campaign.following import Follower
from octt.campaign.ledger import Ledger, Run, Tried
from octt.campaign.load import Carried


class Here:
    """This machine, and as many runs as it carries."""

    def __init__(self, ledger: Ledger, say: Callable[[str], None]) -> None:
        self.ledger, self._say = ledger, say
        self.carried = Carried(ledger.campaign.side_by_side)
        self._attempts: dict[str, Attempt] = {}
        self._followers: dict[str, Follower] = {}
        self._interrupted: set[str] = set()

    def admits(self, run: Run, going: Sequence[Run]) -> bool:
        """As the machine's load allows."""
        self.carried.look()
        return self.carried.admits(len(going), sum(not one.seen.started for one in going))

    def start(self, run: Run, tried: Tried) -> None:
        """Begins it; one that somebody began who is not there any more is waited for."""
        attempt, asked = Attempt(self.ledger.folder / tried.folder), run.asked
        if attempt.begun:
            self._say(f"{run.name} was begun before; what became of it is taken up")
        else:
            out = attempt.folder
            attempt.start(command(asked.bench, asked.pics, asked.cases, asked.profiles, out))
            self.carried.began()
        self._attempts[run.name], self._followers[run.name] = attempt, Follower(attempt.record)
        run.seen = self._followers[run.name].seen

    def look(self, run: Run, tried: Tried) -> Ended | None:
        """Reads its record, and whether it is over."""
        attempt, follower, late = self._attempts[run.name], self._followers[run.name], run.seen.late
        was_ended, over = run.seen.ended, not attempt.going
        follower.look()
        if run.seen.ended and not was_ended:
            attempt.give_way()
        if run.seen.late > late and len(self._attempts) > 1 and not self.carried.most:
            bound = self.carried.late(len(self._attempts))
            self._say(f"{run.name} stood still for a while: no more than {bound} runs at once for now")
        if not over:
            return None
        del self._attempts[run.name]
        self.carried.ended(bool(run.seen.late))
        return ended_with(attempt.code, attempt.last_words(), run.name in self._interrupted)

    def interrupt(self, run: Run, tried: Tried) -> None:
        """ctrl-C, as at its own terminal."""
        self._interrupted.add(run.name)
        self._attempts[run.name].signal()

    def close(self) -> None:
        """Nothing is held."""
