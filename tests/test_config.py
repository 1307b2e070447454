"""What a bad config gets: one message that names the key, what is wrong and what to write instead."""

import math
import os
import re
import time
from pathlib import Path

import pytest
import yaml
from configs import CONFIG, LEAVES, PATHS, SHIPPED, changed, copy_and_parent, problems_of, value_at
from conftest import file_dates

from wordorder.config import OWN, Run
from wordorder.config_check import load_config
from wordorder.io.terminal import printable
from wordorder.models.kind import kinds

REPOSITORY = Path(__file__).parents[1]

# A change of the config (path of the key, YAML text of its new value), and how the message must begin and go on.
MISTAKES = [
    ("defaults.epochs", "0", "defaults.epochs: 0 is out of range", "at least 1"),
    ("defaults.epochs", "ten", 'defaults.epochs: "ten" is not a whole number', ""),
    ("defaults.epochs", "10.0", "defaults.epochs: 10.0 is not a whole number", ""),
    ("defaults.dropout", "1", "defaults.dropout: 1 is out of range", "less than 1"),
    ("defaults.dropout", ".nan", "defaults.dropout: NaN is not a number", ""),
    ("defaults.mask", "maybe", 'defaults.mask: "maybe" is not true or false', ""),
    (
        "defaults.optimizer.epsilon",
        "1e-7",
        'defaults.optimizer.epsilon: "1e-7" is not a number',
        "write 1.0e-07, without quotes",
    ),
    ("defaults.optimizer.learning_rate", ".inf", "defaults.optimizer.learning_rate: Infinity is not a number", ""),
    ("split.validation_fraction", "0", "split.validation_fraction: 0 is out of range", "greater than 0"),
    ("split.validation_fraction", "1.5", "split.validation_fraction: 1.5 is out of range", "less than 1"),
    ("split.seed", "null", "split.seed: null is not a whole number", ""),
    ("active_variants", "[]", "active_variants: it is empty", "write a list"),
    ("active_variants", "glove", 'active_variants: "glove" is not a list', 'write ["glove"]'),
    ("active_variants", "[glvoe]", 'active_variants: "glvoe" is not defined', "did you mean glove?"),
    ("seeds", "[1, 2, 1]", "seeds: 1 stands there more than once", "once"),
    ("seeds", "[]", "seeds: it is empty", ""),
    ("seeds", "[-1]", "seeds.0: -1 is out of range", "at least 0"),
    ("variants.glove.features", "word2vec", 'variants.glove.features: "word2vec" is not possible', "one_hot"),
    ("variants.embedding", "{features: embedding}", "variants.embedding: an embedding needs a dimension", "256"),
    ("variants.glove.dimension", "50", "variants.glove.dimension: only an embedding has one", "remove"),
    ("variants.transformer.heads", "0", "variants.transformer.heads: 0 is out of range", "at least 1"),
    (
        "variants.transformer.sequence_length",
        "null",
        "variants.transformer.sequence_length: null is not a whole number",
        "600",
    ),
    (
        "variants.transformer",
        "{model: transformer, features: embedding, dimension: 8}",
        "variants.transformer: heads missing",
        "heads: 2",
    ),
    (
        "variants.transformer.features",
        "one_hot",
        'variants.transformer.features: "one_hot" is not possible',
        "embedding",
    ),
    ("variants.glove.heads", "2", "variants.glove.heads: the model lstm has none", "remove"),
    ("variants.2nd", "{features: glove}", 'variants: "2nd" is not a name', "letter"),
    ("glove.dimension", "50", "glove.dimension: 50 does not match glove.member", "write 100"),
    ("glove.checksum", "sha256:123", 'glove.checksum: "sha256:123" is not a checksum', "sha256:"),
    ("variants", "{}", "variants: it is empty", "write a mapping"),
    ("corpus.checksum", '"md5:7c2ac02c03563afcf9b574c7e56c153a\\n"', "corpus.checksum: ", "is not a checksum"),
    ("corpus.sources", "[nowhere.tar.gz]", "corpus.sources.0: there is no file", "nowhere.tar.gz"),
    ("corpus.sources", "['file:///nowhere.tar.gz']", "corpus.sources.0: there is no file /nowhere.tar.gz", "correct"),
    ("corpus.sources", "['ftp://example.org/a']", "corpus.sources.0: ftp://example.org/a is neither", ""),
    ("corpus.sources", "['http:/example.org/a']", "corpus.sources.0: http:/example.org/a names no server", "http://"),
    (
        "corpus.sources",
        "['http://[example.org/a']",
        "corpus.sources.0: http://[example.org/a is not an address",
        "correct",
    ),
    ("glove.sources", "[/]", "glove.sources.0: / is a folder", "name the file in it"),
    ("corpus.sources", "[/]", "corpus.checksum: a folder has no checksum", "write null"),
    ("corpus.checksum", "null", "corpus.checksum: null is for a single file on this machine", "sha256sum"),
    ("corpus.format", "parqet", 'corpus.format: "parqet" is not possible', "parquet"),
    ("corpus.separator", "'::'", 'corpus.separator: "::" is not possible', "a single character"),
    ("corpus.text_column", "[]", "corpus.text_column: it is empty", ""),
    ("corpus.text_column", "{a: b}", "corpus.text_column", "is not text"),
    ("corpus.splits", "{train: [nowhere.csv]}", "corpus.splits.train: there is no file", "nowhere.csv"),
    ("corpus.splits", "{test: [nowhere.csv]}", "corpus.splits: train missing", ""),
    ("corpus.min_texts_per_class", "-1", "corpus.min_texts_per_class: -1 is out of range", "at least 0"),
    ("corpus.unlabelled", "''", "corpus.unlabelled: it is empty", "null"),
    (
        "corpus",
        yaml.safe_dump(CONFIG["corpus"] | {"format": "csv", "text_column": "label"}),
        "corpus: two of text_column, label_column, split_column and group_column are the same",
        "another",
    ),
    ("imdb", "{sources: [a.tar.gz]}", "the config: imdb has been renamed; write corpus", "same keys"),
    ("corpus.sources", "[]", "corpus.sources: it is empty", ""),
    ("corpus.sources", "['']", "corpus.sources.0: it is empty", "text"),
    ("backend", "pytorch", 'backend: "pytorch" is not possible', "jax"),
    ("vectorizers.words.standardize", "upper", 'vectorizers.words.standardize: "upper" is not possible', "lower"),
    ("vectorizers.words.split", "characters", 'vectorizers.words.split: "characters" is not possible', "character"),
    ("vectorizers.words.split", "not_there.py:f", "vectorizers.words.split: there is no file /", ""),
    ("vectorizers.words.max_tokens", "true", "vectorizers.words.max_tokens: true is not a whole number", ""),
    (
        "variants.glove.vectorizer",
        "wordz",
        'variants.glove.vectorizer: "wordz" is not defined under vectorizers',
        "words",
    ),
    (
        "variants.glove.features",
        "binary",
        'variants.glove.features: "binary" is not possible for the model lstm',
        "one_hot",
    ),
    (
        "variants.binary_unigram.mask",
        "true",
        "variants.binary_unigram.mask: the model bag_of_words has none",
        "remove it",
    ),
    ("variants.nb_lr", "{model: nb_lr, features: binary}", "variants.nb_lr: C missing", "C: 0.3"),
    (
        "variants.cbow_pooled_taught.teachers",
        "[nbsv]",
        'variants.cbow_pooled_taught.teachers: "nbsv" is not defined under variants',
        "nb_lr",
    ),
    (
        "variants.cbow.teachers",
        "[cbow_pooled_taught]",
        "variants.cbow.teachers: cbow_pooled_taught has teachers itself",
        "name those",
    ),
    ("variants.cbow.teachers", "[]", "variants.cbow.teachers: it is empty", "something in it"),
    ("variants.tfidf_bigram.teachers", "[cbow]", "variants.tfidf_bigram.teachers: the model bag_of_words", "remove it"),
    (
        "learning_curve.variants",
        "[cbow_pooled_taught]",
        "learning_curve.variants: the teachers of cbow_pooled_taught have seen all training reviews",
        "remove it",
    ),
    (
        "variants.one_hot.sequence_length",
        "null",
        "variants.one_hot.sequence_length: without a mask the padding is read",
        "mask: true",
    ),
    ("timed_variants", "[glove]", "timed_variants: glove has no counterpart in plain Keras", "one_hot"),
    ("timed_variants", "[nb_lr]", "timed_variants: nb_lr has no counterpart in plain Keras", "one_hot"),
    ("claims", "nowhere.yaml", "claims: there is no file", "nowhere.yaml"),
    ("seeds", "[2147483648]", "seeds.0: 2147483648 is out of range", "at most 2147483647"),
    ("learning_curve.sizes", "[500, 500]", "learning_curve.sizes: 500 stands there more than once", "once"),
    (
        "learning_curve.more_seeds_at",
        "[300]",
        "learning_curve.more_seeds_at: 300 is not one of learning_curve.sizes",
        "remove it",
    ),
    ("learning_curve.variants", "[glov]", 'learning_curve.variants: "glov" is not defined under variants', "glove"),
]


