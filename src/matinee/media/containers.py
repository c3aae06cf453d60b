"""Opening a film file: only containers of films, only from the local disk, whatever its name claims.

FFmpeg's libraries also read playlists, scripts, still pictures and texts, and follow the addresses in them. A
stranger's "film" that is really such a list could have this machine's own files read aloud; so the containers are
named here, one by one, for PyAV and for the program alike.
"""

from __future__ import annotations

from pathlib import Path

import av
from av.container import InputContainer

from matinee.base.errors import InvalidInput, MatineeError, NotFound, Unavailable

# Names as FFmpeg's demuxers have them. Sound alone is let in so that it can be told by name.
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,ogg,asf,mxf,mxf_opatom,nut,dv,rm,wtv,gxf,ivf,"
    "obu,h264,hevc,vvc,vc1,m4v,yuv4mpegpipe,mp3,flac,wav,aac,aiff,ac3,eac3,caf"
)
_NEXT_STEP = "Replace it with a film in a usual container, such as .mp4, .mkv or .webm."

# The first bytes of what people mistake for films.
_SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"#EXTM3U", "a playlist"),
    (b"ffconcat", "a playlist"),
)


def input_options(path: Path) -> list[str]:
    """Arguments with which FFmpeg the program opens this file, and nothing that the file points to.

    Pictures that change their size or colours on the way go on through the same filters: made anew, filters that count
    frames would begin at nought again.
    """
    only = ["-protocol_whitelist", "file", "-format_whitelist", FORMATS]
    return [*only, "-reinit_filter:v", "0", "-i", f"file:{path.absolute()}"]


def open_container(path: Path) -> InputContainer:
    """Open a film file with PyAV; close it after use.

    Raises `NotFound` where there is no such file, `Unavailable` where it may not be read, and `InvalidInput` that
    says what it is instead of a film.
    """
    head = _head(path)
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    try:
        return av.open(f"file:{path.absolute()}", options=options, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError):
        raise InvalidInput(f"{path} is not a film: {_what(head)}.", next_step=_NEXT_STEP) from None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4096)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> MatineeError:
    if isinstance(error, FileNotFoundError):
        return NotFound(
            f"There is no file {path}.", next_step="Check the name; if it was moved, scan its folder again."
        )
    if isinstance(error, IsADirectoryError):
        return InvalidInput(f"{path} is a folder.", next_step="Name a film file in it.")
    return Unavailable(f"{path} cannot be read: {error.strerror}.", next_step="Check its owner and permissions.")


def _what(head: bytes) -> str:
    if not head:
        return "the file is empty"
    for sign, name in _SIGNS:
        if head.startswith(sign):
            return f"it is {name}"
    if head[4:8] == b"ftyp":
        return "its index is missing, as when a copy was broken off"
    if b"\0" not in head and sum(byte < 9 for byte in head) == 0:
        return "it is a text"
    return "no film container is found in it"
