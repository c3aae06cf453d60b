"""Which jobs come after which: in an order in which they can run, and without circles."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from graphlib import CycleError, TopologicalSorter

from matinee.base.errors import Conflict, InvalidInput
from matinee.jobs.records import JobRequest


def ordered(after: Mapping[str, Collection[str]]) -> list[str]:
    """All jobs of a graph in an order in which each comes after those that `after` names for it.

    Raises `InvalidInput` where there is none, where a job comes after one that is not in the graph, and where jobs wait
    for each other.

    >>> ordered({"publish": ["train"], "train": []})
    ['train', 'publish']
    """
    if not after:
        raise InvalidInput("The graph holds no job.", next_step="Name at least one.")
    for name, others in after.items():
        if strangers := sorted(set(others) - set(after)):
            raise InvalidInput(
                f"{name!r} comes after {strangers[0]!r}, which is not in the graph.",
                next_step=f"Known: {', '.join(sorted(after))}.",
            )
    try:
        return list(TopologicalSorter(after).static_order())
    except CycleError as error:
        circle: list[str] = error.args[1]
        raise InvalidInput(
            f"These jobs wait for each other: {' after '.join(map(repr, reversed(circle)))}.",
            next_step="Take one of these out.",
        ) from None


def named(
    requests: Mapping[str, JobRequest], new_id: Callable[[], str]
) -> tuple[dict[str, str], dict[str, JobRequest]]:
    """The ids of a graph's jobs by name, and its requests by these ids, `after` ids instead of names.

    Raises what `ordered` raises, and `Conflict` where two requests have one id.
    """
    order = ordered({name: one.after for name, one in requests.items()})
    ids = {name: requests[name].id or new_id() for name in order}
    made = {
        ids[name]: requests[name].model_copy(update={"after": tuple(ids[one] for one in requests[name].after)})
        for name in order
    }
    if len(made) < len(order):
        raise Conflict("Two jobs of the graph have one id.", next_step="Leave their ids out.")
    return ids, made
