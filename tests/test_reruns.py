"""What a change of the config, of the code or of files runs again: on a finished run, by Snakemake itself."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import SMALL, file_dates
from plans import BAGS_OF_WORDS, LABELS, LSTMS, RUNS, after, planned, trainings
from snakemake.utils import update_config

from wordorder import paths
from wordorder.config_check import load_config
from wordorder.models.kind import kinds

SUMMARY = paths.csv("summary")
# Those that follow every evaluation.
TABLES = {"compare_variants", "tabulate_lengths", "decide_claims", "summarize_runs"}
# Those with intervals.
INTERVALS = {"compare_variants", "tabulate_learning_curve", "decide_claims", "summarize_runs"}
ACTIVE = SMALL["active_variants"]


@pytest.fixture(scope="module")
def plan(pipeline, finished):
    """A function that gives the plan for the summary with a config laid over the small one; an error is a text."""
    scripts = pipeline.repository / "workflow/scripts"
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("planner.py"), pipeline.repository, finished, *pipeline.config_files],
        env={**os.environ, "PYTHONPATH": str(scripts)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def answer(config):
        process.stdin.write(json.dumps(config) + "\n")
        process.stdin.flush()
        found = json.loads(process.stdout.readline())
        return set(found) if isinstance(found, list) else found

    yield answer
    process.stdin.close()
    assert process.wait(60) == 0


# One setting, or two that swap their values.


def all_trainings(runs):
    return [f"train_model {run}" for run in runs]


SPLIT, WORDS = ["split_corpus"], ["adapt_vectorizer words"]
GRADIENTS = all_trainings([*LSTMS, *BAGS_OF_WORDS])
# Of each setting: other values, and the jobs that it decides directly.
SETTINGS = {
    # The checksum says what it is.
    "corpus.sources": ([["https://example.org/other.tar.gz"]], []),
    "corpus.checksum": (["md5:0123456789abcdef0123456789abcdef"], ["download_corpus"]),
    "corpus.format": (["csv", "parquet"], SPLIT),
    "corpus.separator": ([";"], SPLIT),
    "corpus.header": ([False], SPLIT),
    "corpus.pattern": (["*"], SPLIT),
    "corpus.min_texts_per_class": ([3], SPLIT),
    "corpus.unlabelled": (["other"], SPLIT),
    "corpus.encoding": (["latin-1"], SPLIT),
    "corpus.text_column": (["body", ["title", "body"]], SPLIT),
    "corpus.label_column": (["class"], SPLIT),
    "corpus.split_column": (["part"], SPLIT),
    "corpus.group_column": (["movie"], SPLIT),
    "corpus.group_files": ([None], SPLIT),
    "glove.sources": ([["https://example.org/other.zip"]], []),
    "glove.member": (["vectors.txt", None], []),
    "glove.checksum": (["md5:0123456789abcdef0123456789abcdef"], ["download_glove"]),
    "split.test_fraction": ([0.1], SPLIT),
    "split.validation_fraction": ([0.1], SPLIT),
    "split.seed": ([0], SPLIT),
    "split.keep_copies_together": ([True], SPLIT),
    "vectorizers.words.max_tokens": ([301, None], WORDS),
    "vectorizers.words.min_documents": ([2], WORDS),
    "vectorizers.words.standardize": (["lower", "unicode_lower_and_strip_punctuation"], WORDS),
    "vectorizers.words.split": (["character"], WORDS),
    "vectorizers.words.strip_html": ([True], WORDS),
    "vectorizers.words.ngrams": ([2], WORDS),
    "vectorizers.words.max_words": ([5], WORDS),
    # No variant that is trained reads it.
    "vectorizers.bigrams.max_tokens": ([301], []),
    "cbow.dimension": ([1], ["train_cbow"]),
    "cbow.window": ([5, 4], ["train_cbow"]),
    "cbow.negative": ([10], ["train_cbow"]),
    "cbow.epochs": ([5, 100], ["train_cbow"]),
    "cbow.seed": ([2], ["train_cbow"]),
    # Of the jobs that run from now on.
    "strict": ([True], []),
    "backend": (["tensorflow"], [*all_trainings(RUNS), LABELS]),
    # Of the bag of words this is its own.
    "defaults.units": ([3], all_trainings(LSTMS)),
    "defaults.dropout": ([0.0], GRADIENTS),
    "defaults.batch_size": ([32], GRADIENTS),
    # On a part of the reviews these are those of the curve.
    "defaults.epochs": ([5], all_trainings([*LSTMS, "binary_unigram 1"])),
    "defaults.patience": ([5], all_trainings([*LSTMS, "binary_unigram 1"])),
    "defaults.optimizer.learning_rate": ([0.9], GRADIENTS),
    "defaults.optimizer.rho": ([0.01], GRADIENTS),
    "defaults.optimizer.epsilon": ([1e-7], GRADIENTS),
    "defaults.sequence_length": ([10], all_trainings(LSTMS)),
    "defaults.token_dropout": ([0.5], all_trainings(LSTMS)),
    "defaults.pooling": (["max"], all_trainings(LSTMS)),
    # The others have one of their own.
    "defaults.mask": ([True], all_trainings(["one_hot 1", "one_hot 2", "taught 1"])),
    "defaults.group_by_length": ([True], all_trainings(LSTMS)),
    "variants.one_hot.dropout": ([0.4], all_trainings(["one_hot 1", "one_hot 2"])),
    "variants.one_hot.chapter_accuracy": ([0.5], ["summarize_runs"]),
    "variants.one_hot.features": (["glove"], all_trainings(["one_hot 1", "one_hot 2"])),
    "variants.one_hot.sequence_length": ([10], all_trainings(["one_hot 1", "one_hot 2"])),
    "variants.one_hot.validation": (["by_group"], all_trainings(["one_hot 1", "one_hot 2"])),
    "variants.one_hot.word_order": (["shuffled"], all_trainings(["one_hot 1", "one_hot 2"])),
    "variants.one_hot.class_weight": (["balanced"], all_trainings(["one_hot 1", "one_hot 2"])),
    "variants.one_hot.ema_momentum": ([0.9], all_trainings(["one_hot 1", "one_hot 2"])),
    "variants.glove.optimizer.learning_rate": ([0.02], all_trainings(["glove 1", "glove 2"])),
    "variants.glove.trainable": ([True], [*all_trainings(["glove 1", "glove 2"]), "answer_questions"]),
    "variants.glove.mask": ([False], all_trainings(["glove 1", "glove 2"])),
    "variants.binary_unigram.units": ([3], all_trainings(BAGS_OF_WORDS)),
    "variants.binary_unigram.epochs": ([3], all_trainings(["binary_unigram 1"])),
    "variants.binary_unigram.features": (["tf_idf"], all_trainings(BAGS_OF_WORDS)),
    "variants.taught.units": ([5], all_trainings(["taught 1"])),
    # Not trained.
    "variants.embedding.dimension": ([5], []),
    "variants.nb_lr.C": ([5.0], []),
    "variants.transformer.heads": ([5], []),
    "variants.convolution.region": ([5], []),
    # In whole epochs of 4 steps.
    "learning_curve.steps": ([12], all_trainings(["binary_unigram 200 1"])),
    "learning_curve.patience": ([4], all_trainings(["binary_unigram 200 1"])),
    "learning_curve.validation": ([500], all_trainings(["binary_unigram 200 1"])),
}
# Those of more than one meaning, or that name other things; in `ROWS` below.
OTHERS = {
    *("corpus.splits", "glove.dimension", "defaults.model", "defaults.vectorizer", "claims"),
    *("active_variants", "seeds", "timed_variants"),
    *(f"learning_curve.{name}" for name in ("variants", "sizes", "seeds", "more_seeds", "more_seeds_at")),
    *("word_order.variants", "word_order.draws", "word_order.praise"),
}


def laid_out(settings):
    """A config from settings by their dotted names."""
    config = {}
    for name, value in settings.items():
        for part in reversed(name.split(".")):
            value = {part: value}
        update_config(config, value)
    return config


def leaves(value, name=""):
    """The dotted name and the value of every setting."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, f"{name}.{key}" if name else key)
    else:
        yield name, value


