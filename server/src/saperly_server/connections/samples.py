"""What an uploaded voice sample is: its format, told from its content and never from its name, and how long it plays.

The sound itself is not decoded. The length comes from the container: counted where it can be (WAV, Ogg, MP3), declared
where it must be (FLAC, M4A). Read here because no library fits: mutagen is under the GPL, and tinytag believes a streamed
WAV's header, takes raw AAC for MP3 and does not know FLAC in Ogg.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .errors import InvalidVoiceUpload

MOST_BYTES = 5 * 1024 * 1024
LONGEST_SEC = 10.0
# Encoders fill the last frame with silence, and MP3 and AAC put some before the first: at low sample rates up to this.
_PADDING_SEC = 0.25
_MOST_PARTS = 10_000
"""Chunks, pages, boxes or frames that are looked at: ten seconds have some hundreds, and a hostile file gets no further."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A readable sample: `wav`, `mp3`, `flac`, `ogg` or `m4a`, and its length in seconds."""

    format: str
    duration_sec: float


class _Unreadable(ValueError):
    """The bytes are not what their first ones promise."""


def inspect(audio: bytes) -> Sample:
    """The sample in these bytes. InvalidVoiceUpload when it is too large, too long, or not one of the formats."""
    if len(audio) > MOST_BYTES:
        raise InvalidVoiceUpload("The sample is larger than 5 MB.")
    try:
        sample = _sample(audio)
    except (_Unreadable, struct.error, IndexError) as error:
        raise InvalidVoiceUpload(f"The sample cannot be read: {_reason(error)}.") from error
    if sample.duration_sec <= 0:
        raise InvalidVoiceUpload("The sample holds no sound.")
    if sample.duration_sec > LONGEST_SEC + _PADDING_SEC:
        raise InvalidVoiceUpload("The sample is longer than 10 seconds.")
    return sample


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, _Unreadable) else "the file is cut off"


def _sample(audio: bytes) -> Sample:
    audio = _without_id3(audio)
    if audio[:4] == b"RIFF" and audio[8:12] == b"WAVE":
        return Sample("wav", _wav_sec(audio))
    if audio[:4] == b"fLaC":
        return Sample("flac", _flac_sec(audio))
    if audio[:4] == b"OggS":
        return Sample("ogg", _ogg_sec(audio))
    if audio[4:8] == b"ftyp":
        return Sample("m4a", _m4a_sec(audio))
    if audio[:1] == b"\xff":
        return Sample("mp3", _mp3_sec(audio))
    raise _Unreadable("it is not WAV, MP3, FLAC, OGG or M4A")


def _without_id3(audio: bytes) -> bytes:
    """Without a leading ID3v2 tag, whose size has seven bits in each byte."""
    if audio[:3] != b"ID3":
        return audio
    size = 0
    for byte in audio[6:10]:
        size = size << 7 | byte & 0x7F
    footer = 10 if audio[5] & 0x10 else 0
    return audio[10 + size + footer :]


def _wav_sec(audio: bytes) -> float:
    """RIFF chunks: `fmt ` has the rate and the size of one moment, `data` the sound, however long it says it is."""
    bytes_per_sec, place = 0, 12
    for _ in range(_MOST_PARTS):
        name, size = struct.unpack_from("<4sI", audio, place)
        if name == b"fmt ":
            _, _, rate, _, block = struct.unpack_from("<HHIIH", audio, place + 8)
            bytes_per_sec = rate * block
        if name == b"data":
            if not bytes_per_sec:
                raise _Unreadable("it does not say its sample rate")
            return float(min(size, len(audio) - place - 8)) / bytes_per_sec
        place += 8 + size + size % 2
    raise _Unreadable("it has no sound in its first chunks")


def _flac_sec(audio: bytes) -> float:
    """STREAMINFO (RFC 9639, 8.2), the first block: 20 bits of sample rate and 36 bits of sample count at its end."""
    packed = int.from_bytes(audio[18:26], "big")
    rate, samples = packed >> 44, packed & (1 << 36) - 1
    if not rate or not samples:
        raise _Unreadable("it does not say how long it is")
    if _flac_sound(audio)[:1] != b"\xff":
        raise _Unreadable("the file is cut off")
    return samples / rate


def _flac_sound(audio: bytes) -> bytes:
    """What follows the metadata blocks; each begins with a mark on the last one and 24 bits of length."""
    place = 4
    for _ in range(_MOST_PARTS):
        size = int.from_bytes(audio[place + 1 : place + 4], "big")
        last, place = audio[place] & 0x80, place + 4 + size
        if last:
            break
    return audio[place:]


def _ogg_sec(audio: bytes) -> float:
    """Ogg pages (RFC 3533): the last position of the first stream, in samples of the codec named on its first page."""
    rate, skipped, serial, last = 0, 0, -1, -1
    for page_serial, position, body in _ogg_pages(audio):
        if serial == -1:
            serial = page_serial
            rate, skipped = _ogg_codec(body)
        if page_serial == serial and position >= 0:
            last = position
    return (last - skipped) / rate if rate else 0.0