def in_one_line_each(problems):
    return all(isinstance(line, str) and printable(line) == line for line in problems)


FREE = ("variants", "vectorizers")
# The keys without a default, of which one has to be written.
REQUIRED = [
    *(("corpus", "sources"), ("corpus", "checksum"), ("glove", "sources"), ("glove", "member"), ("glove", "checksum")),
    *((name,) for name in ("corpus", "glove", "vectorizers", "variants", "active_variants")),
]
# A definition that nothing refers to may have any name.
USED = [
    path for path in PATHS if path[0] not in FREE or len(path) != 2 or path[1] in (*CONFIG["active_variants"], "words")
]
NULLABLE_TEXTS = (
    *("checksum", "format", "separator", "member", "unlabelled", "split_column", "group_column", "group_files"),
    *("claims", "praise"),
)
NULLABLE = (
    "sequence_length",
    "max_tokens",
    "max_words",
    "chapter_accuracy",
    "patience",
    "ema_momentum",
    "class_weight",
    *NULLABLE_TEXTS,
)


def test_config_of_the_chapter_has_no_problem():
    # Catches: a check that refuses what is right, which would make all tests below pass.
    assert problems_of(CONFIG) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("corpus.sources", "[http://example.org/a, https://example.org/b]"),
        ("corpus.split_column", "part"),
        # A variant that is not active may have teachers.
        ("corpus.unlabelled", "null"),
        ("corpus.format", "parquet"),
        ("glove.member", "null"),
        ("split.seed", "0"),
        ("backend", "tensorflow"),
        ("variants.glove.sequence_length", "null"),
        ("timed_variants", "[one_hot, embedding]"),
        # What `--config seeds='[1,2]'` makes of it.
        ("seeds", "['1', '2']"),
        ("defaults.dropout", "0"),
        ("defaults.optimizer.learning_rate", "1"),
        ("variants.glove", "{features: glove, optimizer: {epsilon: 1.0e-7}, units: 8}"),
        ("variants.one_hot.chapter_accuracy", "null"),
        ("variants.More_2", "{features: embedding, dimension: 1}"),
        ("active_variants", "[glove]"),
        ("seeds", "[0, 2147483647]"),
    ],
)
def test_what_is_right_passes(path, value):
    # Catches: limits that are too narrow, a setting that cannot be set for one variant.
    assert problems_of(changed(path.split("."), yaml.safe_load(value))) == []


