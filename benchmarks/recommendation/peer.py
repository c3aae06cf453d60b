"""Runs inside a peer's environment: fits one of its systems and writes down its lists. Knows nothing of Matinee."""

import json
import os
import sys
import time

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits


def matrix(arrays, name):
    parts = (arrays[f"{name}_data"], arrays[f"{name}_indices"], arrays[f"{name}_indptr"])
    return csr_matrix(parts, shape=tuple(arrays[f"{name}_shape"]))


def implicit(system, knobs, train, given, n):
    """`implicit` ranks by itself; viewers of the training by their trained vectors, others are folded in."""
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender

    kinds = {"als": AlternatingLeastSquares, "bm25": BM25Recommender, "cosine": CosineRecommender}
    if system == "als":
        knobs = {"num_threads": len(os.sched_getaffinity(0)), "use_gpu": False, **knobs}
        from implicit.cpu.als import AlternatingLeastSquares as OnCpu

        knobs.pop("use_gpu")
        kinds["als"] = OnCpu
    model = kinds[system](**knobs)
    begun = time.perf_counter()
    with threadpool_limits(1, "blas"):  # as its documentation asks for
        model.fit(train, show_progress=False)
        fitted = time.perf_counter()
        stranger = system == "als" and (train.shape != given.shape or (train != given).nnz > 0)
        lists, _ = model.recommend(
            np.arange(given.shape[0]), given, N=n, filter_already_liked_items=True, recalculate_user=stranger
        )
    return lists, fitted - begun, time.perf_counter() - fitted


def irspack(system, knobs, train, given, n):
    """`irspack` scores; the best are taken here."""
    from irspack import DenseSLIMRecommender, IALSRecommender

    kinds = {"ials": IALSRecommender, "ease": DenseSLIMRecommender}
    begun = time.perf_counter()
    model = kinds[system](train.astype(np.float64), **knobs).learn()
    fitted = time.perf_counter()
    scores = np.asarray(model.get_score_cold_user_remove_seen(given.astype(np.float64)))
    best = np.argpartition(-scores, n, axis=1)[:, :n]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1), fitted - begun, time.perf_counter() - fitted


def main():
    facts = json.loads(sys.argv[1])
    peer, _, system = facts["system"].partition(" ")
    with np.load(sys.argv[2]) as arrays:
        train, given = matrix(arrays, "train"), matrix(arrays, "given")
    lists, fit_s, recommend_s = {"implicit": implicit, "irspack": irspack}[peer](
        system, facts["knobs"], train, given, facts["n"]
    )
    np.savez(sys.argv[3], lists=np.asarray(lists, np.int64), fit_s=fit_s, recommend_s=recommend_s)


if __name__ == "__main__":
    main()