def _ogg_pages(audio: bytes) -> Iterator[tuple[int, int, bytes]]:
    place = 0
    for _ in range(_MOST_PARTS):
        if place == len(audio):
            return
        if audio[place : place + 4] != b"OggS":
            raise _Unreadable("a page of it is broken")
        position, serial = struct.unpack_from("<qI", audio, place + 6)
        segments = audio[place + 26]
        start = place + 27 + segments
        end = start + sum(audio[place + 27 : start])
        if end > len(audio):
            raise _Unreadable("the file is cut off")
        yield serial, position, audio[start:end]
        place = end


def _ogg_codec(header: bytes) -> tuple[int, int]:
    """Samples per second, and samples before the sound begins (Opus, RFC 7845, counts at 48 kHz whatever it was)."""
    if header[:7] == b"\x01vorbis":
        return struct.unpack_from("<I", header, 12)[0], 0
    if header[:8] == b"OpusHead":
        return 48_000, struct.unpack_from("<H", header, 10)[0]
    if header[:5] == b"\x7fFLAC":
        return int.from_bytes(header[27:31], "big") >> 12, 0
    raise _Unreadable("it is not Vorbis, Opus or FLAC")


def _m4a_sec(audio: bytes) -> float:
    """ISO base media boxes: the `mdhd` of the first `trak` whose `hdlr` is for sound. The sound itself is in `mdat`."""
    if not any(end > start for start, end in _boxes(audio, (b"mdat",), 0, len(audio))):
        raise _Unreadable("it has no sound track")
    for track_start, track_end in _boxes(audio, (b"moov", b"trak"), 0, len(audio)):
        handlers = _boxes(audio, (b"mdia", b"hdlr"), track_start, track_end)
        if any(audio[start + 8 : start + 12] == b"soun" for start, _ in handlers):
            for start, _ in _boxes(audio, (b"mdia", b"mdhd"), track_start, track_end):
                return _media_header_sec(audio, start)
    raise _Unreadable("it has no sound track")


def _media_header_sec(audio: bytes, start: int) -> float:
    form = ">QQIQ" if audio[start] == 1 else ">IIII"
    _, _, timescale, duration = struct.unpack_from(form, audio, start + 4)
    if not timescale or not duration:
        raise _Unreadable("it does not say how long it is")
    return float(duration) / float(timescale)


def _boxes(audio: bytes, path: tuple[bytes, ...], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the contents of the boxes at `path` begin and end, inside the part from `start` to `end`."""
    for _ in range(_MOST_PARTS):
        if start + 8 > end:
            return
        size, name = struct.unpack_from(">I4s", audio, start)
        head = 16 if size == 1 else 8
        if size == 1:
            size = struct.unpack_from(">Q", audio, start + 8)[0]
        stop = end if size == 0 else start + size
        if stop > end or stop < start + head:
            raise _Unreadable("the file is cut off")
        if name == path[0] and len(path) == 1:
            yield start + head, stop
        elif name == path[0]:
            yield from _boxes(audio, path[1:], start + head, stop)
        start = stop


# MPEG audio layer III: kbit/s by index, for version 1 and for versions 2 and 2.5; samples per second of version 1.
_KBITS = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)
_VERSIONS = {3: (1, 1), 2: (2, 2), 0: (2, 4)}
"""Version bits: which row of `_KBITS`, and what the rate is divided by."""


def _mp3_sec(audio: bytes) -> float:
    """Every frame is counted; a frame that only holds the encoder's notes is not sound."""
    place, seconds = 0, 0.0
    for _ in range(_MOST_PARTS):
        frame = _frame(audio, place)
        if frame is None:
            break
        size, length_sec = frame
        notes = audio[place : place + min(size, 48)]
        if not any(mark in notes for mark in (b"Xing", b"Info", b"VBRI")):
            seconds += length_sec
        place += size
    rest = audio[place:]
    if not place or (rest[:3] not in (b"", b"TAG", b"APE") and rest.strip(b"\0")):
        raise _Unreadable("it is not an unbroken MP3 stream")
    return seconds


def _frame(audio: bytes, place: int) -> tuple[int, float] | None:
    """Size in bytes and length in seconds of the whole frame here; None when there is none."""
    header = int.from_bytes(audio[place : place + 4], "big")
    version = _VERSIONS.get(header >> 19 & 3)
    bits, rate_index = header >> 12 & 15, header >> 10 & 3
    if header >> 21 != 0x7FF or header >> 17 & 3 != 1 or version is None:
        return None
    if bits in (0, 15) or rate_index == 3:
        return None
    row, divisor = version
    rate, samples = _RATES[rate_index] // divisor, 1152 // row
    size = samples // 8 * _KBITS[row][bits] * 1000 // rate + (header >> 9 & 1)
    return (size, samples / rate) if place + size <= len(audio) else None
