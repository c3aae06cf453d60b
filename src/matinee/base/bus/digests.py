"""Which ids a sealed segment holds, answered without reading them: sorted digests behind a small bitmap.

An id's digest is 128 bits of BLAKE2b, so that two ids share one about once in 10^19 pairs of billions: good enough
to be called exact. The file is memory-mapped; a look-up of 500 ids that are not there touches 500 bytes of the
bitmap and little else. Little-endian:

    8  magic "MBIDS001"      8  count      8  bits of the bitmap (a power of two)
    u64 upper halves, sorted     u64 lower halves, beside them     the bitmap
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]

_HEADER = struct.Struct("<8sQQ")
_MAGIC = b"MBIDS001"
_BITS_PER_ID = 12


def digests(ids: Iterable[str]) -> U64:
    """Digests of the ids, shape (n, 2): upper and lower halves."""
    blake = hashlib.blake2b
    joined = b"".join([blake(one.encode("ascii"), digest_size=16).digest() for one in ids])
    return np.frombuffer(joined, "<u8").reshape(-1, 2)


def encode(found: U64) -> bytes:
    """The file for these digests."""
    order = np.argsort(found[:, 0], kind="stable")
    upper: U64 = found[order, 0]
    lower: U64 = found[order, 1]
    bits = 1 << max(10, (len(found) * _BITS_PER_ID - 1).bit_length())
    bitmap = np.zeros(bits, np.bool_)
    bitmap[lower & np.uint64(bits - 1)] = True
    header = _HEADER.pack(_MAGIC, len(found), bits)
    return b"".join((header, upper.tobytes(), lower.tobytes(), np.packbits(bitmap, bitorder="little").tobytes()))


class Digests:
    """An open file of digests."""

    def __init__(self, path: Path) -> None:
        """Map the file; raises `ValueError` where it is cut short or something else."""
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)  # ValueError where it is empty
        magic, count, bits = _HEADER.unpack_from(self._map.read(_HEADER.size).ljust(_HEADER.size))
        if magic != _MAGIC or len(self._map) != _HEADER.size + 16 * count + bits // 8:
            raise ValueError(f"{path} is cut short or no file of digests")
        self._upper: U64 = np.frombuffer(self._map, "<u8", count, _HEADER.size)
        self._lower: U64 = np.frombuffer(self._map, "<u8", count, _HEADER.size + 8 * count)
        self._bitmap = np.frombuffer(self._map, np.uint8, bits // 8, _HEADER.size + 16 * count)
        self._mask = np.uint64(bits - 1)
        self.count: int = count

    def holds(self, wanted: U64) -> NDArray[np.bool_]:
        """Which of the digests, shape (n, 2), are here."""
        places = wanted[:, 1] & self._mask
        bits = self._bitmap[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8) & np.uint8(1)
        held: NDArray[np.bool_] = bits.astype(np.bool_)
        if held.any():
            held[held] = self._search(wanted[held])
        return held

    def _search(self, wanted: U64) -> NDArray[np.bool_]:
        found = np.zeros(len(wanted), np.bool_)
        left = np.searchsorted(self._upper, wanted[:, 0])
        near = self._upper[np.minimum(left, self.count - 1)]
        for at in np.flatnonzero(near == wanted[:, 0]):
            upper, lower = wanted[at]
            place = left[at]
            while place < self.count and self._upper[place] == upper:  # once, as good as always
                found[at] |= self._lower[place] == lower
                place += 1
        return found
