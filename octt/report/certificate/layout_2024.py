"""The arrangement of the full certificate of 2024, with the measured values and the configuration-key table."""

from __future__ import annotations

from octt.measure import Statistic
from octt.ocpp.values import shown, table
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
from octt.report.text import hms, number, visible

SPECIFICATION = "OCPP 1.6 – Edition 2 with OCPP 1.6 Errata sheet (v4.0 Release, 2019-10-23)"
TWO = (5.5, 4.5)


def sections(facts: Facts) -> list[Section]:
    """The whole document in the order of the form."""
    return [
        _first_page(facts),
        *_abstract(facts),
        _performance(facts),
        *_configuration(facts),
        _approval(facts),
    ]


def _first_page(facts: Facts) -> Section:
    laboratory = facts.result.laboratory
    whitepaper = f" and {WHITEPAPER}" if Profile.SECURITY in facts.declared_profiles() else ""
    tested = (
        f"{visible(laboratory.name) or 'no laboratory named'}, {facts.day()}",
        facts.evidence(),
    )
    return Section(
        "Test report in the form of an OCPP 1.6 Full Certificate",
        1,
        [
            Paragraph(INTRODUCTION),
            facts_table(
                [
                    ("Certificate holder", facts.product("vendor")),
                    *facts.earlier_row("Certificate number", "number"),
                    ("Product type", facts.product("product_type") or "Charging Station"),
                    ("Product designation", facts.product("designation")),
                    ("OCPP Software version", facts.product("software_version")),
                    ("Hardware feature set", "as stated below"),
                    *facts.earlier_row("Certification date", "date"),
                ]
            ),
            Paragraph(
                f"The product named above was tested against {SPECIFICATION}{whitepaper}. Optional features of the "
                "protocol were part of it where the table of functionalities says so."
            ),
            *facts.statement(),
            Table(
                [
                    (
                        "Conformance testing according to the test specification referenced by the test report",
                        *tested,
                    )
                ],
                header=("Applied tests", "Performed by / on", "Document evidence"),
                widths=(4, 3, 3),
            ),
            Paragraph(SCOPE),
        ],
    )


def _abstract(facts: Facts) -> list[Section]:
    laboratory = facts.result.laboratory
    optional = facts.profile_rows(
        Profile.FIRMWARE_MANAGEMENT,
        Profile.SMART_CHARGING,
        Profile.RESERVATION,
        Profile.LOCAL_AUTH_LIST_MANAGEMENT,
        Profile.REMOTE_TRIGGER,
    )
    security = facts.profile_rows(Profile.SECURITY)
    rows = [*facts.profile_rows(Profile.CORE), ("Optional features", "", ""), *optional, *security]
    return [
        Section("Abstract of test report", 1),
        Section("Test Result Summary", 2),
        Section(
            "Test Report OCPP 1.6 Certification",
            3,
            [
                facts_table(
                    [
                        ("Test laboratory", visible(laboratory.name)),
                        ("Location", visible(laboratory.location or laboratory.address)),
                        ("Test execution location", visible(laboratory.test_location or laboratory.location)),
                        ("Test Report Reference", visible(laboratory.report_number)),
                        ("Vendor name", facts.product("vendor")),
                        ("Device Under Test", "Charging Station"),
                        ("Communication", "JSON"),
                        ("OCPP Software version", facts.product("software_version")),
                        ("Product designation", facts.product("designation")),
                    ]
                )
            ],
        ),
        Section(
            "Test Result Summary for the certified functionalities",
            3,
            [
                Table(
                    rows,
                    ("Functionalities", "OCPP 1.6 Certification Test Results", "Description"),
                    (3, 2.2, 5.8),
                    groups=frozenset({rows.index(("Optional features", "", ""))}),
                )
            ],
        ),
    ]


def _longest(one: Statistic) -> str:
    most = hms(one.maximum)
    return f"more than {most}" if one.at_least else most or NONE


