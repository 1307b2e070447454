"""What models make of reviews whose words are in another order: answers on disk, and the tables of all runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from wordorder.data.contrast import Pair
from wordorder.data.reviews import read_groups
from wordorder.data.word_order import ORDERS
from wordorder.evaluation.intervals import Measurements, scores_of
from wordorder.evaluation.predictions import Run
from wordorder.io.errors import InputError
from wordorder.io.tables import numbers_text, read_table, write_table

UNCHANGED = "kept"
ORDER_COLUMNS = ["variant", "order", "accuracy", "accuracy_low", "accuracy_high", "change", "change_low", "change_high"]
ORDER_COLUMNS += ["seeds", "of_seeds"]
CONTRAST_COLUMNS = ["variant", "kind", "pairs", "right", "right_low", "right_high", "apart", "apart_low", "apart_high"]
CONTRAST_COLUMNS += ["seeds"]
RIGHT_ANSWERS = pa.schema([("id", pa.string()), *((order, pa.float32()) for order in ORDERS)])
CONTRASTS = pa.schema([(name, pa.string()) for name in ("kind", "praise", "blame")]).append(
    pa.field("probabilities", pa.list_(pa.float32(), 2))
)


def write_right_answers(path: Path, ids: Sequence[str], right: Mapping[str, np.ndarray]) -> None:
    """Write for each order how often the answer of a run to each review is right, (reviews,), over the draws."""
    write_table(path, pa.table({"id": list(ids), **right}, RIGHT_ANSWERS))


def read_right_answers(path: Path, ids: Sequence[str]) -> dict[str, np.ndarray]:
    """Read what `write_right_answers` wrote. Raises InputError if it is damaged, or of other reviews."""
    table = read_table(path, RIGHT_ANSWERS)
    if table["id"].to_pylist() != list(ids):
        raise InputError(f"{path} is of other reviews. Delete it and run again.")
    return {order: table[order].to_numpy().astype(float) for order in ORDERS}


def write_contrasts(path: Path, pairs: Sequence[Pair], probabilities: np.ndarray) -> None:
    """Write pairs, and the probability of praise for both sentences of each, (2 * pairs,), one pair after the other."""
    rows = pa.FixedSizeListArray.from_arrays(pa.array(probabilities, pa.float32()), 2)
    columns = [[getattr(pair, name) for pair in pairs] for name in Pair._fields]
    write_table(path, pa.table([*columns, rows], CONTRASTS))


def certainty(values: np.ndarray, groups: Sequence[str], runs: Sequence[Run], alike: Mapping) -> Measurements:
    """Return the means of values, (runs, reviews), and how certain they are; the rest is as in `intervals.measure`."""
    means = values.mean(axis=1)
    return Measurements(scores_of(means, (values - means[:, None]) / values.shape[1], groups), runs, alike)


def tabulate_word_order(
    paths: Sequence[Path], reviews: Path, runs: Sequence[Run], varies_like: Mapping[str, str | None]
) -> pd.DataFrame:
    """Return for each variant and order its accuracy, and the change from reviews as they are: `ORDER_COLUMNS`.

    Both are means over the seeds, with their 95 % intervals over other seeds and other reviews. The change is that of
    the same trained models, in `of_seeds` for each, and its interval that of this variant alone. `paths` are the right
    answers of the `runs`, `reviews` is the file of the test reviews.
    """
    groups = read_groups(reviews)
    # How much a change hangs on the seed is a matter of each variant: that of a bag of words is always 0.
    alone = {variant: alike and variant for variant, alike in varies_like.items()}
    right = [read_right_answers(path, list(groups)) for path in paths]
    rows = []
    for variant in dict.fromkeys(variant for variant, *_ in runs):
        for order in ORDERS:
            levels = np.array([each[order] for each in right])
            changes = levels - np.array([each[UNCHANGED] for each in right])
            measured = [
                certainty(values, list(groups.values()), runs, alike)
                for values, alike in ((levels, varies_like), (changes, alone))
            ]
            ends = [end for each in measured for end in with_interval(each, variant)]
            of_seeds = numbers_text(measured[1].of_seeds({variant: 1}))
            rows.append((variant, order, *ends, measured[0].seeds(variant), of_seeds))
    return rounded(pd.DataFrame(rows, columns=ORDER_COLUMNS))


def tabulate_contrasts(
    paths: Sequence[Path], runs: Sequence[Run], varies_like: Mapping[str, str | None]
) -> pd.DataFrame:
    """Return for each variant and kind of pairs the share of right answers, and that of pairs told apart.

    The columns are `CONTRAST_COLUMNS`. A pair is told apart if praise is more likely for its praise. Intervals are as
    above, over other pairs.
    """
    tables = [read_table(path, CONTRASTS).to_pandas() for path in paths]
    rows = []
    for variant in dict.fromkeys(variant for variant, *_ in runs):
        for kind in dict.fromkeys(tables[0]["kind"]):
            likely = np.array([np.stack(table.loc[table["kind"] == kind, "probabilities"]) for table in tables])
            praise, blame = likely[..., 0], likely[..., 1]
            right, apart = np.mean([praise > 0.5, blame < 0.5], axis=0), (praise > blame).astype(float)
            pairs = list(map(str, range(praise.shape[1])))
            measured = [certainty(each, pairs, runs, varies_like) for each in (right, apart)]
            ends = [end for each in measured for end in with_interval(each, variant)]
            rows.append((variant, kind, len(pairs), *ends, measured[0].seeds(variant)))
    return rounded(pd.DataFrame(rows, columns=CONTRAST_COLUMNS))


def with_interval(measured: Measurements, variant: str) -> tuple[float, float, float]:
    """Return the mean of a variant, and the ends of its interval."""
    estimate = measured.estimate({variant: 1})
    return estimate.value, *estimate.interval()


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with six digits of its numbers."""
    return table.round(6)