@pytest.fixture(scope="module")
def settings(pipeline):
    """Every setting of the small run by its dotted name, defaults included."""
    config = {}
    for path in pipeline.config_files:
        update_config(config, yaml.safe_load(path.read_text(encoding="utf-8")))
    return dict(leaves(load_config(config).model_dump()))


def test_every_setting_is_in_the_table(settings):
    # Catches: a new key of the config that nobody has thought of. What each variant has is in `defaults`, or its own.
    shared = {name for name in settings if not name.startswith(("variants.", "vectorizers."))}
    assert shared == {name for name in SETTINGS if not name.startswith(("variants.", "vectorizers."))} | OTHERS
    of_vectorizers = {name.split(".")[2] for name in settings if name.startswith("vectorizers.")}
    assert of_vectorizers == {name.split(".")[2] for name in SETTINGS if name.startswith("vectorizers.words.")}
    of_variants = {name for kind in kinds().values() for name in kind.model_fields}
    named = {name.split(".")[1] for name in SETTINGS if name.startswith("defaults.")}
    named |= {name.split(".")[2] for name in SETTINGS if name.startswith("variants.")}
    assert of_variants == named | {"model", "vectorizer", "seeds", "teachers"}


def test_any_setting(plan, settings):
    # Catches: a setting that no rule passes on, so that its change goes unnoticed and old results stay; one that is
    # passed on too widely, so that everything is trained again.
    found, expected = {}, {}
    for name, (values, jobs) in SETTINGS.items():
        for value in values:
            assert value != settings.get(name)
            found[name, str(value)] = plan(laid_out({name: value}))
            expected[name, str(value)] = after(*jobs)
    assert found == expected