def test_sources_that_exist_pass(tmp_path, monkeypatch):
    # Catches: paths that are not taken from the folder of the run, spaces in file:// addresses.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "an archive").write_bytes(b"")
    sources = ["an archive", str(tmp_path / "an archive"), (tmp_path / "an archive").as_uri()]
    assert problems_of(changed(["corpus", "sources"], sources)) == []


@pytest.mark.parametrize("path", {path[-1]: path for path in LEAVES}.values(), ids=".".join)
def test_billions_of_values_in_a_few_lines(path):
    # Catches: minutes, and all memory, for a config that names lists by aliases again and again; the same if one of the
    # lists also stands where it may.
    innermost = ["a"] * 10
    value = innermost
    for _ in range(9):
        value = [value] * 10
    for config in (changed(path, value), changed(path, value) | {"active_variants": innermost}):
        begin = time.monotonic()
        problems = problems_of(config)
        assert time.monotonic() - begin < 20
        assert any(line.startswith(".".join(path)) for line in problems)
        assert len("".join(problems)) < 1000


def test_what_is_no_file_is_refused_by_name(tmp_path):
    # Catches: a pipe that is waited for, or a device that is read without end, before any job has begun.
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to("/dev/zero")
    for path in (pipe, link):
        for key in ("corpus.sources", "glove.sources"):
            (problem,) = problems_of(changed(key.split("."), [str(path)]))
            assert problem.startswith(f"{key}.0: {path} is no regular file; ")
        (problem,) = problems_of(changed(["claims"], str(path)))
        assert problem.startswith(f"claims: there is no file {path}; ")


