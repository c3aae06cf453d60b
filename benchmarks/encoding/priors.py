"""Learn the priors that the package ships: ``python -m benchmarks.encoding.priors h264 hevc av1``.

They are learnt from the clips of the real data, each at most 640 pixels wide and 20 seconds long. The benchmark itself
never plans a film with a prior that was learnt from it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import cast

import matinee.encoding
from benchmarks.encoding.grid import known
from benchmarks.encoding.learn import learnt
from benchmarks.runner import real_data
from matinee.base.compute.local import LocalCompute
from matinee.encoding.codecs import CODECS, CodecName

HERE = Path(__file__).parent
WORK = HERE / "work"


def main(codecs: list[str]) -> None:
    """Try what has not been tried, and write a file for each codec."""
    compute = LocalCompute(2)
    for codec in cast("list[CodecName]", codecs or list(CODECS)):
        units = known(codec, real_data(HERE, "clips") / "clips", WORK, compute)
        found = learnt(units)
        told = {"bits": found.bits.told(), "quality": found.quality.told()}
        out = Path(matinee.encoding.__path__[0]) / "plans" / "priors" / f"{codec}.json"
        out.write_text(json.dumps(told) + "\n")
        print(f"{codec}: {len(units)} units, noise {found.bits.noise:.3f} and {found.quality.noise:.3f}: {out}")
    compute.close()


if __name__ == "__main__":
    main(sys.argv[1:])
