"""A fitted model, or one half way through its training, as it is kept: arrays and small facts, never code.

Arrays are packed as NumPy's own `.npz`, so that anybody can look into them, written without pickle and without times:
the same arrays give the same bytes. `pack` adds a head with kind and facts and ends in a SHA-256 of what stands
before it, for where no manifest tells what the bytes should be.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from numpy.lib import format as npy
from numpy.typing import NDArray

from matinee.base.errors import InvalidInput

_HEAD = ".head"
_DIGEST = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Arrays and facts under the name of what can read them."""

    kind: str
    """Which class it is; see `Model.kind`."""
    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON: knobs and figures."""


@contextmanager
def reading(stored: Stored, kind: str) -> Iterator[None]:
    """Turn whatever goes wrong while a model of this kind is read into `InvalidInput`.

    >>> with reading(Stored("als", {}), "als"):
    ...     Stored("als", {}).arrays["title_ids"]
    Traceback (most recent call last):
    matinee.base.errors.InvalidInput: The stored model is no als: 'title_ids' is missing. Train again.
    """
    if stored.kind != kind:
        raise InvalidInput(f"The stored model is {stored.kind!r}, no {kind}.", next_step="Train again.")
    try:
        yield
    except KeyError as error:
        raise InvalidInput(f"The stored model is no {kind}: {error} is missing.", next_step="Train again.") from None
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise InvalidInput(
            f"The stored model is no {kind}, or its parts do not fit each other: {error}.", next_step="Train again."
        ) from None


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The arrays as the bytes of an `.npz` file. Raises `InvalidInput` for an array of Python objects."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, array in arrays.items():
            if array.dtype.hasobject:
                raise InvalidInput(
                    f"The array {name!r} holds Python objects, which would have to be stored as code.",
                    next_step="Store numbers or fixed texts.",
                )
            with file.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                npy.write_array(entry, np.asanyarray(array), allow_pickle=False)
    return buffer.getvalue()


def unpack_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an `.npz` file. Raises `InvalidInput` where it is none, or would run code."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, EOFError, KeyError, AttributeError, zipfile.BadZipFile):
        raise InvalidInput("These bytes are no file of arrays.", next_step="Train again.") from None


def pack(stored: Stored) -> bytes:
    """Everything in one piece, which knows whether it is whole.

    >>> again = unpack(pack(Stored("als", {"title_ids": np.arange(3)}, {"factors": 8})))
    >>> again.kind, again.facts, again.arrays["title_ids"].tolist()
    ('als', {'factors': 8}, [0, 1, 2])
    """
    head = orjson.dumps({"kind": stored.kind, "facts": dict(stored.facts)}, option=orjson.OPT_SERIALIZE_NUMPY)
    body = pack_arrays({_HEAD: np.frombuffer(head, np.uint8), **stored.arrays})
    return body + hashlib.sha256(body).digest()


def unpack(data: bytes) -> Stored:
    """What `pack` packed. Raises `InvalidInput` where that is not what these bytes are, or not any more."""
    body = data[:-_DIGEST]
    if hashlib.sha256(body).digest() != data[-_DIGEST:]:
        raise InvalidInput("These bytes are no stored model, or have changed.", next_step="Train again.")
    arrays = unpack_arrays(body)
    try:
        head = orjson.loads(arrays.pop(_HEAD).tobytes())
        return Stored(head["kind"], arrays, head["facts"])
    except (KeyError, TypeError, orjson.JSONDecodeError):
        raise InvalidInput("These bytes are no stored model.", next_step="Train again.") from None
