"""Open conformance test harness for OCPP 1.6-J charging stations."""

__version__ = "0.1.0"