def test_the_home_of_the_user_has_a_short_name(tmp_path, monkeypatch):
    # Catches: files that are there, and not found by the name that every shell takes.
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("corpus.tar.gz", "vectors.txt", "claims.yaml", "mine.py"):
        (tmp_path / name).write_text("def words(text): ...")
    config = changed(("corpus", "sources"), ["~/corpus.tar.gz"])
    config["glove"] |= {"sources": ["~/vectors.txt"], "member": None}
    config["claims"] = "~/claims.yaml"
    config["vectorizers"]["words"]["split"] = "~/mine.py:words"
    found = load_config(config)
    assert (*found.corpus.sources, *found.glove.sources, found.claims) == tuple(
        str(tmp_path / name) for name in ("corpus.tar.gz", "vectors.txt", "claims.yaml")
    )
    assert found.vectorizers["words"].files() == [str(tmp_path / "mine.py")]


def test_a_folder_is_a_source_of_folders_only(tmp_path):
    # Catches: a folder that is refused where it is due, or taken for a table.
    corpus = CONFIG["corpus"] | {"sources": [str(tmp_path)], "checksum": None}
    assert problems_of(changed(["corpus"], corpus)) == []
    (problem,) = problems_of(changed(["corpus"], corpus | {"format": "csv"}))
    assert problem.startswith(f"corpus.sources.0: {tmp_path} is a folder; name the file in it")


def load(**overlay):
    """The shipped config with other values of some top-level keys."""
    return load_config(SHIPPED | overlay)


def test_a_variant_overrides_the_defaults():
    # Catches: an optimizer of a variant that replaces all its defaults; a default of the code that overrides one of the
    # config; a figure that is only shown in the settings, where its change would train the variant again.
    variant = {"features": "glove", "units": 8, "mask": True, "chapter_accuracy": 0.9, "optimizer": {"epsilon": 1.0e-7}}
    defaults = {"optimizer": {"rho": 0.5, "epsilon": 1.0e-3}, "epochs": 3}
    settings = load(defaults=defaults, variants={"a": variant}, active_variants=["a"]).variants["a"].settings()
    assert settings["optimizer"] == {"learning_rate": 0.001, "rho": 0.5, "epsilon": 1.0e-7}
    assert (settings["units"], settings["epochs"], settings["batch_size"]) == (8, 3, 32)
    assert settings.keys() & {"chapter_accuracy", "seeds"} == set()


def test_a_variant_has_the_settings_of_its_model_only():
    # Catches: a default that the model does not have, whose change would train the variant again.
    variant = {"model": "bag_of_words", "features": "binary", "seeds": [1]}
    config = load(defaults={"mask": True, "units": 4}, variants={"a": variant}, active_variants=["a"])
    settings = config.variants["a"].settings()
    assert settings.keys() & {"mask", "sequence_length", "pooling", "seeds"} == set()
    assert settings["units"] == 4


