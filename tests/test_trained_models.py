"""What belongs to a training, and is refused where something else has taken its place."""

import json

import pytest

import compare_embeddings
import measure_padding
import write_model_card
from wordorder.app.trained_models import read_training
from wordorder.data.sources import file_digest
from wordorder.io.errors import InputError


@pytest.fixture
def training(tmp_path):
    """The files of a training."""
    files = {name: tmp_path / name for name in ("model", "vocabulary")}
    for name, path in files.items():
        path.write_text(name)
    record = tmp_path / "training.json"
    digests = {name: file_digest(path) for name, path in files.items()}
    record.write_text(json.dumps({"variant": "a", "seed": 3, "digests": digests}))
    return {"record": record, **files}


def test_a_training_and_its_files(training):
    # Catches: a mismatch that is seen where there is none.
    assert read_training(**training) == ("a", 3)


def compare(nowhere, record, model, vocabulary):
    compare_embeddings.main(
        models=[model],
        records=[record],
        matrices=[],
        train=nowhere,
        vocabulary=vocabulary,
        **dict.fromkeys(("neighbours", "analogies", "word_map"), nowhere),
        names=["a"],
        backend="jax",
        threads=1,
    )


def measure(nowhere, record, model, vocabulary):
    measure_padding.main(
        models=[model],
        records=[record],
        vocabulary=vocabulary,
        **dict.fromkeys(("encoded", "reviews", "padding"), nowhere),
        variants=["a"],
        sequence_length=9,
        backend="jax",
        threads=1,
    )


def card(nowhere, record, model, vocabulary):
    others = ("summary", "accuracy_by_length", "corpus", "vectorizer", "markdown", "html")
    write_model_card.main(
        record=record, vocabulary=vocabulary, **dict.fromkeys(others, nowhere), variant="a", caption=""
    )


@pytest.mark.parametrize(
    ("work", "wrong"),
    [(compare, "model"), (compare, "vocabulary"), (measure, "model"), (measure, "vocabulary"), (card, "vocabulary")],
)
def test_what_is_of_another_training_is_refused(tmp_path, training, work, wrong):
    # Catches: words, and figures of them, of one vocabulary beside the model of another.
    training[wrong].write_text("another")
    with pytest.raises(InputError, match=f"{wrong} is not the one of .*training.json"):
        work(tmp_path / "nowhere", **training)
    assert not (tmp_path / "nowhere").exists()
