"""Declarations for tests: the shipped ones, and variations of them."""

import copy
import tomllib

from octt.paths import PICS
from octt.pics.declaration import load_declaration, read_declaration
from octt.pics.writing import toml_key, toml_value

SHIPPED = ("simulated", "xcharge-c6", "xj-power-ievqc33")


def shipped(name):
    return load_declaration(PICS / f"{name}.toml")


def raw(name="simulated"):
    """A shipped declaration as a dictionary, to be changed."""
    return copy.deepcopy(tomllib.loads((PICS / f"{name}.toml").read_text(encoding="utf-8")))


def declare(data):
    """A declaration from a dictionary."""
    lines = [f"{toml_key(name)} = {toml_value(value)}" for name, value in data.items()]
    return read_declaration("\n".join(lines))