def test_every_setting_has_a_default_or_is_of_a_variant():
    # Catches: a setting of a kind of model that `defaults` does not take and a variant need not give, or both.
    assert kinds()
    for kind in kinds().values():
        for name, field in kind.model_fields.items():
            assert field.description, name
            assert name in OWN or not field.is_required(), name
        assert set(kind.FEATURES) == set(kind.model_fields["features"].annotation.__args__)


def test_runs():
    # Catches: a seed of a variant that is not its own; a run of the curve that is left out, or ends like one on all.
    config = load(
        active_variants=["nb_lr", "glove"],
        seeds=[1, 2],
        learning_curve={"variants": ["glove"], "sizes": [200, 500], "steps": 48, "patience": 15},
    )
    assert config.runs() == [Run("nb_lr", "all", 1), Run("glove", "all", 1), Run("glove", "all", 2)]
    assert config.curve_runs() == [Run("glove", size, seed) for size in (200, 500) for seed in (1, 2)]
    on_all, on_part = (config.training("glove", size, "1") for size in ("all", "200"))
    assert (on_all["epochs"], on_all["patience"]) == (10, None)
    # 7 steps of 32 in an epoch: 48 and 15 are begun in the seventh and the third.
    assert on_part == on_all | {"epochs": 7, "patience": 3}
    assert "epochs" not in config.training("nb_lr", "200", "1")
    # The seed draws the reviews of an exact solution as well.
    exact = load(learning_curve={"variants": ["nb_lr"], "sizes": [200]}, seeds=[1, 2])
    assert exact.curve_runs() == [Run("nb_lr", 200, 1), Run("nb_lr", 200, 2)]
    curve = {"variants": ["nb_lr", "glove"], "sizes": [200, 500], "seeds": [3, 4]}
    curve |= {"more_seeds": [4, 5], "more_seeds_at": [500]}
    assert load(learning_curve=curve, seeds=[1, 2]).curve_runs() == [
        Run(name, size, seed)
        for name in ("nb_lr", "glove")
        for size, seed in ((200, 3), (200, 4), (500, 3), (500, 4), (500, 5))
    ]
    with pytest.raises(ValueError, match="largest is 2147483647"):
        config.training("glove", "all", "2147483648")


def test_teachers_are_trained_with_the_seed_of_the_student_where_they_have_it():
    # Catches: a teacher with one seed that is asked for another.
    config = load(active_variants=["cbow_pooled_taught"], seeds=[3, 5])
    assert config.runs_with(5, config.teachers("cbow_pooled_taught")) == [
        Run("nb_lr", "all", 1),
        Run("cbow_pooled", "all", 5),
    ]
    assert config.students() == ["cbow_pooled_taught"]
    assert config.unlabelled_read() == ["words", "trigrams"]
    assert config.vectorizers_read() == ["words"]


def test_ensembles():
    # Catches: an ensemble with fewer seeds than a member, one that varies like a variant, members that are not encoded,
    # a name that is also a variant's.
    config = load(active_variants=["glove"], seeds=[3, 5], ensembles={"both": {"members": ["nb_lr", "cbow_pooled"]}})
    assert config.ensemble_runs() == [Run("both", "all", seed) for seed in (1, 3, 5)]
    assert config.tested_runs() == [*config.runs(), *config.ensemble_runs()]
    assert config.runs_with(5, config.ensembles["both"].members) == [
        Run("nb_lr", "all", 1),
        Run("cbow_pooled", "all", 5),
    ]
    assert config.vectorizers_read() == ["words", "trigrams"]
    assert config.varies_like(config.ensemble_runs()) == {"both": "both"}
    exact = load(ensembles={"exact": {"members": ["nb_lr", "averaged_glove"]}})
    assert exact.varies_like(exact.ensemble_runs()) == {"exact": None}
    # A student that is fitted exactly, to the answers of networks.
    taught = load(
        ensembles={"taught": {"members": ["nb_lr", "nb_lr_taught"]}}, active_variants=["nb_lr", "nb_lr_taught"]
    )
    runs = [*taught.runs(), *taught.ensemble_runs()]
    assert taught.varies_like(runs) == {"nb_lr": None, "nb_lr_taught": "nb_lr_taught", "taught": "taught"}
    (problem,) = problems_of(CONFIG | {"ensembles": {"glove": {"members": ["nb_lr", "glove"]}}})
    assert problem == "ensembles.glove: a variant has this name; choose another."
    (problem,) = problems_of(CONFIG | {"ensembles": {"both": {"members": ["nb_lr", "glov"]}}})
    assert "ensembles.both.members" in problem
    assert "did you mean glove?" in problem


