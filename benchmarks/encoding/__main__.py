"""Run the benchmark of encoding and write its report: ``make bench B=encoding``.

Parts can be run alone (``ARGS="ways target"``); the report then keeps the other parts of the last run. Trials and films
lie in ``work/``; what was made before is not made again. The real data's folder is named in MATINEE_TEST_DATA, or lies
in ``shared/data`` beside the checkout.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.report import Report
from benchmarks.runner import kept_of, real_data, run

HERE = Path(__file__).parent
WORK = HERE / "work"
NOTES = HERE / "notes.md"
PARTS: Mapping[str, str] = {
    "ways": "bits for the same quality: fixed ladder, by title, by shot, in AV1",
    "hd": "the same for clips in their own 1080 lines, where the fixed ladder is as it is written",
    "effort": "processor time and loss of the search beside trying everything, and by length of film",
    "target": "a quality that is asked for, and what the finished file has",
    "kills": "plans killed at random moments, beside an undisturbed one",
}


def main(names: list[str]) -> None:
    """Run the parts named, or all, and write the report."""
    run("benchmarks.encoding", PARTS, names, real_data(HERE, "clips"), WORK)
    report().write(HERE)


def report() -> Report:
    """What all parts measured, the latest of each."""
    found = Report(
        title="Encoding",
        intro="Bits for the same quality (BD-rate over VMAF, model vmaf_v0.6.1, mean over frames), and what finding "
        "out costs. Clips are at most 640 pixels wide, but for two of 1080 lines; one title is joined from eight of "
        "them. Run it with `make bench B=encoding`.",
        packages=("matinee", "imageio-ffmpeg", "scenedetect-headless", "numpy", "scipy"),
        seeds=(0,),
    )
    for rows, bars in kept_of(PARTS, WORK).values():
        found.rows += rows
        found.bars += bars
    if NOTES.exists():
        found.notes = [NOTES.read_text().strip()]
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
