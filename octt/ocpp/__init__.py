"""OCPP-J 1.6 with no I/O: frames, payload schemas, standard configuration keys, values read without trust.

Imports no other room.
"""

from octt.ocpp.frames import ERROR_CODES, Frame, call, error, parse, result
from octt.ocpp.keys import KEYS, Key

__all__ = ["ERROR_CODES", "KEYS", "Frame", "Key", "call", "error", "parse", "result"]
