"""What is read of what people type, and what is refused with what would be right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.capture.reading import MISSING_CODES, read_item
from apps.capture.unreadable import Unreadable
from apps.rules import UNKNOWN, Kind, typed
from apps.studies.definition import ItemDefinition

CODES = {"A": "a", "B": "b"}


def item(kind: str, **more) -> ItemDefinition:
    if kind in ("choice", "choices"):
        more["codelist"] = "LIST"
    return ItemDefinition(oid="X", type=kind, label="x", **more)


def read(kind: str, raw, **more):
    return read_item(item(kind, **more), raw, CODES).value


def test_it_works():
    assert read("decimal", "7.40") == "7.40"


@pytest.mark.parametrize(
    ("kind", "raw", "stored"),
    [
        ("decimal", "７．４０", "7.40"),
        ("decimal", "7,40", "7.40"),
        ("decimal", "7，4", "7.4"),
        ("decimal", " 0,123 ", "0.123"),
        ("decimal", "1234,5", "1234.5"),
        ("decimal", "−3", "-3"),
        ("decimal", "+5", "5"),
        ("decimal", ".5", "0.5"),
        ("decimal", "007.0", "7.0"),
        ("decimal", "-0.0", "0.0"),
        ("integer", "１２", "12"),
        ("date", "2024-5-7", "2024-05-07"),
        ("date", "2024/05/17", "2024-05-17"),
        ("date", "20240517", "2024-05-17"),
        ("date", "2024年5月17日", "2024-05-17"),
        ("date", "２０２４．５．１７", "2024-05-17"),
        ("date", "17-MAY-2024", "2024-05-17"),
        ("date", "17 May 2024", "2024-05-17"),
        ("date", "17 September 2024", "2024-09-17"),
        ("date", "17/05/2024", "2024-05-17"),
        ("date", "05/17/2024", "2024-05-17"),
        ("date", "05/05/2024", "2024-05-05"),
        ("time", "14:30", "14:30"),
        ("time", "9：05", "09:05"),
        ("time", "1430", "14:30"),
        ("time", "14时30分", "14:30"),
        ("datetime", "2024-05-17 14:30", "2024-05-17T14:30"),
        ("datetime", "2024-05-17T14:30", "2024-05-17T14:30"),
        ("yesno", "y", "Y"),
        ("yesno", "否", "N"),
        ("choice", "A", "A"),
        ("choices", ["B", "A", "B"], ["A", "B"]),
        ("choices", "B,A", ["A", "B"]),
        ("choices", [], None),
        ("text", "  calm\r\nand dry ", "calm\nand dry"),
        ("text", "药物😀", "药物😀"),
        ("decimal", "  ", None),
        ("date", "", None),
    ],
)
def test_what_has_one_reading_is_read(kind, raw, stored):
    assert read(kind, raw) == stored


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("2024-05", "2024-05"),
        ("2024", "2024"),
        ("UN-MAY-2024", "2024-05"),
        ("UN-UNK-2024", "2024"),
        ("2024-05-UN", "2024-05"),
        ("2024-UN-UN", "2024"),
        ("MAY 2024", "2024-05"),
        ("2024年5月", "2024-05"),
        ("2024年5月不详日", "2024-05"),
    ],
)
def test_partial_dates_where_the_item_takes_them(raw, stored):
    assert read("date", raw, partial=True) == stored
    with pytest.raises(Unreadable) as refusal:
        read("date", raw)
    assert refusal.value.code == "partial"


@pytest.mark.parametrize(
    ("kind", "raw", "code", "says"),
    [
        ("decimal", "1,234", "ambiguous", "1234 or 1.234"),
        ("decimal", "1,234.5", "ambiguous", "1234.5"),
        ("decimal", "<2.0", "number", "7.4"),
        ("decimal", "1e5", "number", "7.4"),
        ("decimal", "NaN", "number", "7.4"),
        ("decimal", "1 234", "number", "7.4"),
        ("decimal", "٣", "number", "7.4"),
        ("decimal", "1" * 29, "too_long", "28"),
        ("date", "05/06/2024", "ambiguous", "2024-05-06"),
        ("date", "2023-02-29", "no_such_date", "2023-02-29"),
        ("date", "17-XYZ-2024", "date", "2024-05-17"),
        ("date", "0024-05-17", "year", "0024"),
        ("date", "17-UN-2024", "date", "month"),
        ("date", "24-05-17", "date", "2024-05-17"),
        ("time", "24:00", "no_such_time", "24:00"),
        ("time", "2 pm", "time", "14:30"),
        ("datetime", "2024-05-17", "datetime", "14:30"),
        ("yesno", "1", "yesno", "1"),
        ("choice", "a", "code", "a"),
        ("note", "x", "not_entered", ""),
        ("file", "../../etc/passwd", "file", ""),
        ("text", "a\u202eb", "characters", ""),
        ("text", 5, "shape", ""),
        ("decimal", {"missing": "ND", "value": "1"}, "missing_code", "ND"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_would_be_right(kind, raw, code, says):
    with pytest.raises(Unreadable) as refusal:
        read(kind, raw)
    assert refusal.value.code == code
    assert says in refusal.value.message


def test_a_missing_code_is_kept_for_every_kind():
    for kind in ("text", "integer", "decimal", "date", "time", "datetime", "yesno", "choice", "choices", "file"):
        for code in MISSING_CODES:
            assert read(kind, {"missing": code}) == {"missing": code}


def test_a_unit_is_converted_exactly():
    reading = read_item(item("decimal", unit="g/L", unit_choices={"g/dL": "10"}), {"value": "7,40", "unit": "g/dL"})
    assert (reading.value, reading.entered) == ("74", {"value": "7.40", "unit": "g/dL"})
    reading = read_item(item("decimal", unit="g/L", unit_choices={"g/dL": "10"}), {"value": "74.0", "unit": "g/L"})
    assert (reading.value, reading.entered) == ("74.0", None)


KINDS = {"integer": Kind.NUMBER, "decimal": Kind.NUMBER, "date": Kind.DATE, "time": Kind.TIME, "yesno": Kind.BOOL}


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=30))
def test_whatever_is_stored_can_be_typed_by_the_rules(kind, raw):
    try:
        stored = read(kind, raw)
    except Unreadable:
        return
    assert stored is None or typed(KINDS[kind], stored) is not UNKNOWN


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=30))
def test_reading_what_was_read_changes_nothing(kind, raw):
    try:
        stored = read(kind, raw)
    except Unreadable:
        return
    assert stored is None or read(kind, stored) == stored
