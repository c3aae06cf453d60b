"""Runs inside a peer's environment: fits it on stars and prints how far its predictions are off. Knows no Matinee."""

import json
import sys
import time

import numpy as np
from scipy.sparse import csr_matrix, hstack


def myfm(system, data):
    """Bayesian SVD++ flipped, as in myFM's examples: ids, who rated what, and titles' features in relation blocks."""
    from myfm import MyFMOrderedProbit, MyFMRegressor, RelationBlock

    train, test = data["train"], data["test"]
    viewers = np.unique(np.concatenate([train[:, 0], test[:, 0]]))
    titles = data["title_ids"]
    rows, columns = np.searchsorted(viewers, train[:, 0]), np.searchsorted(titles, train[:, 1])
    touched = csr_matrix((np.ones(len(train)), (rows, columns)), shape=(viewers.size, titles.size))
    about = csr_matrix((data["values"], (data["rows"], data["columns"])), shape=tuple(data["shape"]))

    def scaled(matrix):
        counts = np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1)
        return matrix.multiply(1 / np.sqrt(counts)[:, None]).tocsr()

    def identity(size):
        return csr_matrix((np.ones(size), (np.arange(size), np.arange(size))), shape=(size, size))

    of_viewers = hstack([identity(viewers.size), scaled(touched)], format="csr")
    of_titles = hstack([identity(titles.size), scaled(touched.T.tocsr()), about], format="csr")

    def blocks(table):
        return [
            RelationBlock(np.searchsorted(viewers, table[:, 0]), of_viewers),
            RelationBlock(np.searchsorted(titles, table[:, 1]), of_titles),
        ]

    groups = [viewers.size, titles.size, titles.size, viewers.size, about.shape[1]]
    ordinal = system.endswith("ordinal")
    model = (MyFMOrderedProbit if ordinal else MyFMRegressor)(rank=10, random_seed=0)
    begun = time.perf_counter()
    model.fit(None, train[:, 2] - ordinal, X_rel=blocks(train), n_iter=300, n_kept_samples=240, group_shapes=groups)
    seconds = time.perf_counter() - begun
    if ordinal:
        return model.predict_proba(None, blocks(test)) @ np.arange(1, 6), seconds
    return model.predict(None, blocks(test)), seconds


def surprise(system, data):
    """Surprise as it comes; SVD++ with its cache of ratings."""
    import pandas as pd
    from surprise import SVD, Dataset, Reader, SVDpp

    table = pd.DataFrame(data["train"][:, :3], columns=["viewer", "title", "stars"])
    known = Dataset.load_from_df(table, Reader(rating_scale=(1, 5))).build_full_trainset()
    model = SVDpp(random_state=0, cache_ratings=True) if system.endswith("++") else SVD(random_state=0)
    begun = time.perf_counter()
    model.fit(known)
    seconds = time.perf_counter() - begun
    return np.array([model.predict(int(viewer), int(title)).est for viewer, title in data["test"][:, :2]]), seconds


def main():
    system = sys.argv[1]
    with np.load(sys.argv[2]) as arrays:
        data = dict(arrays)
    stars, seconds = {"myfm": myfm, "surprise": surprise}[system.split()[0]](system, data)
    off = np.clip(stars, 1, 5) - data["test"][:, 2]
    print(json.dumps({"rmse": float(np.sqrt(np.mean(off**2))), "fit_s": seconds}))


main()
