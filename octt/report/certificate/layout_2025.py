"""The arrangement of the certificate of 2025: certificate page, abstract of the test report, statement of approval."""

from __future__ import annotations

from octt.measure import Statistic
from octt.record.words import Profile
from octt.report.certificate.form import (
    APPROVAL,
    INTRODUCTION,
    NONE,
    SCOPE,
    WHITEPAPER,
    Facts,
    Paragraph,
    Section,
    Table,
    facts_table,
)
from octt.report.model.measurands import tested_measurands
from octt.report.text import milliseconds, number, visible

SPECIFICATION = "OCPP 1.6 (Edition 2 FINAL, 2017-09-28 including Errata v4.0 Release, 2019-10-23)"
SUPPORTED = "Supported / Present"
THREE = (1.1, 6.4, 3.5)

NEVER_CAME = "A value with > is how long there was a wait for what never came."
MEASURED = {
    "response": "From a request of the Central System to its answer.",
    "triggered": "From the request that asks for a message to that message. Firmware, diagnostics and reboots are left "
    "out.",
    "remote_start": "From RemoteStartTransaction.req to StartTransaction.req, where it follows at once.",
    "remote_stop": "From RemoteStopTransaction.req to StopTransaction.req, where it follows at once.",
}


def sections(facts: Facts) -> list[Section]:
    """The whole document in the order of the form."""
    return [_first_page(facts), *_abstract(facts), *_features(facts), *_performance(facts), _approval(facts)]


def _first_page(facts: Facts) -> Section:
    laboratory = facts.result.laboratory
    head = facts_table(
        [
            ("Certificate Holder", facts.product("vendor")),
            *facts.earlier_row("Certificate Number", "number"),
            ("Product Type", facts.product("product_type") or "Charging Station"),
            ("Product Designation", facts.product("designation")),
            ("OCPP Software Version", facts.product("software_version")),
            *facts.earlier_row("Certification Date", "date"),
        ]
    )
    applied = Table(
        [
            (
                "Conformance testing according to the test specification referenced by the test report",
                f"{visible(laboratory.name) or 'no laboratory named'}\n{facts.day()}",
                facts.evidence(),
            )
        ],
        header=("Applied", "Performed by / On", "Document Evidence"),
        widths=(4, 3, 3),
    )
    return Section(
        "Test report in the form of a certificate",
        1,
        [
            Paragraph(INTRODUCTION),
            head,
            Paragraph(
                f"The product named above was tested against {SPECIFICATION} and {WHITEPAPER}. Which optional features "
                "were part of it is listed in the Abstract of the Test Report."
            ),
            *facts.statement(),
            applied,
            Paragraph(SCOPE),
        ],
    )


def _abstract(facts: Facts) -> list[Section]:
    laboratory = facts.result.laboratory
    profiles = facts.profile_rows(
        Profile.CORE,
        Profile.FIRMWARE_MANAGEMENT,
        Profile.LOCAL_AUTH_LIST_MANAGEMENT,
        Profile.SMART_CHARGING,
        Profile.REMOTE_TRIGGER,
        Profile.RESERVATION,
    )
    extension = facts.profile_rows(Profile.SECURITY)
    return [
        Section(
            "Abstract of the Test Report",
            1,
        ),
        Section(
            "Test Report OCPP 1.6 Certification",
            2,
            [
                facts_table(
                    [
                        ("Test laboratory", visible(laboratory.name)),
                        ("Location", visible(laboratory.location or laboratory.address)),
                        ("Test Report Reference", visible(laboratory.report_number)),
                        ("Test Location", visible(laboratory.test_location or laboratory.location)),
                        ("Product Designation", facts.product("designation")),
                        ("Vendor name", facts.product("vendor")),
                        ("Device Under Test", "Charging Station"),
                        ("OCPP Software Version", facts.product("software_version")),
                    ]
                )
            ],
        ),
        Section(
            "Test Result Summary for the Certified Functionalities",
            2,
            [
                Table(profiles, ("Certification Profile", "Test Result", "Description"), (3, 1.8, 6)),
                Table(
                    extension or [(NONE, NONE, NONE)],
                    ("Certification Extension", "Test Result", "Description"),
                    (3, 1.8, 6),
                ),
            ],
        ),
    ]