def _performance(facts: Facts) -> Section:
    performance = facts.result.performance
    remote = performance.by_action.get("RemoteStartTransaction")
    declared = facts.declared("performance", "remote_start_response")
    rows = [
        (
            "OCPP triggered function timeout",
            _declared(performance.triggered.declared),
            _longest(performance.triggered),
            "From the request that asks for a message to that message. Firmware update, Diagnostics and Reboot are not "
            "counted.",
        ),
        (
            "OCPP response timeout",
            _declared(performance.response.declared),
            _longest(performance.response),
            "From a request of the Central System to its answer.",
        ),
        (
            "Response time RemoteStartTransaction",
            _declared(declared),
            _longest(remote) if remote else NONE,
            "From RemoteStartTransaction.req to its answer.",
        ),
    ]
    return Section(
        "Performance Measurement Results",
        2,
        [Table(rows, ("Name", "PICS value", "Measured value", "Description"), (3.2, 1.7, 1.9, 4.2))],
    )


def _declared(value: object) -> str:
    return f"{number(value)} seconds" if isinstance(value, int | float) else NONE


def _configuration(facts: Facts) -> list[Section]:
    count = facts.declared("answers", "HFS-8")
    several = NONE if not isinstance(count, int) else "Multiple" if count > 1 else "Single"
    settings = table(facts.declaration.get("non_ocpp_settings"))
    other = [
        (visible(key, 80), visible(value.get("value") if isinstance(value, dict) else value, 200))
        for key, value in settings.items()
    ]
    limits = [(facts.label("milliseconds"), facts.answer("milliseconds"))]
    for key, value in table(facts.declaration.get("other_limits")).items():
        if key != "milliseconds":
            limits.append((visible(key, 80), visible(value, 200)))
    return [
        Section(
            "Test Configuration",
            2,
            [
                facts_table(
                    [
                        ("Vendor", facts.product("vendor")),
                        ("DUT / SUT", "Charge Point"),
                        ("Communication", "JSON"),
                        ("Type", facts.product("designation")),
                        ("OCPP Software version", facts.product("software_version")),
                        ("Test tool", facts.tool()),
                    ]
                )
            ],
        ),
        Section(
            "Hardware feature set",
            3,
            [
                Table(
                    [
                        (facts.label("HFS-8", "2024"), several),
                        (facts.label("HFS-2", "2024"), facts.answer("HFS-2")),
                        (facts.label("HFS-9", "2024"), facts.answer("HFS-9", " / ")),
                        (facts.label("HFS-10", "2024"), facts.answer("HFS-10")),
                    ],
                    ("Feature", "Configuration"),
                    TWO,
                )
            ],
        ),
        Section(
            facts.label("non_ocpp_settings"),
            3,
            [Table(other or [(NONE, NONE)], ("Configuration key", "Value"), TWO)],
        ),
        Section(
            "Limit / setting",
            3,
            [
                Paragraph(
                    "Limits, and settings outside OCPP, that matter to the laboratory or to the Central System:"
                ),
                Table(limits, ("Limit / setting", "Value"), TWO),
            ],
        ),
        Section("Configuration", 2, [Table(_keys(facts), ("Configuration key", "Value"), TWO)]),
    ]


def _keys(facts: Facts) -> list[tuple[str, str]]:
    """Every configuration key: as read before the run, else as declared; declared keys first, in their order."""
    declared = table(facts.declaration.get("configuration_keys"))
    values = {}
    for key, entry in declared.items():
        value = entry.get("value") if isinstance(entry, dict) else entry
        values[key] = NONE if value is None else shown(value)
    for found in facts.result.configuration.keys:
        value = found.before if found.seen_before else found.after
        values[found.key] = "" if value is None else value
    return [(visible(key, 80), visible(value, 600)) for key, value in values.items()] or [(NONE, NONE)]


def _approval(facts: Facts) -> Section:
    return Section(
        "Statement of Approval",
        1,
        [
            Paragraph(APPROVAL),
            *facts.approval("Vendor", "Test laboratory", "2024"),
            facts.fingerprint(),
        ],
    )
