"""Group reviews by film, as far as their rare words tell, and make folds.

texts ─ rare words ─▶ similarities ─ most similar first ─▶ groups of up to 60 reviews ─▶ folds

In the archive's order reviews of one film lie next to each other within each class, and the two
classes have different orders. Folds of neighbouring rows alone part a film's negative reviews from
its positive ones. A model then learns that the film's name means the other class, and its accuracy
is more than a point too low. Random folds put a film's reviews on both sides, which flatters.
"""

import numpy as np
from numpy.typing import NDArray

MOST_ROWS_OF_A_WORD = 60  # the archive has up to 30 reviews of a film and class
LARGEST_GROUP = 60
LEAST_SIMILARITY = 0.1
NEIGHBOUR_BONUS = 0.12  # added to the similarity of neighbours in one class
NEIGHBOUR_ROWS = 8  # distance at which the bonus has fallen to 1/e


def film_folds(texts: list[str], labels: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """Return the fold of each row. Reviews of one film share it.

    Groups go to the folds from the largest on, each to the fold with the fewest rows.
    """
    groups = film_groups(texts, labels)
    numbers, firsts, sizes = np.unique(groups, return_index=True, return_counts=True)
    fold_of, rows = np.zeros(len(texts), np.int64), np.zeros(folds, np.int64)
    for group in np.lexsort((firsts, -sizes)):
        fold_of[numbers[group]] = fold = int(np.argmin(rows))
        rows[fold] += sizes[group]
    return fold_of[groups]


def neighbour_folds(labels: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """Return the fold of each row: runs of neighbouring rows of each class."""
    fold = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        fold[rows] = np.arange(len(rows)) * folds // len(rows)
    return fold


def film_groups(texts: list[str], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number for each row, equal for reviews of one film."""
    parents = list(range(len(texts)))
    sizes = [1] * len(texts)

    def group(row: int) -> int:
        while parents[row] != row:
            parents[row] = row = parents[parents[row]]
        return row

    for row, other in similar_pairs(texts, labels):
        one, two = group(row), group(other)
        if one != two and sizes[one] + sizes[two] <= LARGEST_GROUP:
            parents[one] = two
            sizes[two] += sizes[one]
    return np.array([group(row) for row in range(len(texts))])


def similar_pairs(texts: list[str], labels: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return pairs of rows that share rare words, the most similar first.

    The similarity is the cosine of the weights ln(N / rows with the word)².
    """
    from scipy.sparse import diags_array
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.preprocessing import normalize

    words = CountVectorizer(
        binary=True, min_df=2, max_df=MOST_ROWS_OF_A_WORD, token_pattern=r"\w+", dtype=np.float32
    ).fit_transform(texts)
    weights = np.log(len(texts) / words.sum(axis=0).A1) ** 2
    rows = normalize(words @ diags_array(weights.astype(np.float32)))
    pairs = (rows @ rows.T).tocoo()
    near = np.exp(-np.abs(pairs.row - pairs.col) / NEIGHBOUR_ROWS)
    same_class = labels[pairs.row] == labels[pairs.col]
    similarity = pairs.data + NEIGHBOUR_BONUS * near * same_class
    kept = np.flatnonzero((pairs.row < pairs.col) & (similarity >= LEAST_SIMILARITY))
    order = kept[np.lexsort((pairs.col[kept], pairs.row[kept], -similarity[kept]))]
    return list(zip(pairs.row[order].tolist(), pairs.col[order].tolist(), strict=True))
