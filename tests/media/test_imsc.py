"""Cues as IMSC: read again by another reader, and within the constraints of the text profile that can be checked."""

from __future__ import annotations

import io
import re
from fractions import Fraction
from xml.etree.ElementTree import Element, fromstring

import av
from hypothesis import given
from hypothesis import strategies as st

from matinee.media.imsc import document, fragments
from matinee.media.subtitles import Cue
from matinee.media.time import parse_clock

TT = "{http://www.w3.org/ns/ttml}"
TTS = "{http://www.w3.org/ns/ttml#styling}"
TTP = "{http://www.w3.org/ns/ttml#parameter}"
# IMSC 1.1, 8.4.4: what a document of the text profile may consist of.
ALLOWED = {"tt", "head", "layout", "region", "styling", "style", "body", "div", "p", "span", "br", "set", "metadata"}
CUES = [
    Cue(Fraction(1, 2), Fraction(3, 2), "Hello &amp; <i>welcome</i>\nto <b>the <u>house</u></b>"),
    Cue(Fraction(2), Fraction(7201, 2), "<v Ada>Up &lt;here&gt;&nbsp;<c.red>now</c>", "line:0"),
    Cue(Fraction(3), Fraction(4), "left", "align:start position:10% size:40%"),
]


def _words(element: Element) -> str:
    text = ("\n" if element.tag == f"{TT}br" else "") + (element.text or "")
    return text + "".join(_words(child) + (child.tail or "") for child in element)


def _styled(root: Element, name: str, value: str) -> list[str]:
    return [_words(one) for one in root.iter(f"{TT}span") if one.get(f"{TTS}{name}") == value]


def test_times_words_and_styles_come_through() -> None:
    root = fromstring(document(CUES, "pt-BR"))
    shown = list(root.iter(f"{TT}p"))
    assert [(parse_clock(one.get("begin", "")), parse_clock(one.get("end", ""))) for one in shown] == [
        (cue.start, cue.end) for cue in CUES
    ]
    assert [_words(one) for one in shown] == ["Hello & welcome\nto the house", "Up <here>\xa0now", "left"]
    assert _styled(root, "fontStyle", "italic") == ["welcome"]
    assert _styled(root, "fontWeight", "bold") == ["the house"]
    assert _styled(root, "textDecoration", "underline") == ["house"]
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "pt-BR"


def test_positions_become_regions() -> None:
    root = fromstring(document(CUES, "en"))
    regions = {one.get("{http://www.w3.org/XML/1998/namespace}id"): one for one in root.iter(f"{TT}region")}
    usual, top, left = (regions[one.get("region")] for one in root.iter(f"{TT}p"))
    assert usual.get(f"{TTS}displayAlign") == "after"
    assert top.get(f"{TTS}displayAlign") == "before"
    assert (left.get(f"{TTS}textAlign"), left.get(f"{TTS}extent", "").split()[0]) == ("start", "40%")


def test_the_text_profile_is_named_and_kept() -> None:
    for cues in (CUES, []):
        root = fromstring(document(cues, ""))
        assert root.get(f"{TTP}contentProfiles") == "http://www.w3.org/ns/ttml/profile/imsc1.1/text"
        assert {one.tag.removeprefix(TT) for one in root.iter()} <= ALLOWED
        # 8.4.? Lengths are in percent, pixels, cells or parts of the root container; regions lie within it.
        for region in root.iter(f"{TT}region"):
            assert all(re.fullmatch(r"[\d.]+%", one) for one in region.get(f"{TTS}origin", "").split())
            sizes = zip(
                *(map(_percent, region.get(f"{TTS}{name}", "").split()) for name in ("origin", "extent")), strict=True
            )
            assert all(origin + extent <= 100.01 for origin, extent in sizes)


def _percent(text: str) -> float:
    return float(text.removesuffix("%"))


@given(
    st.lists(
        st.sampled_from(
            [
                "<i>",
                "</i>",
                "<b>",
                "</u>",
                "<ruby>",
                "<00:01.5>",
                "&lrm;",
                "&",
                "<",
                ">",
                "a",
                "\n",
                "\x01",
                "שלום",
                "<v x",
                "-->",
                "]]>",
            ]
        ),
        max_size=12,
    )
)
def test_whatever_stands_in_a_cue_gives_a_document(parts: list[str]) -> None:
    cue = Cue(Fraction(1), Fraction(2), "".join(parts), "line:x% align:foo position:,")
    assert fromstring(document([cue], "en")).tag == f"{TT}tt"


def test_fragments_are_samples_of_whole_documents() -> None:
    documents = [document(CUES[:1], "en"), document([], "en"), document(CUES[1:], "en")]
    initialisation, segments = fragments(documents, [4000, 4000, 1500])
    assert initialisation[4:8] == b"ftyp"
    assert b"stpp" in initialisation
    assert b"http://www.w3.org/ns/ttml\0" in initialisation
    assert [one[4:8] for one in segments] == [b"moof"] * 3
    with av.open(io.BytesIO(initialisation + b"".join(segments))) as container:
        (stream,) = container.streams
        assert stream.type == "subtitle"
        packets = [one for one in container.demux() if one.size]
        assert [bytes(one) for one in packets] == documents
        assert [one.pts * one.time_base for one in packets] == [0, 4, 8]
        assert packets[-1].duration * packets[-1].time_base == Fraction(3, 2)
