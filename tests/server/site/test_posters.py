"""Designed posters: the same for ever, legible, and never without a drawing."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.server.site import art
from matinee.server.site.lettering import SIZES, size_class
from matinee.server.site.motifs import DEFAULT, MOTIFS
from matinee.server.site.views import ink_on, luminance

INKS = {False: "#f9efe2", True: "#221510"}  # .ink-light and .ink-dark of site.css


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("motif", MOTIFS)
@pytest.mark.parametrize("shape", art.SHAPES)
def test_every_motif_draws_in_every_shape(motif: str, shape: str) -> None:
    for seed in range(0, art.SEEDS, 701):
        drawing = art.draw(shape, motif, seed)
        root = ET.fromstring(drawing)
        assert root.get("viewBox") == "0 0 {} {}".format(*art.SHAPES[shape])
        assert len(root) > 2  # the ground and something on it
        assert "nan" not in drawing
        assert len(drawing) < 9000


def test_a_poster_is_the_same_for_ever() -> None:
    art.draw.cache_clear()
    first = art.draw("wide", "western", 7)
    art.draw.cache_clear()
    assert art.draw("wide", "western", 7) == first
    assert art.seed_of("Heat", 1995) == 777
    assert art.draw("wide", "western", 8) != first


@pytest.mark.parametrize("palette", art.PALETTES, ids=lambda one: one.ground)
def test_letters_can_be_read(palette) -> None:
    ink = INKS[palette.dark_ink]
    assert contrast(ink, palette.ground) >= 4.5
    assert contrast(ink, palette.shade) >= 4.5  # what may lie under letters


def test_a_hero_is_always_dark() -> None:
    assert not any(art.palette_of(seed, "hero").dark_ink for seed in range(len(art.PALETTES)))


def test_the_motif_is_one_of_the_genres() -> None:
    found = {art.motif_of(("Western", "Children's", "Talk Show"), seed) for seed in range(art.SEEDS)}
    assert found == {"western", "children"}
    assert art.motif_of((), 1) == art.motif_of(("Unheard Of",), 1) == DEFAULT


@given(st.text(max_size=120), st.sampled_from(["wide", "tall"]))
def test_any_name_has_a_size(name: str, shape: str) -> None:
    assert size_class(name, shape) in {f"f{index}" for index in range(len(SIZES))}


def test_a_longer_name_is_never_larger() -> None:
    sizes = [size_class(" ".join(["word"] * count), "wide") for count in range(1, 20)]
    assert sizes == sorted(sizes)


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_ink_can_be_read_on_any_colour(colour: str) -> None:
    assert contrast(ink_on(colour), colour) >= 4.5