def test_swapped_settings(plan, settings):
    # Catches: values that Snakemake compares without their names, so that two that swap go unnoticed.
    numbers = {name: settings[name] for name in SETTINGS if type(settings.get(name)) in (int, float)}
    # Not every other number of steps is another number of epochs.
    numbers = {name: value for name, value in numbers.items() if not name.startswith("learning_curve.")}
    pairs = [(one, two) for one in numbers for two in numbers if one < two and numbers[one] != numbers[two]]
    wanted = [("cbow.negative", "cbow.window"), ("split.test_fraction", "split.validation_fraction")]
    assert set(wanted) <= set(pairs)
    random.Random(1).shuffle(pairs)
    tried = 0
    for one, two in [*wanted, *pairs]:
        result = plan(laid_out({one: settings[two], two: settings[one]}))
        # Not every value is allowed at every key.
        if not isinstance(result, str):
            assert result == after(*SETTINGS[one][1], *SETTINGS[two][1]), (one, two)
            tried += 1
        if tried == 40:
            break
    assert tried == 40


# More than one setting, or one that names other things.

FILE = "https://example.org/{}.csv#sha256=" + "0" * 64
ROWS = {
    "a variant added": (
        {"variants": {"new": {"features": "embedding", "dimension": 2}}, "active_variants": [*ACTIVE, "new"]},
        trainings("new 1", "new 2") | TABLES | {"answer_questions"},
    ),
    # That a claim may now name it is all that changes.
    "a variant defined and not asked for": (
        {"variants": {"new": {"features": "one_hot"}}},
        {"decide_claims", "summarize_runs"},
    ),
    "a variant taken from the list": ({"active_variants": ACTIVE[:-1]}, TABLES),
    "variants in another order": ({"active_variants": ACTIVE[::-1]}, TABLES),
    "a seed added": ({"seeds": [1, 2, 3]}, trainings("one_hot 3", "glove 3") | TABLES),
    "a seed taken from the list": ({"seeds": [2]}, TABLES),
    "another seed of a variant": (
        {"variants": {"cbow": {"seeds": [3]}}},
        trainings("cbow 3") | TABLES | {"answer_questions"},
    ),
    "the vectorizer of a variant": (
        {"variants": {"one_hot": {"vectorizer": "bigrams"}}},
        {"adapt_vectorizer bigrams", "encode_reviews bigrams"} | trainings("one_hot 1", "one_hot 2") | TABLES,
    ),
    "the kind of a variant": (
        {"variants": {"one_hot": {"model": "bag_of_words", "features": "binary"}}},
        after(*all_trainings(["one_hot 1", "one_hot 2"])),
    ),
    "the teachers of a variant": (
        {"variants": {"taught": {"teachers": ["one_hot"]}}},
        after("label_reviews one_hot 1"),
    ),
    "a teacher more": (
        {"variants": {"taught": {"teachers": ["binary_unigram", "one_hot"]}}},
        after("label_reviews one_hot 1"),
    ),
    "a corpus in several files": (
        {"corpus": {"splits": {"train": [FILE.format("train")], "test": [FILE.format("test")]}}},
        {"download_split train 1", "download_split test 2"} | after("split_corpus"),
    ),
    "the dimension of the pretrained vectors": (
        {"glove": {"dimension": 50, "member": "glove.6B.50d.txt"}},
        after("build_glove_matrix"),
    ),
    "an ensemble": (
        {"ensembles": {"both": {"members": ["one_hot", "glove"]}}},
        {"evaluate_ensemble both 1", "evaluate_ensemble both 2"} | TABLES,
    ),
    "a variant that is asked about other orders": (
        {"word_order": {"variants": ["one_hot"]}},
        {"measure_word_order one_hot 1", "measure_word_order one_hot 2", "tabulate_word_order", "summarize_runs"},
    ),
    "timed variants": ({"timed_variants": ["one_hot"]}, {"time_steps", "decide_claims", "summarize_runs"}),
    "a size of the learning curve": (
        {"learning_curve": {"sizes": [100, 200]}},
        after("train_model binary_unigram 100 1"),
    ),
    "seeds of the learning curve": (
        {"learning_curve": {"seeds": [1, 2]}},
        after("train_model binary_unigram 200 2"),
    ),
    "more seeds of a size of the learning curve": (
        {"learning_curve": {"more_seeds": [2], "more_seeds_at": [200]}},
        after("train_model binary_unigram 200 2"),
    ),
    "a variant of the learning curve": (
        {"learning_curve": {"variants": ["binary_unigram", "glove"]}},
        after("train_model glove 200 1", "train_model glove 200 2"),
    ),
    "no learning curve": ({"learning_curve": {"variants": []}}, {"decide_claims", "summarize_runs"}),
    "two settings of vectors take each other's values": (
        {"cbow": {"window": SMALL["cbow"]["epochs"], "epochs": 10}},
        after("train_cbow"),
    ),
}


