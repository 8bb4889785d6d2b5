"""What the tables of the bench file have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=86400)]
WholeSeconds = Annotated[int, Field(ge=1, le=86400)]


class Section(BaseModel):
    """A table of the bench file: unknown keys are errors, values are not converted between types."""

    model_config = ConfigDict(extra="forbid", strict=True)
