"""The `octt` command. Each command is imported when it is used, so that `octt --help` is quick."""

from __future__ import annotations

import importlib

import click

from octt.commands.refusing import Commands

COMMANDS = {
    "audit": (
        "octt.commands.proving.audit:audit",
        "Alter one frame of the station at a time, and look which test case notices.",
    ),
    "campaign": (
        "octt.commands.campaign:campaign",
        "Test many stations, side by side where they may be, with one matrix and one exit code.",
    ),
    "console": (
        "octt.commands.console:console",
        "Show a run in the browser: one that goes on, or one that has ended.",
    ),
    "diff": ("octt.commands.report:diff", "Compare two runs: from A to B, what changed?"),
    "driver": ("octt.commands.driver:driver", "The rig: its contract, and whether it does what that says."),
    "faults": (
        "octt.simulator.main:faults",
        "List the non-conformities the simulated station can show, with the checks that must notice them.",
    ),
    "fuzz": (
        "octt.commands.proving.fuzz:fuzz",
        "Strike a station with hostile and unusual input, and look what it does not survive.",
    ),
    "history": (
        "octt.commands.history:history",
        "Show the runs below a folder as a history: what got better and worse from version to version.",
    ),
    "inspect": (
        "octt.commands.proving.inspect:inspect",
        "Hold a log of OCPP 1.6-J frames against the schemas and the rules that watch every frame.",
    ),
    "judge": (
        "octt.commands.proving.judge:judge",
        "Judge the record of an old run by the test cases of today, without its station.",
    ),
    "list": ("octt.commands.cases:list_cases", "List the test cases."),
    "new": ("octt.commands.bench:new", "Write a commented bench file to start from."),
    "override": ("octt.commands.report:overrule", "Overrule the verdict of a case."),
    "pics": ("octt.commands.pics:pics", "Write, check and show a vendor's declaration (PICS)."),
    "pki": ("octt.commands.pki:pki", "The laboratory's certificates: export for the station, import a CA."),
    "report": ("octt.commands.report:report", "Make all reports of a run again from its record."),
    "restore": (
        "octt.commands.restore:restore",
        "Put back what a run left at its station.",
    ),
    "run": ("octt.commands.run:run", "Run the applicable test cases against a station."),
    "show": ("octt.commands.cases:show", "Show a test case: what it tests, its steps, what it needs."),
    "simulate": (
        "octt.simulator.main:simulate",
        "Run one simulated charging station until it is interrupted.",
    ),
    "verify": (
        "octt.commands.report:verify",
        "Say whether a run's folder is as it was signed, and whether by somebody you trust.",
    ),
}
"""Every command: where it is, and what the list of commands says about it."""


class Octt(Commands):
    """The commands of the table above."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=Octt)
@click.version_option(package_name="octt", prog_name="octt")
def main() -> None:
    """Open conformance test harness for OCPP 1.6-J charging stations."""


if __name__ == "__main__":
    main()
