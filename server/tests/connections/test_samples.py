"""Voice samples: real files of each format, and files that are not what they seem."""

from __future__ import annotations

import contextlib
import io
import struct
import wave
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saperly_server.connections import MOST_BYTES, InvalidVoiceUpload, inspect

SAMPLES = Path(__file__).with_name("samples")
"""A quarter of a second of a 440 Hz tone each, made by common encoders; `long.mp3` has twelve seconds."""

FORMATS = {
    "tone.wav": "wav",
    "tone.mp3": "mp3",
    "tone.flac": "flac",
    "vorbis.ogg": "ogg",
    "opus.ogg": "ogg",
    "flac.ogg": "ogg",
    "tone.m4a": "m4a",
}


def wav(seconds: float, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(bytes(2 * int(rate * seconds)))
    return file.getvalue()


@pytest.mark.parametrize(("name", "format_"), FORMATS.items())
def test_a_sample_is_recognised_by_its_content_with_its_length(name: str, format_: str) -> None:
    sample = inspect((SAMPLES / name).read_bytes())
    assert sample.format == format_
    assert 0.25 <= sample.duration_sec <= 0.5


def test_ten_seconds_are_accepted() -> None:
    assert inspect(wav(10)).duration_sec == 10


@pytest.mark.parametrize("audio", [wav(10.5), (SAMPLES / "long.mp3").read_bytes()], ids=["wav", "mp3"])
def test_more_than_ten_seconds_are_refused(audio: bytes) -> None:
    with pytest.raises(InvalidVoiceUpload, match="longer than 10 seconds"):
        inspect(audio)


def test_more_than_five_megabytes_are_refused() -> None:
    with pytest.raises(InvalidVoiceUpload, match="larger than 5 MB"):
        inspect(b"RIFF" + bytes(MOST_BYTES))


@pytest.mark.parametrize(
    "audio",
    [
        b"",
        b"hello",
        b"<html>not found</html>",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        (SAMPLES / "tone.aac").read_bytes(),
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0AVI LIST",
        b"fLaC",
        b"OggS",
        b"\0\0\0\x08ftyp",
        b"\xff\xfb\x90\x00",
        b"ID3\x04\0\0\x7f\x7f\x7f\x7f",
        wav(0),
    ],
)
def test_what_is_not_a_sample_is_refused(audio: bytes) -> None:
    with pytest.raises(InvalidVoiceUpload):
        inspect(audio)


def test_a_wav_that_lies_about_its_length_is_measured() -> None:
    """Streaming writers leave the largest size in the header."""
    audio = bytearray(wav(1))
    audio[40:44] = struct.pack("<I", 0xFFFFFFFF)
    assert inspect(bytes(audio)).duration_sec == 1


def test_an_id3_tag_before_the_sound_is_stepped_over() -> None:
    audio = (SAMPLES / "tone.flac").read_bytes()
    tag = b"ID3\x03\x00\x00\x00\x00\x02\x00" + bytes(256)
    assert inspect(tag + audio) == inspect(audio)


@pytest.mark.parametrize("name", FORMATS)
def test_a_sample_that_was_cut_off_in_its_head_is_refused(name: str) -> None:
    for length in (0, 1, 8, 12, 27, 40, 43):
        with pytest.raises(InvalidVoiceUpload):
            inspect((SAMPLES / name).read_bytes()[:length])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FORMATS)), st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=8))
def test_a_damaged_sample_is_read_or_refused_and_nothing_else(name: str, damage: list[tuple[int, int]]) -> None:
    audio = bytearray((SAMPLES / name).read_bytes())
    for place, byte in damage:
        audio[place % len(audio)] = byte
    with contextlib.suppress(InvalidVoiceUpload):
        assert 0 < inspect(bytes(audio)).duration_sec < 10.5


def test_a_file_of_a_million_empty_boxes_is_refused_at_once() -> None:
    with pytest.raises(InvalidVoiceUpload, match="no sound track"):
        inspect(b"\0\0\0\x08ftyp" + b"\0\0\0\x08free" * (MOST_BYTES // 8 - 1))
