import codecs
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.base.errors import InvalidInput
from matinee.media.subtitles import Cue, decode, parse, valid, write_vtt

SRT = """1
00:00:01,000 --> 00:00:02,500
Où est-ce ? – Là-bas, œuvre…

2
00:00:03,000 --> 00:00:04,000
<i>Second</i> line
and another
"""


@pytest.mark.parametrize(
    "name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "big-endian mark"]
)
def test_every_way_in_which_a_file_may_have_been_saved(name: str) -> None:
    data = codecs.BOM_UTF16_BE + SRT.encode("utf-16-be") if name == "big-endian mark" else SRT.encode(name)
    assert decode(data) == SRT


def test_latin_1_and_the_code_pages_of_languages() -> None:
    assert decode("Ça\x81".encode("latin-1")) == "Ça\x81"
    for language, name, text in (("ru", "cp1251", "Привет"), ("el", "cp1253", "Γειά"), ("pl", "cp1250", "łódź")):
        assert decode(text.encode(name), language) == text


def test_subrip_of_every_sloppiness() -> None:
    text = (
        "\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\nfirst\r\n\r\n"
        "2\r\n0:00:03.5 --> 00:00:04,000 X1:1 X2:2\r\n\r\nafter a blank line\r\n"
        "3\n00:00:05,000-->00:00:06,000\nno blank line before\n"
        "00:00:07,000 --> 00:00:08,000\nno number\n42\n\n"
        "nonsense --> more nonsense\nlost\n\n"
        '5\n00:00:09,000 --> 00:00:10,000\n{\\an8}<font color="red">up & away</font> a<b 3 > 2'
    )
    cues = parse(text)
    assert [(cue.start, cue.text) for cue in cues] == [
        (1, "first"),
        (Fraction(7, 2), "after a blank line"),
        (5, "no blank line before"),
        (7, "no number\n42"),
        (9, "up &amp; away a&lt;b 3 &gt; 2"),
    ]
    assert cues[-1].settings == "line:0"


def test_webvtt_with_everything_that_is_no_cue() -> None:
    text = (
        "WEBVTT - a title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE\nwords\n\n"
        "intro\n00:01.000 --> 00:02.000 align:start line:0\n<v Roger>Hi &amp; bye</v>\n\n"
        "NOTE 00:02.500 is no cue\n\n00:00:03.000 --> 00:00:04.000\nlast"
    )
    assert parse(text) == [
        Cue(Fraction(1), Fraction(2), "<v Roger>Hi &amp; bye</v>", "align:start line:0"),
        Cue(Fraction(3), Fraction(4), "last"),
    ]


@pytest.mark.parametrize("text", ["", "WEBVTT\n", "just words\n", "1\n2\n3\n", "\0" * 50])
def test_what_holds_no_cue_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"film\.srt"):
        parse(text, "film.srt")


def test_only_what_can_be_shown_is_kept() -> None:
    cues = [
        Cue(Fraction(5), Fraction(20), "cut at the end"),
        Cue(Fraction(1), Fraction(2), "first"),
        Cue(Fraction(3), Fraction(3), "no time"),
        Cue(Fraction(4), Fraction(3), "backwards"),
        Cue(Fraction(4), Fraction(5), "  "),
        Cue(Fraction(12), Fraction(13), "after the end"),
    ]
    assert valid(cues, Fraction(10)) == [cues[1], Cue(Fraction(5), Fraction(10), "cut at the end")]


_WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(lambda text: text == text.strip())


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 10**5), _WORDS), max_size=8))
def test_subrip_becomes_webvtt_and_back_without_loss(rows: list[tuple[int, int, str]]) -> None:
    plain = str.maketrans({"<": "(", ">": ")", "{": "(", "&": "+", "\u2028": " ", "\u2029": " ", "\ufeff": " "})
    cues = valid(
        [Cue(Fraction(a, 1000), Fraction(a + b, 1000), text.translate(plain).strip()) for a, b, text in rows],
        Fraction(10**6),
    )
    if cues:
        assert parse(write_vtt(cues)) == cues


def test_every_real_file(real_data: Path) -> None:
    counts = {}
    for path in sorted((real_data / "subtitles").iterdir()):
        if path.suffix in {".srt", ".vtt"} and "chapters" not in path.name:
            cues = valid(parse(decode(path.read_bytes()), path.name), Fraction(3600))
            assert not any("\ufffd" in cue.text for cue in cues)
            counts[path.name] = len(cues)
    assert counts["TOS-en.srt"] == counts["TOS-de.srt"]
    assert min(counts.values()) >= 5
    assert len(counts) == 15
