"""The bench file: who is tested, where, how long, and who acts. Imports no other room."""

from octt.bench.file import TEMPLATE, ConfigError, load
from octt.bench.settings import SIMULATED, Bench, Driver, Firmware
from octt.bench.times import Times

__all__ = ["SIMULATED", "TEMPLATE", "Bench", "ConfigError", "Driver", "Firmware", "Times", "load"]
