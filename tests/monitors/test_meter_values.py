"""Meter values: registers, numbers as they are written, the grid of the clock, energy and power."""

import pytest
from monitor_wire import Wire


@pytest.fixture
def wire():
    wire = Wire()
    wire.boot()
    return wire.wait(5)


def told(wire, rule):
    return [(breach.severity, breach.fault) for breach in wire.findings if breach.rule == rule]


def sample(value, **more):
    return {"value": str(value), **more}


def send(wire, *samples, time=None, transaction=1001):
    values = [{"timestamp": time or wire.time(), "sampledValue": list(samples)}]
    wire.call("MeterValues", connectorId=1, transactionId=transaction, meterValue=values)
    return wire


# -- registers within a transaction -------------------------------------------------------------------------------

BEGIN = {"context": "Transaction.Begin"}
REACTIVE = "Energy.Reactive.Import.Register"


@pytest.mark.parametrize("first", [True, False])
def test_the_value_of_the_begin_may_be_sent_again(wire, first):
    wire.start(meter=0)
    for value in (2, 5, 9):
        samples = [sample(0, **BEGIN), sample(value)]
        send(wire.wait(60), *(samples if first else samples[::-1]))
    assert wire.violations() == []


@pytest.mark.parametrize("first", [True, False])
def test_the_value_of_the_begin_hides_no_fall(wire, first):
    wire.start(meter=0)
    for value in (5, 2):
        samples = [sample(0, **BEGIN), sample(value)]
        send(wire.wait(60), *(samples if first else samples[::-1]))
    assert [fault for _, fault in told(wire, "energy register")] == [
        "the register Energy.Active.Import.Register fell within a transaction"
    ]


def test_a_register_below_meter_start_is_a_remark(wire):
    wire.start(meter=12_300)
    send(wire.wait(60), sample("12.4"))
    (breach,) = wire.remarks("energy register")
    assert breach.fault == "a register in MeterValues is below meterStart of the transaction"
    assert "in kWh it would fit" in breach.detail


def test_registers_that_fit_meter_start(wire):
    wire.start(meter=12_300)
    send(
        wire.wait(60),
        sample("12300"),
        sample("12.3", unit="kWh"),
        sample("5", measurand="SoC", unit="Percent"),
    )
    send(
        wire.wait(60),
        sample("1", location="Inlet"),
        sample("1", phase="L1"),
        sample("1", measurand="Voltage"),
    )
    assert told(wire, "energy register") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (sample("1005", unit="kWh"), sample("1012", unit="Wh")),
        (sample("1005"), sample("0.9", unit="kWh")),
        (sample("3", unit="kvarh", measurand=REACTIVE), sample("1999", unit="varh", measurand=REACTIVE)),
    ],
)
def test_a_register_that_falls_in_another_unit(wire, one, other):
    wire.start(meter=0)
    send(wire.wait(60), one)
    send(wire.wait(60), other)
    assert [severity for severity, _ in told(wire, "energy register")] == ["violation"]


@pytest.mark.parametrize(
    "story",
    [
        (sample("1.01", unit="kWh"), sample("1009", unit="Wh")),  # rounded up
        (sample("1009"), sample("1.0", unit="kWh")),  # rounded down
        (sample("999", unit="Wh"), sample("2", unit="kWh"), sample("2100", unit="Wh")),
        (sample("3", unit="kvarh", measurand=REACTIVE), sample("5", unit="Wh")),
    ],
)
def test_a_register_that_is_told_in_another_unit(wire, story):
    wire.start(meter=0)
    for one in story:
        send(wire.wait(60), one)
    assert told(wire, "energy register") == []


# -- from transaction to transaction ------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "what"), [(0, "restarts at 0"), (499, "is lower than")])
def test_a_register_that_falls_between_transactions_is_a_remark(wire, start, what):
    wire.start(1001, meter=100)
    wire.wait(60).stop(1001, meter=500)
    wire.wait(60).start(1002, meter=start)
    ((severity, fault),) = told(wire, "register between transactions")
    assert severity == "remark"
    assert what in fault


def test_registers_that_go_on(wire):
    wire.start(1001, meter=100)
    wire.wait(60).stop(1001, meter=500)
    wire.start(1002, connector=2, meter=0)  # a meter of its own
    wire.wait(60).start(1003, meter=500)
    wire.wait(60).stop(1003, meter=500)
    wire.wait(60).start(1004, meter=700)
    assert told(wire, "register between transactions") == []


# -- numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (" 0.0", "a sampled value has blanks around the number"),
        ("1_000", "a sampled value is no decimal number"),
        ("٥", "a sampled value is no decimal number"),
        ("nan", "a sampled value is no decimal number"),
        ("1,5", "a sampled value is no decimal number"),
        ("", "a sampled value is no decimal number"),
        ("1e3", "a sampled value is written otherwise than as a plain decimal number"),
        (".5", "a sampled value is written otherwise than as a plain decimal number"),
    ],
)
@pytest.mark.parametrize("measurand", ["Energy.Active.Import.Register", "Voltage"])
def test_numbers_that_others_may_not_read(wire, value, fault, measurand):
    wire.start(meter=0)
    send(wire, sample(value, measurand=measurand))
    assert told(wire, "sampled value") == [("remark", fault)]


