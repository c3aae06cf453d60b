"""Commands that look into a film, plan it shot by shot, and put ways to encode it beside each other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import numpy as np
import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from matinee.base.disk import disk_errors, replace_file
from matinee.base.errors import InvalidInput, NotFound
from matinee.base.plotting import save
from matinee.base.terminal import Opener, grid
from matinee.encoding.codecs import CODECS, CodecName
from matinee.encoding.plans.comparing import FIXED, WAYS, Comparison
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.plan import Plan, PlannedRung
from matinee.encoding.plans.preparing import Prepared
from matinee.encoding.plans.units import units
from matinee.encoding.service import Service
from matinee.media.quality import MODEL, Pooling, model_for

Target = Annotated[str, typer.Argument(help="Id of a title, or a film file.")]
Counted = Annotated[str, typer.Option("--pooling", help="mean, harmonic, p1, p5, p10; else as the settings say.")]
_WAYS = ",".join(WAYS)


def analyse(ctx: typer.Context, target: Target) -> None:
    """What a film is like: shots, black bars, grain, rate, and where it is hard to encode."""
    opener, service, source = _open(ctx, target)
    film = service.planner.prepare(source)
    facts = _facts(film)
    shots = _shots(film)
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), str(value))
    opener.show(facts | {"shots": shots}, Group(table, Text(), grid(shots, ("start_s", "seconds", "hardness"))))
    opener.say(f"Next: `matinee encoding plan {target}` finds its rungs.")


def plan(
    ctx: typer.Context,
    target: Target,
    *,
    codec: Annotated[str, typer.Option(help="h264, hevc or av1.")] = "h264",
    quality: Annotated[float | None, typer.Option(help="One rung of this VMAF, no ladder.", min=1, max=100)] = None,
    kbps: Annotated[float | None, typer.Option(help="One rung that takes at most so much.", min=1)] = None,
    pooling: Counted = "",
    mixed: Annotated[bool, typer.Option("--mixed", help="Sizes that suit each shot; not for Apple's players.")] = False,
    preset: Annotated[str, typer.Option(help="Of the encoder; slower ones need fewer bits.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write the plan to this JSON file.")] = None,
    write: Annotated[Path | None, typer.Option(help="Write each rung as an MP4 file to this folder.")] = None,
) -> None:
    """Find the best rungs for a film, each shot of each encoded and measured. Stopped, it goes on where it was."""
    opener, service, source = _open(ctx, target)
    goal = _goal(service, codec, pooling, preset)
    found = service.planner.plan(source, replace(goal, quality=quality, kbps=kbps, mixed=mixed))
    if out is not None:
        with disk_errors(out):
            replace_file(out, json.dumps(found.told(), indent=1).encode() + b"\n")
    files = service.planner.write(source, found.rungs, write) if write is not None else []
    opener.show(found.told() | {"files": [str(one) for one in files]}, Group(_rungs(found), Text(_explained(found))))
    opener.say(f"Next: `matinee encoding compare {target}` puts it beside a fixed ladder.")


def compare(
    ctx: typer.Context,
    target: Target,
    *,
    ways: Annotated[
        str,
        typer.Option(
            help="What to put beside each other, the first being the measure: fixed, title, equal, shots, mixed; "
            "all but fixed with a codec if need be, as shots-av1."
        ),
    ] = _WAYS,
    pooling: Counted = "",
    preset: Annotated[str, typer.Option(help="Of the H.264 encoder, for all ways.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write plots and the comparison as JSON to this folder.")] = None,
) -> None:
    """Encode a film in several ways and say how many bits each takes for the same quality (BD-rate over VMAF).

    What was compared of a title is kept, to be looked at side by side in the console.
    """
    opener, service, source = _open(ctx, target)
    names = [one.strip() for one in ways.split(",") if one.strip()]
    goal, title = _goal(service, "h264", pooling, preset), _title(target)
    found = service.planner.compare(source, goal, names) if title is None else service.compare(title, names, goal)
    if out is not None:
        _write(found, out)
    opener.show(found.told(), _savings(found))
    opener.say("Less is better: -20 % means a fifth fewer bits for the same quality.")
    if title is not None:
        opener.say(f"Next: `matinee serve`, and look at two encodes side by side at /console/encoding/{title}.")


def _open(ctx: typer.Context, target: str) -> tuple[Opener, Service, Path]:
    opener: Opener = ctx.obj
    service: Service = opener.workspace().service("encoding")
    title = _title(target)
    if title is not None:
        return opener, service, service.source(title)
    source = Path(target).expanduser().absolute()
    if not source.is_file():
        raise NotFound(f"There is no film file {target}.", next_step="Give a file, or the id of a title.")
    return opener, service, source


def _title(target: str) -> int | None:
    """The id that is meant; None where it is a file."""
    return int(target) if target.isdecimal() and not Path(target).exists() else None


def _goal(service: Service, codec: str, pooling: str, preset: str) -> Goal:
    if codec not in CODECS:
        raise InvalidInput(f"There is no codec {codec!r}.", next_step=f"Use {', '.join(CODECS)}.")
    if pooling and pooling not in get_args(Pooling):
        raise InvalidInput(f"Quality is not counted as {pooling!r}.", next_step=f"Use {', '.join(get_args(Pooling))}.")
    known = CODECS[cast("CodecName", codec)]
    if preset and preset not in known.presets:
        raise InvalidInput(f"{known.encoder} has no preset {preset!r}.", next_step=f"Use {', '.join(known.presets)}.")
    goal = replace(service.goal(known.name), preset=preset)
    return replace(goal, pooling=cast("Pooling", pooling)) if pooling else goal


def _facts(film: Prepared) -> dict[str, Any]:
    original, analysis = film.original, film.analysis
    rate = original.rate
    made = units(analysis.shots, rate, shortest_s=Goal().shortest_s, longest_s=Goal().longest_s)
    return {
        "file": str(original.path),
        "picture": f"{original.width}x{original.height}",
        "frame_rate": str(rate),
        "duration_s": round(float(original.frames / rate), 3),
        "shots_found": len(analysis.shots),
        "units": len(made),
        "grain": round(analysis.grain, 2),
        "range": f"{film.full.depth} bits, {film.full.dynamic}",
        "filters": original.filters,
        "vmaf_model": model_for(original.height),
    }


def _shots(film: Prepared) -> list[dict[str, Any]]:
    """Where each shot begins, and how many bits a frame it takes of the mean in a small encode."""
    bits, rate = film.analysis.frames[:, 0].astype(float), float(film.original.rate)
    mean = max(float(bits.mean()), 1.0)
    return [
        {
            "start_s": round(one.start / rate, 2),
            "seconds": round(one.frames / rate, 2),
            "hardness": round(float(np.mean(bits[one.start : one.stop])) / mean, 2),
        }
        for one in film.analysis.shots
    ]


def _rungs(found: Plan) -> Table:
    rows = [
        {
            "size": _sizes(one),
            "kbps": f"{one.kbps:.0f}",
            "VMAF": f"{one.quality['mean']:.1f}",
            "harmonic": f"{one.quality['harmonic']:.1f}",
            "p5": f"{one.quality['p5']:.1f}",
            "rate factors": f"{min(one.crfs):g} to {max(one.crfs):g}",
        }
        for one in found.rungs
    ]
    return grid(rows, ("size", "kbps", "VMAF", "harmonic", "p5", "rate factors"))


def _sizes(rung: PlannedRung) -> str:
    low, high = min(rung.sizes), max(rung.sizes)
    return f"{high[0]}x{high[1]}" if low == high else f"{low[0]}x{low[1]} to {high[0]}x{high[1]}"


def _explained(found: Plan) -> str:
    """Where the figures come from, for who wonders."""
    top, spent = found.rungs[-1], found.spent
    bits = np.array(found.unit_kbps(top))
    hardest = int(np.argmax(bits))
    at = float(found.units[hardest].start / found.rate)
    return (
        f"\n{len(found.units)} units of {found.duration_s:.1f} s; quality is the {found.pooling} of VMAF ({MODEL}), "
        f"measured, not foretold.\n"
        f"{spent.trials} trials took {spent.encode_cpu_s:.0f} s of processor for encoding and "
        f"{spent.measure_cpu_s:.0f} s for measuring.\n"
        f"On the best rung a unit takes {bits.min():.0f} to {bits.max():.0f} kbps; the most at {at:.1f} s."
    )


def _savings(found: Comparison) -> Table:
    anchor = next(iter(found.ways))
    rows = []
    for way in found.ways.values():
        saving = found.saving(anchor, way.name)
        best = way.rungs[-1]
        rows.append(
            {
                "way": way.name,
                f"bits against {anchor}": "" if way.name == anchor else "-" if saving is None else f"{saving:+.1f} %",
                "rungs": len(way.rungs),
                "best": f"{best.width}x{best.height}, {best.kbps:.0f} kbps, VMAF {best.quality(found.pooling):.1f}",
                "CPU a second": f"{way.cpu_s / found.duration_s:.1f} s",
            }
        )
    return grid(rows, tuple(rows[0]))


def _write(found: Comparison, folder: Path) -> None:
    from matinee.encoding.plans import plots

    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / "comparison.json", json.dumps(found.told(), indent=1).encode() + b"\n")
    names = list(found.ways)
    save(plots.hulls(found), folder / "hulls.svg")
    save(plots.over_time(found, names[0], names[-1]), folder / "quality.svg")
    planned = tuple(one for one in names if one != FIXED)
    if planned:
        save(plots.bits_by_shot(found, planned), folder / "bits.svg")