@pytest.mark.parametrize(
    ("setting", "value", "exported"),
    [
        ("split", "character", True),
        ("split", "{mine}:words", False),
        ("standardize", "{mine}:clean", False),
        ("standardize", "unicode_lower_and_strip_punctuation", False),
    ],
)
def test_what_python_makes_tokens_of_is_not_exported(tmp_path, setting, value, exported):
    # Catches: `snakemake export` that ends at a model which TensorFlow cannot hold, after others are exported.
    (tmp_path / "mine.py").touch()
    config = changed(("vectorizers", "words", setting), value.format(mine=tmp_path / "mine.py"))
    config["active_variants"] = ["binary_unigram", "binary_bigram"]
    names = [run.variant for run in load_config(config).exported_runs()]
    assert names == (["binary_unigram"] if exported else []) + ["binary_bigram"]


def test_pairs_that_differ_in_the_mask():
    # Catches: a pair that differs in more than the mask, or in another order.
    assert [run.variant for run in load().mask_pair()] == ["embedding", "embedding_masked"]
    assert load(active_variants=["embedding", "glove"]).mask_pair() == []


def test_matrices_and_embeddings_of_the_default_vectorizer():
    # Catches: vectors of another vocabulary among those that are compared word by word.
    config = load(active_variants=["glove", "cbow", "embedding_masked_no_html", "embedding", "one_hot"])
    assert config.embedding_matrices() == ["cbow", "glove"]
    assert config.embedding_variants() == ["cbow", "embedding"]
    assert config.pretrained_read() == [("words", "glove"), ("words", "cbow")]


@pytest.mark.parametrize(("path", "value", "start", "advice"), MISTAKES, ids=lambda text: str(text)[:40])
def test_a_mistake_is_named_with_what_to_write(path, value, start, advice):
    # Catches: a mistake that passes, that is reported for another key, in words for programmers, or more than once.
    (problem,) = problems_of(changed(path.split("."), yaml.safe_load(value)))
    assert problem.startswith(start)
    assert advice in problem
    assert in_one_line_each([problem])


# `corpus.splits` is a mapping where it is not null: its mistakes are above.
@pytest.mark.parametrize("path", [path for path in LEAVES if path[-1] != "splits"], ids=".".join)
def test_a_wrong_type_is_named(path):
    # Catches: a key whose type is not checked; a value that is refused twice, once for its type and once for its size.
    right = value_at(path)
    # In a variant these are null where they do not apply.
    nullable = path[-1] in NULLABLE or (
        path[0] in ("variants", "learning_curve") and path[-1] in ("seeds", "dimension", "teachers", "trainable")
    )
    texts = ["text"] if path[-1] not in NULLABLE_TEXTS else []
    if path[-1] == "text_column":
        # One or several.
        texts, right = [], ["text"]
    fractions = [-0.5] if path[-1] != "ema_momentum" else []
    others = [
        wrong for wrong in (True, *fractions, *texts, ["text"], {"key": "value"}) if type(wrong) is not type(right)
    ]
    for wrong in [*others, {}, math.nan, math.inf, *([] if nullable else [None])]:
        (problem,) = problems_of(changed(path, wrong))
        assert re.match(rf"{re.escape('.'.join(path))}(\.0)?: ", problem)
        assert " is not " in problem


def test_a_student_needs_unlabelled_reviews():
    # Catches: a student that is found to have nothing to learn from when its teachers have been trained.
    config = changed(["corpus", "unlabelled"], None) | {"active_variants": ["cbow_pooled_taught"]}
    (problem,) = problems_of(config)
    assert problem.startswith("variants.cbow_pooled_taught.teachers: corpus.unlabelled is null")


