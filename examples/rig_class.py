"""A driver of your own as a class: in the bench kind = "python", python = "rig_class.py:Rig".

A method for each action that it can do; what has none is asked of a person. An exception says that it did not work.
"""

from pathlib import Path


class Rig:
    def __init__(self) -> None:
        """Open what moves the rig here; this one writes down what it is told."""
        self.log = Path("rig.log").open("a", encoding="utf-8")  # noqa: SIM115

    def plug_in(self, connector: int) -> None:
        print(f"plug_in {connector}", file=self.log, flush=True)

    def unplug(self, connector: int) -> None:
        print(f"unplug {connector}", file=self.log, flush=True)

    def present_id_tag(self, connector: int, id_tag: str) -> None:
        print(f"present_id_tag {connector} {id_tag}", file=self.log, flush=True)

    def close(self) -> None:
        self.log.close()