def test_several_settings(plan):
    # Catches: more than what depends on them, or less.
    found = {name: plan(config) for name, (config, _) in ROWS.items()}
    assert found == {name: jobs for name, (_, jobs) in ROWS.items()}


def test_the_plans_are_those_of_the_command(pipeline, run):
    # Catches: plans that are made otherwise than by the command of a user; what makes this file fast would hide it.
    for config, expected in [
        ({"cbow": {"epochs": 5}}, after("train_cbow")),
        ({"cbow": {"window": 5}}, after("train_cbow")),
        ({"cbow": {"window": 5, "negative": 10}}, after("train_cbow")),
        ({"split": {"validation_fraction": 0.3, "test_fraction": 0.2}}, after("split_corpus")),
        ROWS["the vectorizer of a variant"],
    ]:
        assert planned(pipeline.snakemake(run, SUMMARY, "-n", config=config)) == expected, config


def test_claims_of_the_user(pipeline, run, plan, tmp_path):
    # Catches: claims that are compared by their date; a file of the user's own that changes and is not read again.
    claims = tmp_path / "claims.yaml"
    claim = {"text": "Better than a coin.", "source": "ours", "accuracy": {"variant": "glove", "at_least": 0.5}}
    claims.write_text(yaml.safe_dump({"coin": claim}), encoding="utf-8")
    config = {"claims": str(claims)}
    decided = {"decide_claims", "summarize_runs"}
    assert plan(config) == decided
    result = pipeline.snakemake(run, config=config)
    assert result.returncode == 0, result.stdout
    assert planned(pipeline.snakemake(run, SUMMARY, "-n", config=config)) == set()
    claims.write_text(yaml.safe_dump({"dice": claim}), encoding="utf-8")
    make_old(claims)
    assert planned(pipeline.snakemake(run, SUMMARY, "-n", config=config)) == decided


