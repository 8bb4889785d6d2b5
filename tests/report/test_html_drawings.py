"""The drawings and the way numbers are written: what is drawn is what was measured."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt.report import text
from octt.report.html.sequence import CSMS, OPERATOR, STATION, Arrow, Note, sequence
from octt.report.html.svg import Series, distribution, schedule
from octt.report.html.timeline import Bar, Lane, timeline
from tests.report.synthetic import HOSTILE


def texts(drawing: str) -> list[str]:
    """Every text of a drawing; it must be well-formed XML for that."""
    return ["".join(node.itertext()) for node in ElementTree.fromstring(drawing).iter("text")]


def test_a_distribution_names_count_median_and_maximum():
    found = texts(distribution([Series("BootNotification", [0.1, 0.2, 0.9], 2.0), Series("nothing", [])]))
    assert {"BootNotification", "3", "200 ms", "900 ms"} <= set(found)
    assert "nothing" not in found


def test_a_time_over_the_limit_is_marked():
    assert 'class="num bad"' in distribution([Series("a", [3.0], 2.0)])
    assert 'class="num bad"' not in distribution([Series("a", [1.0], 2.0)])


@given(st.lists(st.floats(0, 1e6), max_size=30), st.none() | st.floats(0, 1e6))
def test_any_samples_are_drawn_inside_the_picture(samples, limit):
    drawing = distribution([Series("a", samples, limit)])
    if samples:
        width = float(ElementTree.fromstring(drawing).attrib["width"])
        assert all(0 <= float(x) <= width for x in re.findall(r' x1?="([-\d.e+]+)"', drawing))


def test_only_a_difference_is_shaded():
    same = [(0.0, 16.0), (60.0, 8.0)]
    assert 'class="difference"' not in schedule(same, same, "A", 120)
    assert 'class="difference"' in schedule(same, [(0.0, 16.0)], "A", 120)
    # the same steps said with one period more are the same function of time
    assert 'class="difference"' not in schedule(same, [(0.0, 16.0), (30.0, 16.0), (60.0, 8.0)], "A", 120)
    assert 'class="difference"' not in schedule(same, [(0.0, 16.0), (60.1, 8.0)], "A", 120)  # two clocks


def test_where_there_is_no_limit_no_line_is_drawn():
    drawing = schedule([(0.0, 16.0), (60.0, None), (90.0, 8.0)], [(0.0, 16.0), (60.0, 8.0)], "A", 120)
    expected = next(
        path for path in ElementTree.fromstring(drawing).iter("path") if path.attrib["class"] == "expected"
    )
    assert expected.attrib["d"].count("M") == 2
    assert drawing.count('class="difference"') == 2  # from 60 to 90, and in the legend


@given(
    st.lists(st.tuples(st.floats(-1e9, 1e9), st.none() | st.floats(-1e9, 1e9)), max_size=6),
    st.lists(st.tuples(st.floats(-1e9, 1e9), st.none() | st.floats(-1e9, 1e9)), max_size=6),
    st.floats(-10, 1e9),
)
def test_any_schedule_can_be_drawn(expected, returned, duration):
    assert texts(schedule(expected, returned, HOSTILE, duration))


def test_a_sequence_shows_who_did_what_when():
    rows = [
        Arrow(0.5, OPERATOR, STATION, "plug_in 1", "action"),
        Arrow(0.6, STATION, CSMS, HOSTILE, "call", 7, "Charging.11"),
        Note(20.0, "connection closed", bad=True),
    ]
    drawing = sequence(rows)
    found = texts(drawing)
    assert {"Operator", "Station", "Central System", "0.500", "plug_in 1", "✓ Charging.11", "19.4 s"} <= set(
        found
    )
    assert '<a href="#f7" id="a7">' in drawing
    assert "<script>" not in drawing


def test_without_an_operator_there_is_no_line_for_one():
    assert "Operator" not in texts(sequence([Arrow(0, CSMS, STATION, "Reset.req")]))


def test_a_timeline_opens_what_it_shows():
    start = 1_767_261_600 * 10**9
    bars = [
        Bar(start, start + 10**9, "v-pass", HOSTILE, "#tc-001-cs"),
        Bar(start - 10**12, start + 10**15, "v-fail"),
    ]
    drawing = timeline([Lane("Core", bars)], start, start + 60 * 10**9)
    assert texts(drawing).count("Core") == 1
    assert 'href="#tc-001-cs"' in drawing
    assert "10:00:30" in texts(drawing)


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_any_clock_gives_a_timeline_of_bounded_size(start, end):
    assert len(timeline([Lane("a", [Bar(start, end, "v-pass")])], start, end)) < 10_000


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (0.0, "0.00 s"),
        (0.0001, "0.1 ms"),
        (0.0041, "4.1 ms"),
        (0.041, "41 ms"),
        (0.25, "250 ms"),
        (0.9996, "1.00 s"),
        (5.13, "5.13 s"),
        (59.96, "1 min 0 s"),
        (-0.5, "−500 ms"),
        (7500, "2 h 5 min"),
    ],
)
def test_seconds(value, shown):
    assert text.seconds(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(15.0, "15"), (0.37, "0.37"), (42.874, "42.87"), (0.0041, "0.0041"), (60, "60")]
)
def test_numbers(value, shown):
    assert text.number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(180.0, "0:03:00"), (0.49, "490 ms"), (1.5, "1.50 s"), (3661, "1:01:01"), (None, "")]
)
def test_hours_minutes_seconds(value, shown):
    assert text.hms(value) == shown


def test_limits_and_citations():
    assert [text.limit(value) for value in (None, 5.0, 0.5, 90.0, 1200.0)] == [
        "",
        "5 s",
        "0.5 s",
        "90 s",
        "20 min",
    ]
    cited = {"4.9": "OCPP 1.6 § 4.9", "OCPP 1.6 5.13": "OCPP 1.6 § 5.13", "OCPP 1.6": "OCPP 1.6", "": ""}
    assert {given: text.cite(given) for given in cited} == cited


@given(st.text())
def test_nothing_invisible_is_left(value):
    shown = text.visible(value)
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown
    )
    assert bool(shown.encode()) == bool(value)


def test_a_long_text_is_cut():
    assert text.visible("abcdef", 4) == "abc…"
