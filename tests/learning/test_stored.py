"""Packing: what comes back, the same bytes for the same arrays, and damage told whatever it is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.base.errors import InvalidInput
from matinee.learning.stored import Stored, pack, pack_arrays, reading, unpack, unpack_arrays

ARRAYS = {
    "title_ids": np.arange(5),
    "factors": np.asfortranarray(np.linspace(0, 1, 10, dtype=np.float32).reshape(5, 2)),
    "names": np.array(["Sintel", "Ünde"]),
    "nothing": np.zeros((0, 3), np.float16),
    "one": np.array(3.5),
    "file": np.ones(2, bool),
}
PACKED = pack(Stored("als", ARRAYS, {"losses": [0.5, 0.25]}))


def test_everything_comes_back() -> None:
    again = unpack(PACKED)
    assert (again.kind, again.facts) == ("als", {"losses": [0.5, 0.25]})
    assert list(again.arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert (again.arrays[name].dtype, again.arrays[name].shape) == (array.dtype, array.shape)
        assert (again.arrays[name] == array).all()


def test_numpy_itself_reads_the_arrays() -> None:
    with np.load(io.BytesIO(pack_arrays(ARRAYS)), allow_pickle=False) as found:
        assert found["title_ids"].tolist() == [0, 1, 2, 3, 4]


def test_the_same_arrays_give_the_same_bytes() -> None:
    assert pack_arrays(ARRAYS) == pack_arrays({name: array.copy(order="K") for name, array in ARRAYS.items()})


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_a_changed_byte_is_told_wherever_it_is(place: int, change: int) -> None:
    with pytest.raises(InvalidInput):
        unpack(PACKED[:place] + bytes([PACKED[place] ^ change]) + PACKED[place + 1 :])


@given(st.integers(0, len(PACKED) - 1))
def test_a_cut_is_told_wherever_it_is(length: int) -> None:
    with pytest.raises(InvalidInput):
        unpack(PACKED[:length])


@given(st.binary(max_size=200))
def test_foreign_bytes_are_no_arrays(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        unpack_arrays(data)


def test_arrays_of_python_objects_are_neither_written_nor_read() -> None:
    evil = np.array([{"a": 1}], dtype=object)
    with pytest.raises(InvalidInput, match="'factors' holds Python objects"):
        pack_arrays({"factors": evil})
    buffer = io.BytesIO()
    np.savez(buffer, factors=evil)
    with pytest.raises(InvalidInput, match="no file of arrays"):
        unpack_arrays(buffer.getvalue())


@pytest.mark.parametrize(
    ("error", "words"), [(KeyError("factors"), "'factors' is missing"), (ValueError("of shape 3"), "of shape 3")]
)
def test_what_goes_wrong_in_reading_is_told(error: Exception, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught, reading(Stored("als", {}), "als"):
        raise error
    assert caught.value.next_step
    with pytest.raises(InvalidInput, match="'ease', no als"), reading(Stored("ease", {}), "als"):
        pass
