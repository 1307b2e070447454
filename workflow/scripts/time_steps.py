"""Time the training steps of some variants, as plain Keras computes them and as ours does."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from wordorder.data.encoded import read_encoded
from wordorder.data.vectorizer import read_vocabulary
from wordorder.entry import run
from wordorder.evaluation.machine import IDLE, Watch, processor_name
from wordorder.io.atomic import atomic_write
from wordorder.training.backend import start_backend

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

REPETITIONS = 5
STEPS = 10
# One core, as a training has; the rule reserves more, so that nothing runs beside it.
THREADS = 1


def main(
    train: list[Path],
    vocabularies: list[Path],
    step_times: Path,
    *,
    names: list[str],
    variants: dict[str, dict[str, Any]],
    backend: str,
) -> None:
    """Write one row for each variant, implementation and repetition.

    `names` are those of the variants whose training reviews and vocabularies are given, `variants` their settings.
    """
    start_backend(backend, THREADS)
    from wordorder.evaluation.timing import keras_steps, our_steps, time_in_turn

    running, steps = {}, {}
    for name, reviews, vocabulary in zip(names, train, vocabularies, strict=True):
        inputs = read_encoded(reviews), variants[name], len(read_vocabulary(vocabulary))
        running[name, "plain"] = keras_steps(*inputs)
        running[name, "ours"] = our_steps(*inputs, STEPS)
        # Plain one-hot takes seconds where the others take milliseconds.
        steps[name, "plain"] = 1 if variants[name]["features"] == "one_hot" else STEPS
        steps[name, "ours"] = STEPS
    watch = Watch()
    table = time_in_turn(running, steps, REPETITIONS)
    others = watch.others()
    with atomic_write(step_times) as part:
        table.to_csv(part, index=False)
    print(f"Seconds a step on {backend}, {THREADS} thread, {processor_name()}")
    if others > IDLE:
        print(f"Others kept {others:.2f} cores busy meanwhile: the ratios are of use, the seconds are not.")
    print(table.to_string(index=False))


if __name__ == "__main__":
    run(main, snakemake)