def _features(facts: Facts) -> list[Section]:
    sampled, aligned = tested_measurands(facts.result)
    rows = facts.rows
    security = Table(rows("SEC-1", "SEC-2", "SEC-3"), ("ID", "Security Extension", SUPPORTED), THREE)
    ciphers = Table(
        rows("SEC-4", separator="\n"),
        ("ID", "Security Extension : Cipher Suites", SUPPORTED),
        (1.1, 4.4, 5.5),
    )
    measurands = [
        ("C-09", facts.questions.headings["C-09"], "", ""),
        ("C-09.1", facts.label("C-09.1"), "\n".join(sampled) or "none observed", facts.answer("C-09.1")),
        ("C-09.2", facts.label("C-09.2"), "\n".join(aligned) or "none observed", facts.answer("C-09.2")),
    ]
    cores = rows("C-01", "C-02", "C-03", "C-04", "C-05", "C-06", "C-06.1", "C-06.2", "C-07", "C-08")
    questions = rows("AQ-1", "AQ-2", "AQ-3", "AQ-4", "AQ-5", "AQ-6", "AQ-7", "AQ-7.1", "AQ-7.2")
    core_settings = ("ORS-1", "ORS-2", "ORS-3", "ORS-4", "ORS-6", "ORS-8", "ORS-9", "ORS-10", "ORS-11")
    return [
        Section(
            "Hardware Feature Set",
            2,
            [
                Table(rows(*(f"HFS-{n}" for n in range(1, 11))), ("ID", "Feature", SUPPORTED), THREE),
                Table(
                    _connectors(facts),
                    ("Connector", "Current", "Phases", "Type", "Cable Type"),
                    (2, 2, 2, 2, 3),
                ),
            ],
            together=True,
        ),
        Section("Optional Features", 2),
        Section(
            "Core",
            3,
            [
                Table(cores, ("ID", "Core Features", SUPPORTED), THREE, groups=frozenset({5})),
                Table(
                    measurands,
                    ("ID", "Metervalues", "Tested During Certification", "Supported According to Vendor"),
                    (1.1, 2.9, 3.5, 3.5),
                    groups=frozenset({0}),
                ),
            ],
        ),
        Section(
            "Smart Charging",
            3,
            [_profile_table(facts, "Smart Charging", "SC-1", "SC-1.1", "SC-1.2")],
        ),
        Section("Reservation", 3, [_profile_table(facts, "Reservation", "R-1")]),
        Section("Firmware Management", 3, [_profile_table(facts, "Firmware Management", "F-1")]),
        Section("Security Extension", 3, [security, ciphers], together=True),
        Section(
            "Additional Questions",
            2,
            [
                Table(
                    questions,
                    ("ID", "Additional Questions for Lab Testing", SUPPORTED),
                    THREE,
                    groups=frozenset({6}),
                )
            ],
        ),
        Section(
            "Other Relevant Settings",
            2,
            [
                Table(rows(*core_settings), ("ID", "Limit / Setting", "Value"), THREE),
                _settings(
                    facts, "Certification Profile: Local Authorization List Management", "ORS-12", "ORS-13"
                ),
                _settings(facts, "Certification Profile: Smart Charging", "ORS-14"),
                _settings(facts, "Firmware Management Settings", "ORS-16"),
            ],
        ),
    ]


def _profile_table(facts: Facts, profile: str, *items: str) -> Table:
    groups = frozenset(index for index, item in enumerate(items) if item in facts.questions.headings)
    return Table(
        facts.rows(*items), ("ID", f"Certification Profile: {profile}", SUPPORTED), THREE, groups=groups
    )


def _settings(facts: Facts, title: str, *items: str) -> Table:
    return Table(facts.rows(*items, separator=" "), ("ID", title, "Value"), THREE)


def _connectors(facts: Facts) -> list[tuple[str, str, str, str, str]]:
    declared = facts.declaration.get("connectors")
    rows = []
    for entry in declared if isinstance(declared, list) else []:
        if isinstance(entry, dict):
            phases = entry.get("phases")
            values = (
                entry.get("connector"),
                entry.get("current"),
                phases or "",
                entry.get("type"),
                entry.get("cable"),
            )
            rows.append(tuple(visible(value, 60) for value in values))
    return rows or [(NONE,) * 5]  # type: ignore[return-value]


def _performance(facts: Facts) -> list[Section]:
    statistics = facts.result.performance.certified
    declared = [
        (facts.label(_ITEM[one.key]), number(one.declared) or NONE, "seconds", MEASURED[one.key])
        for one in statistics
    ]
    measured = [(facts.label(_ITEM[one.key]), *_numbers(one)) for one in statistics]
    return [
        Section(
            "Performance Measurement Result",
            2,
            [
                Table(declared, ("Name", "Max Value", "Unit", "Description"), (3.2, 1.3, 1.3, 5.2)),
                Table(
                    measured,
                    ("Name", "Min Value", "Max Value", "Average Value", "Unit"),
                    (4, 1.5, 1.5, 1.8, 1.5),
                    numeric=True,
                ),
                *([Paragraph(NEVER_CAME)] if any(one.at_least for one in statistics) else []),
                facts_table([(facts.label("communication"), facts.answer("communication"))]),
            ],
        )
    ]


_ITEM = {
    "response": "response_timeout",
    "triggered": "triggered_timeout",
    "remote_start": "remote_start_time",
    "remote_stop": "remote_stop_time",
}


def _numbers(one: Statistic) -> tuple[str, str, str, str]:
    """Minimum, maximum and average with their unit: milliseconds where seconds would say nothing."""
    if one.maximum is None:
        return NONE, NONE, NONE, "no sample"
    small = one.maximum < 1
    least, most, average = (
        "" if value is None else milliseconds(value) if small else number(value)
        for value in (one.minimum, one.maximum, one.average)
    )
    unit = "milliseconds" if small else "seconds"
    return least or NONE, f"> {most}" if one.at_least else most, average or NONE, unit


def _approval(facts: Facts) -> Section:
    return Section(
        "Statement of Approval",
        1,
        [
            Paragraph(APPROVAL),
            *facts.approval("Vendor", "Test Laboratory"),
            facts.fingerprint(),
        ],
    )
