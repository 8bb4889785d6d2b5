"""Times: what ISO 8601 has is read, whatever else RFC 3339 leaves out; the rest is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octt.ocpp import schemas
from octt.ocpp.timestamps import is_timestamp, moment, unusual

EIGHT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

USUAL = [
    "2026-03-01T08:00:00Z",
    "2026-03-01T08:00:00.000Z",
    "2026-03-01T10:30:00+02:30",
    "2026-03-01t08:00:00z",
]
ONLY_ISO = [
    *("2026-03-01T08:00Z", "2026-03-01T08Z", "2026-03-01T08:00:00,0Z", "2026-03-01T08:00.0Z"),
    *("2026-03-01T09:00:00+01", "20260301T080000Z", "20260301T0800Z", "20260301T090000+0100"),
    *("2026-W09-7T08:00:00Z", "2026W097T080000Z", "2026-060T08:00:00Z", "2026060T080000Z"),
]


@pytest.mark.parametrize("text", USUAL + ONLY_ISO)
def test_every_form_of_one_instant(text):
    assert is_timestamp(text)
    assert moment(text) == EIGHT
    assert unusual(text) == ("" if text in USUAL else "in a form of ISO 8601 that RFC 3339 does not have")


@pytest.mark.parametrize("text", ["2026-03-01T08:00:00", "2026-03-01T08:00", "20260301T080000"])
def test_a_time_without_a_zone_is_legal_and_read_as_utc(text):
    assert moment(text) == EIGHT
    assert unusual(text) == "without a zone"


def test_the_end_of_a_day_and_leap_seconds():
    midnight = datetime(2017, 1, 1, tzinfo=UTC)
    for text in ("2016-12-31T24:00:00Z", "2016-12-31T23:59:60Z", "20161231T24Z"):
        assert moment(text) == midnight
    for text in ("2016-12-31T24:00:01Z", "2016-12-31T24:01Z", "2016-12-31T23:59:61Z", "2016-12-31T25:00Z"):
        assert not is_timestamp(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2026-03-01", "08:00:00Z", "2026-03-01 08:00:00Z", "2026-03-01T08:00:00 Z"),
        *("2026-03-01T", "2026-3-1T8:00:00Z", "01.03.2026T08:00:00Z", "1772352000", "2026-03-01T8:00Z"),
        *("2026-02-29T08:00:00Z", "2026-13-01T08:00:00Z", "2026-366T08:00:00Z", "2026-W54-1T08:00:00Z"),
        *("2026-03-01T08:60:00Z", "2026-03-01T08:00:00+24:00", "2026-03-01T08:00:00+01:60"),
        # the formats are not mixed
        *("20260301T08:00:00Z", "2026-03-01T080000Z", "2026-03-01T08:00:00+0100", "2026W09-7T080000Z"),
        # digits of other scripts
        *("٢٠٢٦-03-01T08:00:00Z", "2026-03-01T0८:00:00Z"),
    ],
)
def test_what_is_no_time(text):
    assert not is_timestamp(text)
    assert moment(text) is None
    assert unusual(text) == ""
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": text}
    assert any("ISO 8601" in told for told in schemas.problems("StatusNotification", "request", status))


def test_what_lies_beyond_the_calendar_is_legal_and_no_instant():
    assert is_timestamp("0001-01-01T00:00:00+14:00")
    assert moment("0001-01-01T00:00:00+14:00") is None


zones = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=zones))
def test_what_python_writes_is_read_as_it_was_meant(when):
    for text in (when.isoformat(), when.astimezone(UTC).isoformat().replace("+00:00", "Z")):
        assert moment(text) == when


@given(st.text(alphabet="0123456789-:.,TZtzW+ ", max_size=30) | st.text(max_size=30))
def test_any_text_is_survived(text):
    assert is_timestamp(text) or moment(text) is None
    assert isinstance(unusual(text), str)
