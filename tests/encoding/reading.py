"""Reading a finished stream as players do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import av
from tests.media.clips import ffmpeg

_DASH = "{urn:mpeg:dash:schema:mpd:2011}"


@dataclass
class Variant:
    """One line pair of a master playlist."""

    attributes: dict[str, str]
    uri: str

    @property
    def size(self) -> str:
        return self.attributes["RESOLUTION"]


def attributes(line: str) -> dict[str, str]:
    found = re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', line.partition(":")[2])
    return {name: value.strip('"') for name, value in found}


def variants(folder: Path) -> list[Variant]:
    lines = (folder / "master.m3u8").read_text().splitlines()
    return [
        Variant(attributes(line), lines[i + 1]) for i, line in enumerate(lines) if line.startswith("#EXT-X-STREAM-INF")
    ]


def media_tags(folder: Path, kind: str) -> list[dict[str, str]]:
    lines = (folder / "master.m3u8").read_text().splitlines()
    found = [attributes(line) for line in lines if line.startswith("#EXT-X-MEDIA")]
    return [one for one in found if one["TYPE"] == kind]


def segments(folder: Path, playlist: str) -> list[str]:
    return [line for line in (folder / playlist).read_text().splitlines() if line and not line.startswith("#")]


def initialisation(folder: Path, playlist: str) -> str:
    (line,) = [line for line in (folder / playlist).read_text().splitlines() if line.startswith("#EXT-X-MAP")]
    return attributes(line)["URI"]


def pictures(manifest: Path, track: int) -> list[tuple[int, str]]:
    """Time and checksum of every decoded picture of one rendition, through a manifest."""
    told = ffmpeg(
        *opening(manifest),
        "-map",
        f"0:v:{track}",
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        "demux",
        "-f",
        "framemd5",
        "-",
    )
    rows = [line.split(",") for line in told.splitlines() if not line.startswith("#")]
    return [(int(row[2]), row[5].strip()) for row in rows]


def opening(manifest: Path) -> list[object]:
    """Arguments with which FFmpeg reads a manifest: its reader of DASH takes WebVTT for an attack unless told."""
    lenient = ["-allowed_extensions", "ALL"] if manifest.suffix == ".mpd" else []
    return [*lenient, "-i", manifest]


def sound_seconds(manifest: Path, track: int = 0) -> float:
    """How long the decoded sound lasts, through a manifest."""
    raw = manifest.parent / "sound.raw"
    ffmpeg(*opening(manifest), "-map", f"0:a:{track}", "-ac", 1, "-ar", 48000, "-f", "s16le", raw)
    size = raw.stat().st_size
    raw.unlink()
    return size / 2 / 48000


def first_packets(folder: Path, playlist: str) -> list[tuple[float, bool, bool]]:
    """For each segment: when its first frame is shown, whether it is a key frame, whether none is shown before it."""
    head = (folder / initialisation(folder, playlist)).read_bytes()
    found = []
    for name in segments(folder, playlist):
        joined = folder / "joined.mp4"
        joined.write_bytes(head + (folder / name).read_bytes())
        with av.open(str(joined)) as container:
            packets = [packet for packet in container.demux(video=0) if packet.size]
        first = packets[0]
        closed = all(packet.pts >= first.pts for packet in packets)
        found.append((float(first.pts * first.time_base), first.is_keyframe, closed))
        joined.unlink()
    return found


def dash_files(folder: Path) -> dict[str, list[str]]:
    """The files of each representation with segments, by its id, in the order in which the manifest has them played."""
    found = {}
    for one in ElementTree.parse(folder / "manifest.mpd").iter(f"{_DASH}Representation"):
        template = one.find(f"{_DASH}SegmentTemplate")
        if template is None:
            continue
        count = sum(1 + int(part.get("r", "0")) for part in template.iter(f"{_DASH}S"))
        name, first = template.get("media", ""), int(template.get("startNumber", "1"))
        names = [
            template.get("initialization", ""),
            *(name.replace("$Number%05d$", f"{first + i:05d}") for i in range(count)),
        ]
        found[one.get("id", "")] = [each.replace("$RepresentationID$", one.get("id", "")) for each in names]
    return found