def test_functions_of_the_user(pipeline, run, tmp_path):
    # Catches: code of the user's own that is edited, and vocabularies and token ids that stay; a file that counts by
    # its date.
    mine = tmp_path / "mine.py"
    mine.write_text("def words(text):\n    return text.split()\n", encoding="utf-8")
    config = {"vectorizers": {"words": {"split": f"{mine}:words"}}}
    encoded = paths.encoded("test", "words")
    result = pipeline.snakemake(run, encoded, config=config)
    assert result.returncode == 0, result.stdout
    os.utime(mine)
    assert planned(pipeline.snakemake(run, encoded, "-n", config=config)) == set()
    mine.write_text("def words(text):\n    return text.split()[::-1]\n", encoding="utf-8")
    assert planned(pipeline.snakemake(run, encoded, "-n", config=config)) == {
        "adapt_vectorizer words",
        "encode_reviews words",
    }


def test_keys_in_another_order(pipeline, run):
    # Catches: settings that are compared in the order of the file.
    config = {}
    for path in pipeline.config_files:
        update_config(config, yaml.safe_load(path.read_text(encoding="utf-8")))

    def turned(value):
        return {key: turned(each) for key, each in reversed(value.items())} if isinstance(value, dict) else value

    whole = run.with_name("turned.yaml")
    whole.write_text(yaml.safe_dump(turned(config), sort_keys=False), encoding="utf-8")
    assert planned(pipeline._replace(config_files=[whole]).snakemake(run, SUMMARY, "-n")) == set()


# The code.


def make_old(path):
    """Give a file a date before all products."""
    os.utime(path, (1_000_000_000, 1_000_000_000))


@pytest.fixture
def code(pipeline):
    """A function that gives the path of a file of the code; after the test the file is as it was, date included."""
    before = {}

    def path_of(name):
        path = pipeline.repository / "workflow" / name
        before.setdefault(path, (path.read_bytes(), path.stat()))
        return path

    yield path_of
    for path, (content, stat) in before.items():
        path.write_bytes(content)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


CODE = {
    (
        *("wordorder/models/kinds/lstm.py", "wordorder/models/recurrent.py", "wordorder/models/token_features.py"),
    ): after(*all_trainings(LSTMS)),
    ("wordorder/models/kinds/bag_of_words.py",): after(*all_trainings(BAGS_OF_WORDS)),
    # Of no variant that is trained.
    ("wordorder/models/kinds/nb_lr.py", "wordorder/models/kinds/transformer.py"): set(),
    ("wordorder/training/self_training.py",): after(LABELS),
    ("wordorder/training/loop.py", "wordorder/training/batching.py"): after(*all_trainings(RUNS)),
    ("train_model.py",): after(*all_trainings(RUNS)),
    ("wordorder/training/backend.py",): after(*all_trainings(RUNS)),
    ("wordorder/vectors/cbow.py",): after("train_cbow"),
    ("wordorder/vectors/glove.py",): after("build_glove_matrix"),
    ("wordorder/data/formats/folders_format.py",): after("split_corpus"),
    ("wordorder/data/formats/csv_format.py",): set(),
    # What is downloaded has a checksum.
    ("wordorder/data/download.py", "download_corpus.py"): set(),
    # Claims about times read what a training costs.
    ("wordorder/evaluation/summary.py",): {"decide_claims", "summarize_runs"},
    ("wordorder/evaluation/comparison.py",): {"compare_variants", "summarize_runs"},
    ("wordorder/evaluation/intervals.py",): INTERVALS,
    ("wordorder/evaluation/word_vectors.py",): after("answer_questions"),
    ("wordorder/evaluation/claims.py",): {"decide_claims", "summarize_runs"},
    ("wordorder/evaluation/lengths.py",): {"tabulate_lengths", "summarize_runs"},
    ("wordorder/report/charts.py", "wordorder/app/cli.py", "wordorder/app/export.py"): set(),
    ("wordorder/config.py", "wordorder/config_check.py", "wordorder/paths.py", "wordorder/entry.py"): set(),
}