def test_numbers_as_they_are_written(wire):
    wire.start(meter=0)
    for value in ("0", "0.0", "-3.25", "230", "00012.500"):
        send(wire, sample(value, measurand="Power.Active.Import"))
    send(wire, sample("A0B1 (signed)", format="SignedData"))
    assert told(wire, "sampled value") == []


def test_context_trigger_without_a_trigger_is_a_remark(wire):
    wire.start(meter=0)
    send(wire, sample(1, context="Trigger", measurand="Voltage"))
    assert len(told(wire, "sampled value")) == 1
    wire.ask("TriggerMessage", requestedMessage="MeterValues")
    send(wire, sample(1, context="Trigger", measurand="Voltage"))
    assert len(told(wire, "sampled value")) == 1


# -- the grid -----------------------------------------------------------------------------------------------------


def configure(wire, interval):
    wire.reply(
        wire.ask("ChangeConfiguration", key="ClockAlignedDataInterval", value=str(interval)),
        {"status": "Accepted"},
    )
    wire.wait(2 * interval)


CLOCK = {"context": "Sample.Clock"}


@pytest.mark.parametrize(
    ("interval", "time"),
    [
        (10, "13:00:02.8"),
        (10, "13:00:05"),
        (60, "13:00:30"),
        (900, "13:01:00"),
        (3600, "13:10:00"),
        (900, "12:59:58"),
    ],
)
def test_values_off_the_grid_are_a_remark(wire, interval, time):
    configure(wire, interval)
    wire.wait(7200)
    send(wire, sample(1, **CLOCK), time=f"2026-03-01T{time}Z")
    ((severity, fault),) = told(wire, "clock-aligned")
    assert severity == "remark"
    assert "not aligned" in fault


@pytest.mark.parametrize(
    ("interval", "time"),
    [
        *(
            (10, "14:00:10Z"),
            (10, "14:00:09.2Z"),
            (10, "14:00:10.9Z"),
            (900, "14:15:00Z"),
            (86400, "20:00:00Z"),
        ),
        # midnight elsewhere: half and quarter hours from UTC
        *((3600, "14:30:00Z"), (3600, "14:45:00+05:45"), (1800, "14:15:00Z")),
    ],
)
def test_values_on_the_grid_of_some_midnight(wire, interval, time):
    configure(wire, interval)
    wire.wait(7200)
    send(wire, sample(1, **CLOCK), time=f"2026-03-05T{time}")
    assert told(wire, "clock-aligned") == []


def test_values_that_need_not_be_aligned(wire):
    send(wire, sample(1, **CLOCK), time=wire.time(ago=2.5))  # the interval is not known
    configure(wire, 60)
    send(wire, sample(1), time="2026-03-01T13:00:07Z")
    send(wire, sample(1, **CLOCK), time="2026-03-01T12:00:07Z")  # of the interval before
    configure(wire, 0)
    send(wire, sample(1, **CLOCK), time="2026-03-01T13:00:07Z")
    assert told(wire, "clock-aligned") == []


# -- energy and power ---------------------------------------------------------------------------------------------


def charge(wire, *, energy, power, unit="Wh", seconds=60, count=3):
    """Samples whose register rises by `energy` in its unit, at `power` in W."""
    wire.start(meter=0)
    for number in range(count):
        register = sample(f"{number * energy:.3f}", unit=unit)
        send(wire.wait(seconds), register, sample(power, measurand="Power.Active.Import", unit="W"))


@pytest.mark.parametrize(
    ("energy", "what"),
    [(0.183, "far less, as if kWh were called Wh, "), (0, "far less"), (3000, "far more")],
)
def test_energy_that_does_not_fit_the_power(wire, energy, what):
    charge(wire, energy=energy, power=11_000)
    faults = {fault for _, fault in told(wire, "energy and power")}
    assert faults == {f"the energy register rose {what.strip()} than the power reported with it"}
    assert wire.violations() == []


@pytest.mark.parametrize("energy", [183, 100, 300, 30])
def test_energy_that_fits_the_power_somehow(wire, energy):
    charge(wire, energy=energy, power=11_000)
    assert told(wire, "energy and power") == []


def test_registers_in_whole_kilowatt_hours_jump(wire):
    charge(wire, energy=0.183, unit="kWh", power=11_000)
    wire.stop(1001, meter=600)
    charge(wire, energy=0, power=2000, seconds=10)
    assert told(wire, "energy and power") == []


def test_power_that_changes_says_nothing(wire):
    wire.start(meter=0)
    for power in (11_000, 0, 11_000, 1400):
        send(wire.wait(60), sample(0), sample(power, measurand="Power.Active.Import"))
    assert told(wire, "energy and power") == []
