"""The times of training steps: the table of the script at a tiny size, and the ratio against SciPy and by hand."""

import itertools
import math
import os
import time

import numpy as np
import pandas as pd
import pytest
from plain_keras import complete
from scipy import stats

import time_steps
from wordorder.data.encoded import write_encoded
from wordorder.data.vectorizer import write_vocabulary
from wordorder.evaluation.timing import (
    COLUMNS,
    IMPLEMENTATIONS,
    log_ratio,
    log_ratio_of_trainings,
    read_step_times,
    time_in_turn,
)
from wordorder.io.errors import InputError
from wordorder.models.kind import variant_of

SMALL = {"units": 2, "batch_size": 4}
LSTM = {**SMALL, "sequence_length": 6}
TIMED = {
    "one_hot": complete(features="one_hot", **LSTM),
    "embedding": complete(
        features="embedding", dimension=3, mask=True, **LSTM | {"batch_size": 100, "sequence_length": None}
    ),
    "bigrams": complete("bag_of_words", features="binary", vectorizer="bigrams", **SMALL),
}


def table_of(first, second, implementation="plain"):
    rows = [
        (name, implementation, repetition, seconds)
        for name, times in (("a", first), ("b", second))
        for repetition, seconds in enumerate(times, start=1)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_table_of_the_script(tmp_path):
    # Catches: a row that is missing; settings with which there is no step to take, such as a batch of all reviews; a
    # variant that is timed on the tokens of another vectorizer, which its vocabulary is too small for.
    rng = np.random.default_rng(1)
    for name, size in (("words", 9), ("bigrams", 40)):
        sequences = [rng.integers(size // 2, size, 6).astype("int32") for _ in range(16)]
        labels = [i % 2 for i in range(16)]
        write_encoded(tmp_path / f"{name}.arrow", list(map(str, range(16))), labels, sequences, ["neg", "pos"])
        write_vocabulary(tmp_path / f"{name}.json", ["", "[UNK]", *map(str, range(size - 2))])
    vectorizers = [settings["vectorizer"] for settings in TIMED.values()]
    time_steps.main(
        [tmp_path / f"{name}.arrow" for name in vectorizers],
        [tmp_path / f"{name}.json" for name in vectorizers],
        tmp_path / "step_times.csv",
        names=list(TIMED),
        variants=TIMED,
        backend=os.environ["KERAS_BACKEND"],
    )
    table = read_step_times(tmp_path / "step_times.csv")
    expected = itertools.product(TIMED, IMPLEMENTATIONS, range(1, time_steps.REPETITIONS + 1))
    assert set(table[COLUMNS[:3]].itertuples(index=False, name=None)) == set(expected)
    assert len(table) == len(TIMED) * 2 * time_steps.REPETITIONS


NO_COUNTERPART = {
    "pretrained": complete(features="glove"),
    "token dropout": complete(features="one_hot", token_dropout=0.1),
    "average": complete(features="one_hot", ema_momentum=0.9),
    "student": complete(features="one_hot", teachers=["a"]),
    "tf-idf": complete("bag_of_words", features="tf_idf"),
    "fitted": complete("nb_lr", features="binary", C=1.0),
}


def test_what_has_no_counterpart_in_plain_keras_is_known():
    # Catches: times of another model than the one that is named; `timed_variants` refuses what this says.
    assert {name for name, settings in NO_COUNTERPART.items() if variant_of(settings).has_plain_keras} == set()
    pooled = complete(features="embedding", dimension=3, mask=True, pooling="max")
    transformer = complete("transformer", features="embedding", dimension=4, heads=2)
    assert all(variant_of(settings).has_plain_keras for settings in (*TIMED.values(), pooled, transformer))


def test_models_take_turns_and_the_first_steps_do_not_count():
    # Catches: one model after the other, a table with the time of the compilation, or of all steps; the first step of a
    # turn, which finds the caches as the model before has left them.
    taken = []

    def steps(name, seconds):
        time.sleep(0.5)
        while True:
            time.sleep(seconds if taken and taken[-1] == name else 0.5)
            taken.append(name)
            yield

    running = {("a", "plain"): steps("a", 0.02), ("b", "ours"): steps("b", 0.01)}
    table = time_in_turn(running, {("a", "plain"): 1, ("b", "ours"): 2}, repetitions=2)
    assert "".join(taken) == "abb" + "aabbb" * 2
    assert list(table[COLUMNS[:3]].itertuples(index=False, name=None)) == [
        ("a", "plain", 1),
        ("b", "ours", 1),
        ("a", "plain", 2),
        ("b", "ours", 2),
    ]
    assert table["seconds_per_step"].between([0.02, 0.01] * 2, [0.24, 0.24] * 2).all()


def test_ratio_is_that_of_the_repetitions():
    # Catches: a ratio of means, repetitions that are not paired, an interval of another level or not of the logarithms.
    rng = np.random.default_rng(1)
    # What slows the machine down slows both.
    machine = rng.uniform(1, 3, 6)
    first, second = 8 * machine * rng.uniform(0.95, 1.05, 6), machine
    logarithms = np.log(first / second)
    expected = stats.ttest_1samp(logarithms, 0).confidence_interval(0.95)
    table = table_of(first, second).sample(frac=1, random_state=1)
    estimate = log_ratio(pd.concat([table, table_of(second, first, "ours")]), "a", "b", "plain")
    assert math.exp(estimate.value) == pytest.approx(stats.gmean(first / second))
    assert estimate.interval() == pytest.approx(tuple(expected))
    assert math.log(7) < estimate.value < math.log(9)


def test_ratio_by_hand():
    # Catches: the ratio upside down. 2 and 8: the geometric mean is 4; t of one degree of freedom is 12.7062.
    estimate = log_ratio(table_of([2, 8], [1, 1]), "a", "b", "plain")
    assert math.exp(estimate.value) == pytest.approx(4)
    ends = np.exp(estimate.interval())
    assert tuple(ends) == pytest.approx((4 / 2**12.7062, 4 * 2**12.7062), rel=1e-4)


def test_ratio_of_trainings_is_that_of_welch():
    # Catches: degrees of freedom of equal variances, an interval from one training.
    first, second = np.array([30.0, 33, 40]), np.array([10.0, 11, 10.5, 9])
    expected = stats.ttest_ind(np.log(first), np.log(second), equal_var=False)
    estimate = log_ratio_of_trainings(first, second)
    assert estimate.degrees == pytest.approx(expected.df)
    assert estimate.interval() == pytest.approx(tuple(expected.confidence_interval(0.95)))
    one = log_ratio_of_trainings(first, second[:1])
    assert not one.known
    assert math.exp(one.value) == pytest.approx(stats.gmean(first) / 10)


def test_one_repetition_is_refused():
    # Catches: an interval of zero width, or of NaN, from one repetition.
    with pytest.raises(InputError, match="fewer than two repetitions of a and b"):
        log_ratio(table_of([2], [1]), "a", "b", "plain")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "variant,implementation,repetition\na,plain,1\n",
        ",".join(COLUMNS) + "\na,plain,1,fast\n",
        ",".join(COLUMNS) + "\na,plain,1,\n",
        ",".join(COLUMNS) + "\na,plain,1,0\n",
        ",".join(COLUMNS) + "\na,plain,1,inf\n",
        ",".join(COLUMNS) + "\na,plain,x,1\n",
        ",".join(COLUMNS) + "\na,plain,1,1\na,plain,1,2\n",
    ],
)
def test_damaged_table_is_refused(tmp_path, content):
    # Catches: a verdict from what is left of a table.
    path = tmp_path / "step_times.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"step_times\.csv is damaged"):
        read_step_times(path)