@pytest.mark.parametrize("names", CODE)
def test_other_code_with_an_older_date(plan, code, names):
    # Catches: code that is compared by its date, so that a checkout of older code goes unnoticed; a module that decides
    # a result and is not in the digest of its rule; one that is in that of too many.
    for name in names:
        path = code(f"scripts/{name}")
        path.write_text(path.read_text(encoding="utf-8") + "\nADDED = 1\n", encoding="utf-8")
        make_old(path)
    assert plan({}) == CODE[names]


def replaced(path, old, new):
    """Replace a text that a file has."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_code_that_decides_nothing(pipeline, run, code):
    # Catches: hours of training for a comment, for the wording of an error, for a number of checkpoints.
    folder = pipeline.repository / "workflow/scripts"
    for path in sorted(folder.rglob("*.py")):
        path = code(path.relative_to(folder.parent))
        text = path.read_text(encoding="utf-8")
        assert text.startswith('"""')
        path.write_text(f'"""Other words. {text.removeprefix(chr(34) * 3)}\n# A comment.\n', encoding="utf-8")
    package = folder / "wordorder"
    replaced(package / "training/checkpoint.py", "GENERATIONS = 2", "GENERATIONS = 3")
    replaced(package / "training/self_training.py", "There are no unlabelled reviews", "No review is unlabelled")
    replaced(package / "training/loop.py", "The training diverged", "This training has diverged")
    replaced(package / "io/errors.py", "is damaged (", "cannot be read (")
    replaced(package / "training/loop.py", "Going on after epoch", "Resuming after epoch")
    assert planned(pipeline.snakemake(run, SUMMARY, "-n")) == set()


def test_threads_of_a_training(plan, code):
    # Catches: what decides how sums are rounded, and so the weights, going unnoticed.
    replaced(code("scripts/wordorder/training/backend.py"), '"OMP_NUM_THREADS", ', "")
    assert after(*all_trainings(RUNS)) <= plan({})


# Files.


def test_no_change(pipeline, run):
    # Catches: anything that differs between two runs of the same (a date or an order in the params), so that a second
    # `snakemake` would train everything again or write a file anew.
    before = file_dates(run)
    assert planned(pipeline.snakemake(run)) == set()
    assert file_dates(run) == before


def test_what_is_left_over_is_deleted(pipeline, run):
    # Catches: logs, times or checkpoints that count as products; a download for reviews that are split already.
    for name in ("resources", "logs", "benchmarks", "checkpoints", ".cache"):
        shutil.rmtree(run / name, ignore_errors=name == "checkpoints")
    assert planned(pipeline.snakemake(run, SUMMARY, "-n")) == set()
    config = {"variants": {"new": {"features": "glove"}}, "active_variants": [*ACTIVE, "new"], "seeds": [1]}
    assert planned(pipeline.snakemake(run, SUMMARY, "-n", config=config)) == trainings("new 1") | TABLES


def test_a_mirror_under_another_name(pipeline, plan, tmp_path):
    # Catches: a corpus that is known by the name of its file, so that a mirror makes everything run again.
    sources = yaml.safe_load(pipeline.config_files[2].read_text(encoding="utf-8"))
    config = {}
    for name in ("corpus", "glove"):
        (source,) = sources[name]["sources"]
        config[name] = {"sources": [str(shutil.copy(source, tmp_path / f"mirror{''.join(Path(source).suffixes)}"))]}
    assert plan(config) == set()


def test_another_algorithm_for_the_checksum(plan, finished):
    # Catches: a file that is taken for another because its checksum is written otherwise.
    config = {}
    for name, path in (("corpus", paths.CORPUS), ("glove", paths.GLOVE)):
        config[name] = {"checksum": f"md5:{hashlib.md5((finished / path).read_bytes()).hexdigest()}"}
    assert plan(config) == set()


