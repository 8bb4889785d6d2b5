"""Rules of the specification that watch every frame of every test case, live and when a record is judged again.

`Monitors().see(event, frame)` takes the events of a record in order and returns what is wrong with them. A
*violation* fails the case it happens in. It is only given where the specification says MUST or SHALL, or defines
which values exist, and where nothing a conformant station may do (offline queues, retries, lost replies, power
cycles, clock corrections) looks the same. Everything else worth a look is a *remark*.

May import `ocpp` and `record`.
"""

from octt.monitors.monitors import RULES, Monitors
from octt.monitors.rules.base import Breach

__all__ = ["RULES", "Breach", "Monitors"]
