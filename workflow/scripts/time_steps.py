"""Time the training steps of some variants, as plain Keras computes them and as ours does."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.data.encoded import read_encoded
from wordorder.io.atomic import atomic_write
from wordorder.io.log import logged, start_backend
from wordorder.data.vectorizer import read_vocabulary

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

REPETITIONS = 5
STEPS = 10


def main(
    train: Path, vocabulary: Path, step_times: Path, *, settings: dict[str, dict], backend: str, threads: int
) -> None:
    """Write one row for each variant, implementation and repetition; `settings` holds those of each variant."""
    start_backend(backend, threads)
    from wordorder.evaluation.timing import keras_steps, our_steps, time_in_turn

    reviews, size = read_encoded(train), len(read_vocabulary(vocabulary))
    running, steps = {}, {}
    for variant, each in settings.items():
        running[variant, "plain"] = keras_steps(reviews, each, size, None)
        running[variant, "ours"] = our_steps(reviews, each, size, None, STEPS)
        # Plain one-hot takes seconds where the others take milliseconds.
        steps[variant, "plain"] = 1 if each["features"] == "one_hot" else STEPS
        steps[variant, "ours"] = STEPS
    table = time_in_turn(running, steps, REPETITIONS)
    with atomic_write(step_times) as part:
        table.to_csv(part, index=False)
    print(f"Seconds a step on {backend}, {threads} threads")
    print(table.to_string(index=False))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            train=Path(snakemake.input.train),
            vocabulary=Path(snakemake.input.vocabulary),
            step_times=Path(snakemake.output.step_times),
            settings=snakemake.params.settings,
            backend=snakemake.params.backend,
            # One, like a training; the rule reserves more, so that nothing runs beside it.
            threads=1,
        )
