"""Graphs without circles as drawings: in columns from left to right, with few crossings and straight ways.

After Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981: each node
stands one column right of the last one that it comes after, edges over several columns bend at places of their own, and
columns are sorted by the means of their neighbours. Heights are then those nearest to these means that keep the order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from statistics import fmean

Node = Hashable
_SWEEPS = 8
MOST_BENDS = 5000
"""Edges for which no more are left, the longest, go straight through what stands in their way."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Where everything stands: columns from 0, and heights from 0 where neighbours of a column are 1 apart or more."""

    columns: int
    height: float
    """Of the lowest."""
    places: Mapping[Node, tuple[int, float]]
    ways: Mapping[tuple[Node, Node], Sequence[tuple[int, float]]]
    """Of each edge the places that it passes, its ends included."""


def draw(nodes: Iterable[Node], edges: Iterable[tuple[Node, Node]]) -> Drawing:
    """Nodes in columns, each right of those that `edges`, pairs of a node and one that comes after it, lead from.

    Raises `graphlib.CycleError` where they lead in a circle.

    >>> drawing = draw("abc", [("a", "b"), ("a", "c")])
    >>> drawing.places == {"a": (0, 0.5), "b": (1, 0.0), "c": (1, 1.0)}
    True
    """
    nodes, edges = list(nodes), list(dict.fromkeys(edges))
    column = _columns(nodes, edges)
    chains = _chains(edges, column)
    columns: list[list[Node]] = [[] for _ in range(1 + max(column.values(), default=-1))]
    for node in [*nodes, *(bend for chain in chains.values() for bend in chain[1:-1])]:
        columns[column[node]].append(node)
    before, after = _neighbours(chains.values())
    for _ in range(_SWEEPS):
        _sort(columns, before)
        _sort(columns[::-1], after)
    heights = _heights(columns, before, after)
    places = {node: (column[node], heights[node]) for node in column}
    return Drawing(
        columns=len(columns),
        height=max(heights.values(), default=0.0),
        places={node: places[node] for node in nodes},
        ways={edge: [places[node] for node in chain] for edge, chain in chains.items()},
    )


def _columns(nodes: list[Node], edges: list[tuple[Node, Node]]) -> dict[Node, int]:
    """Of each node the length of the longest way to it."""
    after: dict[Node, list[Node]] = {node: [] for node in nodes}
    for one, other in edges:
        after[other].append(one)
    column: dict[Node, int] = {}
    for node in TopologicalSorter(after).static_order():
        column[node] = 1 + max((column[one] for one in after[node]), default=-1)
    return column


def _chains(edges: list[tuple[Node, Node]], column: dict[Node, int]) -> dict[tuple[Node, Node], list[Node]]:
    """Of each edge its ends, and between them a new node for every column that it passes, which gets its column."""
    chains: dict[tuple[Node, Node], list[Node]] = {}
    spare = MOST_BENDS
    for one, other in sorted(edges, key=lambda edge: column[edge[1]] - column[edge[0]]):
        passed = range(column[one] + 1, column[other])
        bends: dict[Node, int] = {(one, other, at): at for at in passed} if len(passed) <= spare else {}
        spare -= len(bends)
        column |= bends
        chains[one, other] = [one, *bends, other]
    return chains


def _neighbours(chains: Iterable[Sequence[Node]]) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
    before: dict[Node, list[Node]] = defaultdict(list)
    after: dict[Node, list[Node]] = defaultdict(list)
    for chain in chains:
        for one, other in pairwise(chain):
            before[other].append(one)
            after[one].append(other)
    return before, after


def _sort(columns: Sequence[list[Node]], others: Mapping[Node, list[Node]]) -> None:
    """Sort each column by where the neighbours of its nodes stand in the one before it."""
    place: dict[Node, float] = {}
    for nodes in columns:
        wanted = {node: fmean(place[one] for one in others[node]) for node in nodes if others.get(node)}
        free = iter([node for node in nodes if node in wanted])
        ordered = iter(sorted(free, key=lambda node: wanted[node]))
        nodes[:] = [next(ordered) if node in wanted else node for node in nodes]
        place |= {node: at / len(nodes) for at, node in enumerate(nodes)}


def _heights(
    columns: Sequence[list[Node]], before: Mapping[Node, list[Node]], after: Mapping[Node, list[Node]]
) -> dict[Node, float]:
    height: dict[Node, float] = {node: float(at) for nodes in columns for at, node in enumerate(nodes)}
    for _ in range(_SWEEPS):
        for across, others in ((columns, before), (columns[::-1], after)):
            for nodes in across:
                wanted = [fmean(height[one] for one in others.get(node) or [node]) for node in nodes]
                height |= dict(zip(nodes, apart(wanted), strict=True))
    least = min(height.values(), default=0.0)
    return {node: round(at - least, 3) for node, at in height.items()}


def apart(wanted: Sequence[float]) -> list[float]:
    """Numbers nearest to these, by squares, of which each is at least 1 above the one before it.

    Pool adjacent violators: Ayer et al., "An Empirical Distribution Function for Sampling with Incomplete Information",
    1955.

    >>> apart([3.0, 3.0, 9.0])
    [2.5, 3.5, 9.0]
    """
    pools: list[tuple[float, int]] = []
    for at, number in enumerate(wanted):
        mean, count = number - at, 1
        while pools and pools[-1][0] >= mean:
            other, more = pools.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        pools.append((mean, count))
    level = [mean for mean, count in pools for _ in range(count)]
    return [mean + at for at, mean in enumerate(level)]
