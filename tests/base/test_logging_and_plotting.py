import io
import json
import logging
from pathlib import Path

import pytest

from matinee.base import logging as matinee_logging
from matinee.base.errors import Unavailable
from matinee.base.plotting import GROUNDS, save, theme


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("matinee")
    before = logger.handlers[:]
    try:
        matinee_logging.configure(logging.INFO, "json")
        handler = logger.handlers[0]
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(out := io.StringIO())
        try:
            raise ValueError("bad reel")
        except ValueError:
            logging.getLogger("matinee.media").warning("reel %d", 2, exc_info=True)
        logging.getLogger("matinee.media").debug("not shown")
    finally:
        logger.handlers[:] = before
        logger.propagate = True
    (line,) = out.getvalue().splitlines()
    row = json.loads(line)
    assert (row["level"], row["logger"], row["message"]) == ("warning", "matinee.media", "reel 2")
    assert "ValueError: bad reel" in row["error"]


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, two: str) -> float:
    high, low = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", sorted(GROUNDS))
def test_words_can_be_read_on_their_ground(name: str) -> None:
    ground = GROUNDS[name]
    assert _contrast(ground.text, ground.page) >= 7
    assert _contrast(ground.quiet, ground.page) >= 4.5


def test_theme_leaves_nothing_changed_and_plots_repeat(tmp_path: Path) -> None:
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    before = dict(mpl.rcParams)
    for name in ("one.svg", "two.svg"):
        with theme("dark"):
            figure, axes = plt.subplots()
            axes.plot([1, 2, 3])
        save(figure, tmp_path / name)
        plt.close(figure)
    assert dict(mpl.rcParams) == before
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    with pytest.raises(Unavailable, match="cannot be written"):
        save(figure, tmp_path / "nowhere" / "plot.png")