@pytest.mark.parametrize("path", USED, ids=".".join)
def test_a_misspelt_key_is_named(path):
    # Catches: a level of the schema that lets unknown keys through, whose values would be ignored without a word.
    config, place = copy_and_parent(path)
    wrong = f"{path[-1]}x"
    place[wrong] = place.pop(path[-1])
    if path[0] == "variants" and len(path) == 2 and path[1] not in CONFIG["active_variants"]:
        assert problems_of(config) == []
        return
    problems = problems_of(config)
    if path[-1] == "model" and path[0] == "variants":
        # Then it is one of another kind, with other keys.
        assert f"{'.'.join(path[:-1])}: unknown key modelx; did you mean model?" in problems
        return
    (problem,) = problems
    if path[0] in FREE and len(path) == 2:
        # These names are free: what is missed is the name where it is used.
        assert f': "{path[1]}" is not defined under {path[0]}; did you mean {wrong}?' in problem
    else:
        level = ".".join(path[:-1]) or "the config"
        assert problem == f"{level}: unknown key {wrong}; did you mean {path[-1]}?"


@pytest.mark.parametrize("path", REQUIRED, ids=".".join)
def test_a_missing_key_is_named(path):
    # Catches: a key that is not required, so that its absence ends in a KeyError.
    config, place = copy_and_parent(path)
    del place[path[-1]]
    level = ".".join(path[:-1]) or "the config"
    assert problems_of(config) == [f"{level}: {path[-1]} missing; config/README.md says what to write."]


def test_all_mistakes_are_told_at_once():
    # Catches: one message a try, where there are several mistakes.
    config = changed(["defaults", "epochs"], 0) | {"seeds": [], "vectorisers": 1}
    del config["vectorizers"]
    starts = [problem.split(";")[0] for problem in problems_of(config)]
    assert starts == [
        "defaults.epochs: 0 is out of range",
        "seeds: it is empty",
        "the config: unknown key vectorisers",
    ]


# Through the real command: a mistake of each kind, and the line that is shown.
REFUSED = [
    ({"default": {"epochs": 3}}, "the config: unknown key default; did you mean defaults?"),
    (
        # Without quotes in the file, as people write it.
        {"defaults": {"optimizer": {"epsilon": "1e-7"}}},
        'defaults.optimizer.epsilon: "1e-7" is not a number; write 1.0e-07, without quotes, or YAML takes it for text.',
    ),
    ({"active_variants": ["glvoe"]}, 'active_variants: "glvoe" is not defined under variants; did you mean glove?'),
    ({"seeds": [1, 1]}, "seeds: 1 stands there more than once; name each once."),
]


@pytest.mark.parametrize(("overlay", "line"), REFUSED, ids=[next(iter(overlay)) for overlay, _ in REFUSED])
def test_nothing_is_started_or_deleted(pipeline, run, overlay, line):
    # Catches: a check that comes after the first job, an exit status of 0, a traceback, a message that stands twice.
    # The deleted model is there to be trained again, and is not.
    (run / "results/runs/glove/all/seed1/model.keras").unlink()
    before = file_dates(run)
    result = pipeline.snakemake(run, config=overlay)
    assert result.returncode == 1
    assert result.stdout.count("The config cannot be used:\n- ") == 1
    assert re.findall("^- (.*)$", result.stdout, re.MULTILINE) == [line]
    assert "Traceback" not in result.stdout
    assert "Job stats" not in result.stdout
    assert file_dates(run) == before


def test_a_missing_local_source_is_named(pipeline, run):
    # Catches: a relative path that is looked for elsewhere than in the folder of the run.
    result = pipeline.snakemake(run, config={"corpus": {"sources": ["nowhere.tar.gz"]}})
    assert result.returncode == 1
    line = f"- corpus.sources.0: there is no file {run / 'nowhere.tar.gz'}; correct the path, or remove this source."
    assert line in result.stdout.splitlines()
