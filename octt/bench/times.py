"""The table [times]: configured values of the test-case document, tolerances, and limits with their reasons."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from octt.bench.section import Seconds, Section, WholeSeconds


class Times(Section):
    """Configured values, tolerances and limits, in seconds.

    A limit counts only where the vendor declares none (octt/script/limits.py), and one that is shorter than the
    default decides nothing: what is then missing is INCONCLUSIVE.
    """

    heartbeat_interval: WholeSeconds = 10
    boot_retry_interval: WholeSeconds = 10
    connection_timeout: WholeSeconds = 30
    meter_value_interval: WholeSeconds = 10
    clock_aligned_interval: WholeSeconds = 60
    transaction_duration: Seconds = 20
    observation: Seconds = 10
    max_deviation: Annotated[float, Field(ge=0)] = 5
    reservation_expiry: WholeSeconds = 60

    response_timeout: Seconds = 30
    """What OCPP libraries wait for a reply; the certified stations we know declare 2 and 15."""

    function_timeout: Seconds = 30
    """Six times what the certified C6 declares for a triggered function: a modem that has to wake up is in it."""

    start_timeout: Seconds = 90
    """As the certified C6 declares it; it takes 42.87 for locking, insulation test and handshake with the car."""

    stop_timeout: Seconds = 60
    """As the certified C6 declares it; it takes 5.21."""

    boot_timeout: Seconds = 300
    """Modem, time server and TLS included: nobody waits five minutes for a station that works."""

    reconnect_timeout: Seconds = 180
    """A back-off that has grown to two minutes, and the handshake."""

    delivery_timeout: Seconds = 180
    """A queue, and a message whose first attempt fell into the gap: TransactionMessageRetryInterval is often 60."""

    download_timeout: Seconds = 300
    """Some tens of megabytes over a mobile connection."""

    install_timeout: Seconds = 600
    """Verification of the signature, and controllers that are flashed one after the other."""

    upload_timeout: Seconds = 300
    """Collecting, packing and sending a log of some megabytes over a mobile connection."""

    certificate_timeout: Seconds = 180
    """A key of 4096 bits takes a small processor a minute or two."""

    connect_timeout: Seconds = 300
    operator_timeout: Seconds = 900

    remote_start_timeout: Seconds | None = None
    """Former name of start_timeout."""

    remote_stop_timeout: Seconds | None = None
    """Former name of stop_timeout."""
