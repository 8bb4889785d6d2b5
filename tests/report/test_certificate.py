"""The certificate-style part has every section, label and value of the two certificates, in their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from octt.report.certificate.certificate import certificate
from octt.report.certificate.form import LAYOUTS, NOTICE
from octt.report.model.result import build
from tests.report.certified import FACTS, OTHERWISE, certified, first_missing, flat
from tests.report.synthetic import PICS, failing_run, passing_run


@pytest.mark.parametrize("layout", LAYOUTS)
def test_everything_of_the_certificate_is_there_in_order(layout):
    assert first_missing(flat(certificate(certified(layout), layout)), FACTS[layout]) is None


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_certified_stations_passed(layout):
    result = certified(layout)
    assert (result.verdict, result.not_issuable) == ("PASS", [])


REFERENCE = Path(__file__).resolve().parents[3] / "shared/reference/certificates"


@pytest.mark.parametrize(("layout", "name"), [("2025", "xcharge-c6.txt"), ("2024", "xj-power-ievqc33.txt")])
def test_the_list_of_facts_leaves_nothing_out(layout, name):
    """Line by line of the certificate's own text, where it is at hand: all but running text and what was misread."""
    if not (REFERENCE / name).is_file():
        pytest.skip("the certificate's text is not part of the project; the list of facts is")
    text = (REFERENCE / name).read_text(encoding="utf-8")
    expected = [cell for cell in cells(text) if cell.rstrip(":") not in OTHERWISE]
    assert len(expected) > 100
    assert first_missing(flat(certificate(certified(layout), layout)), expected) is None


def cells(text: str) -> list[str]:
    """The cells of a certificate's text: no running text, no column of descriptions, no table that was misread."""
    found, described = [], 0
    lines = text.split("\tConfiguration\n")
    if len(lines) == 2:  # the scanned table of configuration keys, up to the statement of approval
        lines[1] = lines[1][lines[1].index("Statement of Approval") :]
    seen: set[str] = set()
    for line in "\n".join(lines).splitlines():
        row = [cell.strip() for cell in line.rstrip().replace("Date: ", "Date\t").split("\t")]
        if row[-1] == "Description":
            described = len(row)
        elif described and len(row) == described:
            row = row[:-1]
        elif len(row) > 1:
            described = 0
        prose = len(row) == 1 and len(line.strip()) > 80
        other = line.startswith(("Authenticity", "Page ", "Test cases have")) or "[chairman]" in line
        repeated = row[0] in ("ID", "Optional features") and line.strip() in seen  # again on a new page
        seen.add(line.strip())
        if not (prose or other or repeated):
            found += [cell for cell in row if len(cell) > 1 and not cell.startswith("[signat")]
    found = [cell.replace("Туре", "Type") for cell in found]  # misread: Cyrillic letters, and a stamp
    return [cell for cell in found if any(sign.isalnum() for sign in cell) and cell != "74 37"]


def test_a_value_out_of_order_is_noticed():
    assert first_missing("a | 1\nb | 2", ["b | 2", "a | 1"]) == "a | 1"
    assert first_missing("a | 1\nb | 2", ["a | 1", "b | 3"]) == "b | 3"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_of_a_certificate_is_claimed(layout):
    """Without an earlier certificate there is no number and no date; no row is there only to say so."""
    text = flat(certificate(build(passing_run().events), layout))
    for absent in ("certificate number", "certification date", "chairman", "nobody signs"):
        assert absent not in text.casefold()
    assert "OCA." not in text
    assert "Certificates are issued by the Open Charge Alliance and its laboratories alone." in text
    assert "no certificate of the Open Charge Alliance" in NOTICE


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_tool_is_told_so_that_nobody_takes_it_for_another(layout):
    text = flat(certificate(build(passing_run().events), layout))
    assert "an independent tool, not the OCTT of the Open Charge Alliance" in text
    assert "OCTT version" not in text


def test_the_whitepaper_is_named_where_the_security_extension_was_tested():
    run = passing_run()
    run.change(0, pics={**PICS, "profiles": ["Core", "Security"]})
    assert "Security Whitepaper Edition 3" in flat(certificate(build(run.events), "2024"))
    assert "Whitepaper" not in flat(certificate(build(passing_run().events), "2024"))


def test_an_earlier_certificate_is_called_that():
    text = flat(certificate(certified("2025"), "2025"))
    assert "OCA.0016.0970.CS (an earlier certificate, as declared by the vendor)" in text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_results_are_those_of_the_run(layout):
    """Core failed in this run, whatever the declaration says; what was not declared has a dash."""
    result = build(failing_run().events)
    text = flat(certificate(result, layout))
    assert "Core | Fail; incomplete: 3 of 5" in text
    assert "Reservation | Pass" in text
    assert "Smart Charging | Pass" not in text
    assert "May not be filed" in text


def test_measured_values_come_from_the_record():
    text = flat(certificate(build(passing_run().events), "2025"))
    assert "OCPP response timeout | 100 | 200 | 133 | milliseconds" in text
    assert "OCPP response timeout | 2 | seconds" in text


def test_a_declared_profile_without_cases_was_not_tested():
    run = passing_run()
    run.change(0, pics={**PICS, "profiles": ["Core", "SmartCharging"]})
    assert "Smart Charging | Not tested" in flat(certificate(build(run.events), "2025"))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_declaration_of_wrong_types_still_gives_a_report(layout):
    run = passing_run()
    pics = {
        "profiles": "Core",
        "product": ["x"],
        "answers": {"HFS-8": {"a": 1}, "C-09.1": [[1], None], "SEC-4": 7, "HFS-1": "maybe"},
        "connectors": [1, {"connector": []}],
        "configuration_keys": {"A": ["x"], "B": None},
        "non_ocpp_settings": 3,
        "other_limits": {"milliseconds": "often"},
        "performance": {"response_timeout": "soon"},
        "certified": "yes",
    }
    run.change(0, pics=pics)
    assert "Statement of Approval" in flat(certificate(build(run.events), layout))


def test_an_unknown_layout_is_refused():
    with pytest.raises(ValueError, match="2025, 2024"):
        certificate(build(passing_run().events), "2023")  # type: ignore[arg-type]
