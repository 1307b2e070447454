"""Put a trained model and its vectorizer into one that reads text."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.io.atomic import atomic_write
from wordorder.io.log import logged, start_backend
from wordorder.data.vectorizer import read_settings, read_vocabulary

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    model: Path, record: Path, vocabulary: Path, settings: Path, text_model: Path, saved_model: Path, *, threads: int
) -> None:
    """Write it as a .keras file and as a SavedModel."""
    start_backend("tensorflow", threads)
    import keras
    import tensorflow as tf

    from wordorder.app.export import TextClassifier
    from wordorder.training.loop import load_model

    training = json.loads(record.read_text(encoding="utf-8"))
    classifier = TextClassifier(
        load_model(model),
        read_vocabulary(vocabulary),
        **read_settings(settings),
        sequence_length=training["settings"].get("sequence_length"),
    )
    print(f"P({training['classes'][-1]}): {classifier(tf.constant(['excellent'])).numpy()[0]} for the text: excellent")
    with atomic_write(text_model) as part:
        classifier.save(part)
    archive = keras.export.ExportArchive()
    archive.track(classifier)
    # Keras tracks the weights and not the table of the vocabulary.
    archive.track(classifier.vectorization._lookup_layer.lookup_table)
    archive.add_endpoint(
        "serve",
        lambda text: {"probability": classifier(text)},
        input_signature=[tf.TensorSpec((None,), tf.string, name="text")],
    )
    # Who serves a model does not train it, and our own gradients cannot be saved.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    archive.write_out(str(saved_model), options=options, verbose=False)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            model=Path(snakemake.input.model),
            record=Path(snakemake.input.record),
            vocabulary=Path(snakemake.input.vocabulary),
            settings=Path(snakemake.input.settings),
            text_model=Path(snakemake.output.text_model),
            saved_model=Path(snakemake.output.saved_model),
            threads=snakemake.threads,
        )