def test_a_checksum_and_an_address_where_there_was_neither(pipeline, run):
    # Catches: a traceback from the record of a download for which the config had no checksum.
    for name, path, address in (
        ("corpus", paths.CORPUS, "https://example.org/corpus.tar.gz"),
        ("glove", paths.GLOVE, "https://example.org/vectors.zip"),
    ):
        record = run / paths.checksums(path)
        _, *others = json.loads(record.read_text(encoding="ascii"))
        record.write_text(json.dumps([None, *others]), encoding="ascii")
        digest = f"sha256:{hashlib.sha256((run / path).read_bytes()).hexdigest()}"
        config = {name: {"sources": [address], "checksum": digest}}
        result = pipeline.snakemake(run, path, "-n", config=config)
        assert result.returncode == 0, result.stdout
        assert "is not on this machine" not in result.stdout


def test_more_threads(pipeline, run):
    # Catches: the documentation's word on what is not noticed growing wrong.
    assert planned(pipeline.snakemake(run, SUMMARY, "-n", "--set-threads", "train_model=2")) == set()


def test_touched_files(pipeline, run, code):
    # Catches: products and code compared by their dates and not by what is in them. Every input is made newer than
    # every output that depends on it, by falling dates from the first step to the last.
    steps = ["resources", "reviews", "vocabulary.json", "arrow", ".npy", "model.keras", "training.json", ""]
    now = max(file_dates(run).values()) / 1e9 + len(steps)
    for step, name in reversed(list(enumerate(steps))):
        files = [path for folder in ("resources", "results") for path in (run / folder).rglob("*.*")]
        touched = [path for path in files if name in str(path.relative_to(run))]
        assert touched
        for path in touched:
            os.utime(path, (now - step, now - step))
    folder = pipeline.repository / "workflow"
    for path in filter(Path.is_file, folder.rglob("*.*")):
        os.utime(code(path.relative_to(folder)))
    assert planned(pipeline.snakemake(run, SUMMARY, "-n")) == set()


@pytest.fixture
def moved(pipeline, finished, tmp_path):
    """A copy of the code and of the finished run at another place."""
    shutil.copytree(pipeline.repository, tmp_path / "repository")
    shutil.copytree(finished, tmp_path / "elsewhere/run")
    return pipeline._replace(repository=tmp_path / "repository"), tmp_path / "elsewhere/run"


def test_another_place(moved, tmp_path):
    # Catches: absolute paths, or paths from the products to the code, in what is compared: a project that is moved, a
    # fresh clone beside existing products, and links to either would run from the start.
    pipeline, directory = moved
    for path in pipeline.repository.rglob("*.*"):
        if path.is_file():
            os.utime(path)
    assert planned(pipeline.snakemake(directory, SUMMARY, "-n")) == set()
    (tmp_path / "code").symlink_to(pipeline.repository)
    (tmp_path / "demo").symlink_to(directory)
    linked = pipeline._replace(repository=tmp_path / "code")
    assert planned(linked.snakemake(tmp_path / "demo", SUMMARY, "-n", start_in=tmp_path)) == set()


def test_a_branch_and_back(moved):
    # Catches: code that is compared by its date, which git makes new.
    pipeline, directory = moved

    def git(*arguments):
        identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=pipeline.repository, check=True, capture_output=True)

    script = pipeline.repository / "workflow/scripts/train_model.py"
    edited = script.read_text(encoding="utf-8") + "\nADDED = 1\n"
    git("init")
    git("add", ".")
    git("commit", "--message", "1")
    git("checkout", "-b", "other")
    script.write_text(edited, encoding="utf-8")
    git("commit", "--all", "--message", "2")
    expected = after(*all_trainings(RUNS))
    assert planned(pipeline.snakemake(directory, SUMMARY, "-n")) == expected
    git("checkout", "-")
    assert planned(pipeline.snakemake(directory, SUMMARY, "-n")) == set()
    script.write_text(edited, encoding="utf-8")
    git("stash")
    assert planned(pipeline.snakemake(directory, SUMMARY, "-n")) == set()
