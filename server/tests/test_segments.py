"""SMS encoding and segmentation, against the published table and an independent implementation."""

from __future__ import annotations

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st
from saperly_server.messaging.segments import (
    GSM7_BASIC,
    GSM7_EXTENSION,
    Encoding,
    Segmentation,
    measure,
)

FAMILY = "👨\u200d👩\u200d👧\u200d👦"

TABLE = [
    ("a" * 160, "GSM-7", 160, 1),
    ("a" * 161, "GSM-7", 161, 2),
    ("a" * 306, "GSM-7", 306, 2),
    ("a" * 307, "GSM-7", 307, 3),
    ("a" * 159 + "€", "GSM-7", 161, 2),
    ("€" * 80, "GSM-7", 160, 1),
    ("€" * 81, "GSM-7", 162, 2),
    ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
    ("€" * 153, "GSM-7", 306, 3),
    ("é" * 160, "GSM-7", 160, 1),
    ("Ç" * 160, "GSM-7", 160, 1),
    ("\n" * 160, "GSM-7", 160, 1),
    ("\f" * 80, "GSM-7", 160, 1),
    ("ê" * 70, "UCS-2", 70, 1),
    ("ê" * 71, "UCS-2", 71, 2),
    ("ç", "UCS-2", 1, 1),
    ("`", "UCS-2", 1, 1),
    ("\t", "UCS-2", 1, 1),
    ("\x1b", "UCS-2", 1, 1),
    ("it’s", "UCS-2", 4, 1),
    ("Hi from my agent 👋", "UCS-2", 19, 1),
    ("👋" * 35, "UCS-2", 70, 1),
    ("👋" * 36, "UCS-2", 72, 2),
    ("👋" * 67, "UCS-2", 134, 3),
    ("ж" * 66 + "👋" + "ж" * 66, "UCS-2", 134, 3),
    (FAMILY, "UCS-2", 11, 1),
    ("a" * 1600, "GSM-7", 1600, 11),
    ("ê" * 1600, "UCS-2", 1600, 24),
    ("", "GSM-7", 0, 1),
]


@pytest.mark.parametrize(("body", "encoding", "units", "segments"), TABLE)
def test_the_published_table_holds(body: str, encoding: str, units: int, segments: int) -> None:
    assert measure(body) == Segmentation(Encoding(encoding), units, segments)


def test_the_alphabet_has_its_127_characters_and_ten_extensions() -> None:
    assert len(GSM7_BASIC) == 127
    assert len(GSM7_EXTENSION) == 10
    assert not GSM7_BASIC & GSM7_EXTENSION


gsm7_bodies = st.text(st.sampled_from(sorted(GSM7_BASIC | GSM7_EXTENSION)), min_size=1, max_size=1600)
split_prone = st.text("a€ж👋{", min_size=1, max_size=1600)
any_bodies = st.text(st.characters(exclude_characters="\x1b", exclude_categories=["Cs"]), min_size=1, max_size=400)
near_limits = st.builds(
    lambda size, filler, tail: filler * size + tail,
    st.sampled_from([66, 67, 69, 70, 133, 134, 152, 153, 159, 160, 305, 306, 459]),
    st.sampled_from("aж€👋"),
    st.text("a€ж👋", max_size=4),
)


@given(st.one_of(gsm7_bodies, split_prone, any_bodies, near_limits))
def test_an_independent_implementation_counts_the_same(body: str) -> None:
    """`smsutil` differs in two places, which are left out here and shown in the next test.

    It takes a bare escape character (0x1B) for a letter of the alphabet, although that code only announces an
    extension character, and it calls an empty text UCS-2, although no character of it asks for that.
    """
    oracle = smsutil.split(body)
    found = measure(body)
    bytes_per_unit = 1 if oracle.encoding == "gsm0338" else 2
    assert (found.encoding is Encoding.GSM7) == (oracle.encoding == "gsm0338")
    assert found.units == oracle.total_bytes // bytes_per_unit
    assert found.segments == len(oracle.parts)


def test_where_the_independent_implementation_differs() -> None:
    assert smsutil.split("").encoding == "utf_16_be"
    assert measure("").encoding is Encoding.GSM7
    assert smsutil.split("\x1b").encoding == "gsm0338"
    assert measure("\x1b").encoding is Encoding.UCS2


@given(st.text(max_size=600), st.text(max_size=40))
def test_a_longer_text_never_takes_fewer_segments(body: str, more: str) -> None:
    assert measure(body + more).segments >= measure(body).segments


@given(st.text(min_size=1, max_size=1600))
def test_segments_are_bounded_by_the_units(body: str) -> None:
    found = measure(body)
    whole, split = (160, 153) if found.encoding is Encoding.GSM7 else (70, 67)
    assert (found.segments == 1) == (found.units <= whole)
    if found.segments > 1:
        assert -(-found.units // split) <= found.segments <= -(-found.units // (split - 1))
