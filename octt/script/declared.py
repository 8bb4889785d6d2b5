"""What scripts ask of the vendor's declaration."""

from __future__ import annotations

from dataclasses import dataclass

from octt.pics.declaration import Declaration


@dataclass(frozen=True)
class Declared:
    """The declaration, as a script sees it."""

    declaration: Declaration

    def yes(self, item: str) -> bool:
        """Whether an item of the questionnaire is answered with Yes."""
        return self.declaration.answer(item) is True

    def says(self, item: str, value: object) -> bool:
        """Whether an item of the questionnaire is answered with this value."""
        return bool(self.declaration.answer(item) == value)

    def has(self, profile: str) -> bool:
        """Whether a feature profile is declared."""
        return profile in self.declaration.profiles

    def direct_current(self, connector: int) -> bool:
        """Whether this connector is declared to have direct current."""
        return any(
            line.connector == connector and "dc" in line.current.casefold()
            for line in self.declaration.connectors
        )

    def fixed_cable(self, connector: int) -> bool:
        """Whether this connector has a fixed cable; where that is not known, whether the station has any."""
        return (self.declaration.cable(connector) or ("fixed" if self.yes("HFS-2") else "")) == "fixed"
