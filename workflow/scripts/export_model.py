"""Put a trained model and its vectorizer into one that reads text."""

from pathlib import Path
from typing import TYPE_CHECKING

from wordorder.app.trained_models import read_training
from wordorder.data.vectorizer import read_settings, read_vocabulary
from wordorder.entry import run
from wordorder.io.atomic import atomic_write
from wordorder.io.errors import InputError
from wordorder.tokens import STANDARDIZE
from wordorder.training.backend import start_backend

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(
    model: Path, record: Path, vocabulary: Path, vectorizer: Path, text_model: Path, saved_model: Path, *, threads: int
) -> None:
    """Write it as a .keras file and as a SavedModel.

    Raises InputError if it reads words in a random order, or texts by Python code.
    """
    start_backend("tensorflow", threads)
    import keras
    import tensorflow as tf

    from wordorder.app.export import TextClassifier
    from wordorder.inference import load_model, save_model

    read_training(record, model=model, vocabulary=vocabulary)
    network = load_model(model)
    if network.variant.shuffles:
        raise InputError(f"{model} reads the words of a text in a random order, which no exported model can do.")
    settings = read_settings(vectorizer)
    if settings.pop("functions") or settings["standardize"] not in STANDARDIZE:
        raise InputError(
            f"{model} reads texts that are standardized or split by Python code, which no export can hold."
        )
    classifier = TextClassifier(network, read_vocabulary(vocabulary), **settings)
    print(f"P({network.classes[-1]}): {classifier(tf.constant(['excellent'])).numpy()[0]} for the text: excellent")
    save_model(classifier, text_model)
    archive = keras.export.ExportArchive()
    archive.track(classifier)
    # Keras tracks the weights and not the table of the vocabulary.
    archive.track(classifier.vectorization._lookup_layer.lookup_table)
    labels = tf.constant([network.classes])

    def serve(text: tf.Tensor) -> dict[str, tf.Tensor]:
        # A row for each text, as TensorFlow Serving wants of every output.
        return {"probability": classifier(text), "labels": tf.repeat(labels, tf.shape(text)[0], axis=0)}

    archive.add_endpoint(
        "serve",
        serve,
        input_signature=[tf.TensorSpec((None,), tf.string, name="text")],
    )
    # A model that is served is not trained, and our own gradients cannot be saved.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    # In the folder of a version, as TensorFlow Serving wants it.
    with atomic_write(saved_model) as part:
        archive.write_out(str(part / "1"), options=options, verbose=False)


if __name__ == "__main__":
    run(main, snakemake)
