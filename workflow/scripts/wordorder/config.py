"""The config: its sections, what does not go together in them, and what the workflow asks of it.

The one place that knows the keys, their types, limits, defaults and meaning; those of a variant stand with its kind of
model (`models/kinds/`). The rules, the schema for editors and the tables of config/README.md are made from it.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union

from pydantic import Field, create_model, model_validator

from wordorder.data import formats
from wordorder.data.corpus import SPLITS
from wordorder.data.sources import (
    checksum_problem,
    is_there,
    local_path,
    matching,
    mirror_problem,
    source_problem,
    split_file,
)
from wordorder.messages import shown, suggestion
from wordorder.models.kind import SHOWN, Kind, kinds
from wordorder.settings import (
    LARGEST_SEED,
    Checksum,
    Column,
    Columns,
    Count,
    FileName,
    Files,
    Name,
    Names,
    Section,
    Seed,
    Seeds,
    Share,
    Sizes,
    Sources,
    Text,
)
from wordorder.tokens import SPLIT, STANDARDIZE, UNICODE, own_function
from wordorder.training.backend import BACKENDS

# The reviews of the chapter, as config/config.yaml has them: what the workflow's own claims are about.
IMDB = "md5:7c2ac02c03563afcf9b574c7e56c153a"
# What a variant can only be given by itself.
OWN = {*SHOWN, "features", "dimension", "heads", "region", "C", "teachers", "trainable"}


class Run(NamedTuple):
    """One training: `size` is the number of training reviews, or "all" of them."""

    variant: str
    size: int | Literal["all"]
    seed: int


class File(NamedTuple):
    """A file of a corpus: of which split it is, "" for one that has all; where to get it, and its checksum."""

    split: str
    sources: list[str]
    checksum: str | None


class CorpusSplits(Section):
    """The files of each split of a corpus, one after the other."""

    train: Sources = Field(description="Those to train on.")
    validation: Files = Field([], description="Those for validation; without any, some of the others are held back.")
    test: Files = Field([], description="Those for the test; as above.")


class Corpus(Section):
    """The reviews, or another corpus."""

    sources: Sources = Field(
        description="Where to get the corpus, tried in this order: `https://` or `http://` addresses, `file://` "
        "addresses or paths, all of them copies of one file."
    )
    checksum: Checksum | None = Field(
        description="`md5:` or `sha256:` and the digest in lower case; a file that does not match is refused. `null` "
        "for a single file or folder on this machine: the next run then notices if it has been edited."
    )
    splits: CorpusSplits | None = Field(
        None,
        description="In place of `sources` and `checksum`, the files of a corpus that has several: `{train: [...], "
        "validation: [...], test: [...]}`, of which only `train` must be there. A path may be a pattern, such as "
        "`data/train-*.parquet`; an address ends in `#sha256=` and the checksum.",
    )
    format: Literal[tuple(formats.names())] | None = Field(  # type: ignore[valid-type]
        None,
        description="`folders`, by themselves or in an archive, or another format; see docs/own_corpus/. Without it, "
        "that which the ending of the file's name tells, else `folders`.",
    )
    encoding: Text = Field(
        "utf-8",
        description="Encoding of the texts, such as `latin-1` or `cp1252`; Parquet and Excel files have their own.",
    )
    separator: Text | None = Field(
        None, description="What separates the columns of a CSV file; without it, that is found out (`,` `;` `|` tab)."
    )
    header: bool = Field(
        True,
        description="Whether the first row of a CSV or Excel file has the names of the columns. Without them, the "
        "columns are named by their numbers, from 0, as in pandas.",
    )
    pattern: Text = Field(
        "*.txt", description="Names of the files with texts in `folders` and `lines`; `*` for all. Others are counted."
    )
    unlabelled: Text | None = Field(
        "unsup",
        description="Name of the folder, or the label, of texts without a class, from which `features: cbow` and "
        "students learn; `null` if there are none.",
    )
    min_texts_per_class: int = Field(
        0, ge=0, lt=2**63, description="Classes with fewer texts are left out, by name; 0 leaves none out."
    )
    text_column: Columns = Field(
        "text",
        validate_default=True,
        description="Column of a table that holds the texts, or a list of such columns, which are joined by spaces.",
    )
    label_column: Column = Field("label", description="Column of a table that holds the classes.")
    split_column: Column | None = Field(
        None, description="Column of a table that contains `train`, `validation` or `test`; `null` if there is none."
    )
    group_column: Column | None = Field(
        None,
        description="Column of a table that is the same for texts that belong together, such as all reviews of one "
        "movie; intervals then cover other movies. `null` if each text stands for itself.",
    )
    group_files: Text | None = Field(
        "urls_{label}.txt",
        description="The same for `folders`: a file beside the folder of a class, of which line n, from 0, is the "
        "group of the text `n_*.txt`. Where there is none, each text stands for itself.",
    )

    @property
    def read_as(self) -> str:
        """The format."""
        return self.format or formats.format_of(self.files[0].sources[0]) or "folders"

    @property
    def files(self) -> list[File]:
        """The files, in the order in which they are read."""
        if self.splits is None:
            return [File("", self.sources, self.checksum)]
        entries = [(split, *split_file(each)) for split in SPLITS for each in getattr(self.splits, split)]
        return [File(split, [path], checksum) for split, each, checksum in entries for path in matching(each)]

    def layout(self) -> dict[str, Any]:
        """Return the arguments of `data.corpus.read_corpus`, except for the files."""
        others = {"sources", "checksum", "splits", "format", "min_texts_per_class"}
        return {"format": self.read_as, **self.model_dump(exclude=others)}

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what does not go together: the key, and what to write."""
        of_folders = self.read_as in formats.OF_FOLDERS
        if self.splits is None:
            wrong = list(source_problems("corpus", self.sources, self.checksum, of_folders))
            if {key for key, _ in wrong} <= {"corpus.checksum"} and (problem := mirror_problem(self.sources)):
                wrong = [("corpus.sources", problem)]
            yield from wrong
        else:
            for file in self.files:
                (source,) = file.sources
                if problem := source_problem(source, of_folders):
                    yield f"corpus.splits.{file.split}", problem
                elif file.checksum is None and local_path(source) is None:
                    yield f"corpus.splits.{file.split}", f"write #sha256= and what sha256sum says of it after {source}."
            if self.split_column:
                yield "corpus.split_column", "corpus.splits says which text is in which split; write null."
        told = {source: formats.format_of(source) for file in self.files for source in file.sources[:1]}
        if self.format is None and len(set(told.values())) > 1:
            yield "corpus.format", f"the names of {' and '.join(told)} do not tell the same; write the format."
        for source, format in told.items():
            if of_folders and format and format not in formats.OF_FOLDERS:
                yield "corpus.format", f"{source} is no archive of texts; write {format}, or leave it out."
        if not is_like_ascii(self.encoding):
            yield "corpus.encoding", f"{shown(self.encoding)} is not possible; write utf-8, latin-1 or cp1252."
        if self.separator and (len(self.separator) > 1 or self.separator in '"\r\n'):
            yield "corpus.separator", f"{shown(self.separator)} is not possible; write a single character."
        names = ("text_column", "label_column", "split_column", "group_column")
        columns = [*self.text_column, self.label_column, *filter(None, [self.split_column, self.group_column])]
        if not of_folders and len(set(columns)) < len(columns):
            yield "corpus", f"two of {', '.join(names[:-1])} and {names[-1]} are the same; name another column."


class Glove(Section):
    """Pretrained vectors."""

    sources: Sources = Field(
        description="Where to get the vectors, as for the corpus. If the server supports byte ranges, only the member "
        "is downloaded."
    )
    member: Text | None = Field(
        description="The file within the zip archive; `null` if it is the only one, or if the source is the file "
        "itself, as it is or compressed by gzip, bzip2, xz or zstd."
    )
    checksum: Checksum | None = Field(description="Checksum of the unpacked file; `null` as for the corpus.")
    dimension: Count = Field(100, description="Size of a vector; must match the file.")


class Split(Section):
    """What is held back from a corpus without splits of its own."""

    test_fraction: Share = Field(
        0.2, description="Share of the reviews of each class held back for the test, if the corpus has no test split."
    )
    validation_fraction: Share = Field(
        0.2,
        description="Share of the training reviews of each class held back for validation, if the corpus has no "
        "validation split. As in the chapter.",
    )
    seed: Seed = Field(1337, description="Shuffles the sorted names before the split. As in the chapter.")
    keep_copies_together: bool = Field(
        False, description="Hold back all reviews of a class with the same text, or none of them."
    )


class Vectorizer(Section):
    """What makes tokens of the text."""

    max_tokens: Annotated[int, Field(ge=3, lt=2**63)] | None = Field(
        20000,
        description="Size of the vocabulary, padding and unknown included; the most frequent tokens of the training "
        "reviews. Listing 11.12. `null` for no limit.",
    )
    min_documents: Count = Field(1, description="Leave out tokens that occur in fewer training reviews than this.")
    standardize: FileName = Field(
        "lower_and_strip_punctuation",
        description="What is done to a text before it is split. `lower_and_strip_punctuation`, `lower` and "
        "`strip_punctuation` are those of `keras.layers.TextVectorization`, which change ASCII only; by "
        "`lower_and_split_punctuation` each mark of ASCII punctuation becomes a token of its own; "
        "`unicode_lower_and_strip_punctuation` is for the letters, the punctuation and the white space of all "
        "languages, and composes accents (NFC). Or a function of your own, such as `mine.py:clean`.",
    )
    split: FileName = Field(
        "whitespace",
        description="`whitespace` or `character`, as in `keras.layers.TextVectorization`: where words begin. Or a "
        "function of your own, such as `mine.py:words`.",
    )
    strip_html: bool = Field(
        False,
        description='Replace each HTML tag with a space first. The chapter does not, so "movie.<br />" becomes the '
        'token "moviebr".',
    )
    ngrams: Count = Field(
        1, description="Largest number of consecutive words in a token; 2 means words and pairs of words."
    )
    max_words: Count | None = Field(None, description="Words of a text that are read, from its start; `null` for all.")

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with how texts are standardized and split: the key, and what to write."""
        for key, choices in (("standardize", (*STANDARDIZE, UNICODE)), ("split", SPLIT)):
            value = getattr(self, key)
            if own := own_function(value):
                path = Path(own[0])
                if not is_there(path):
                    yield key, f"there is no file {path.absolute()}; correct the path."
            elif value not in choices:
                hint = suggestion(value, choices)
                yield key, f"{shown(value)} is not possible; {hint} Or name a function of your own: mine.py:clean."

    def files(self) -> list[str]:
        """Return the files with functions of the user's own."""
        return sorted({own[0] for each in (self.standardize, self.split) if (own := own_function(each))})

    @property
    def is_exported(self) -> bool:
        """Whether TensorFlow can do it too."""
        return self.standardize in STANDARDIZE and self.split in SPLIT


class Cbow(Section):
    """Vectors learned from the training and the unlabelled reviews (Mikolov et al. 2013), by gensim."""

    dimension: Count = Field(100, description="Size of a vector.")
    window: Count = Field(10, description="Tokens on either side from which the one between them is predicted.")
    negative: Count = Field(5, description="Random tokens from which it has to be distinguished (negative samples).")
    epochs: Count = Field(10, description="Passes over the reviews.")
    seed: Seed = Field(1, description="Seed of the initial vectors and the random tokens.")


class LearningCurve(Section):
    """Accuracy against the number of training reviews."""

    variants: Names = Field(
        [],
        description="Variants to train on subsets of the training reviews, once for each size and seed. Without any, "
        "there is no curve.",
    )
    sizes: Sizes = Field([100, 200, 500, 1000, 2000, 5000, 10000, 20000], description="Numbers of training reviews.")
    seeds: Seeds | None = Field(
        None, description="Seeds of these trainings, instead of those of each variant: the seed draws the reviews, too."
    )
    more_seeds: list[Seed] = Field([], description="Seeds besides those, at the sizes under `more_seeds_at`.")
    more_seeds_at: list[Count] = Field([], description="Some of the sizes, such as those that claims are about.")
    steps: Count = Field(
        6250,
        description="Steps of a training, rounded up to whole epochs, instead of `epochs` of the variants: on few "
        "reviews an epoch has few steps. As many as ten epochs of the 20,000 reviews of the chapter have.",
    )
    patience: Count = Field(
        2500, description="Steps without a lower validation loss after which it ends, instead of `patience`."
    )
    validation: Count = Field(
        1000,
        description="Validation reviews that each training has at least, if there are as many. Large sizes have "
        "more: a part of the validation reviews in proportion to that of the training reviews.",
    )


class Ensemble(Section):
    """Trained variants that are asked together."""

    members: Annotated[Names, Field(min_length=2)] = Field(
        description="The variants. The answer is that of the mean of their logits, each with the seed of the ensemble "
        "where it has that."
    )


class WordOrder(Section):
    """Trained models on reviews whose words are in another order."""

    variants: Names = Field(
        [],
        description="Variants to ask, each of their trained models; without any, there is no table. Takes a minute or "
        "two for each model.",
    )
    draws: Count = Field(1, description="How often a random order is drawn for each trained model.")
    praise: Text | None = Field(
        "pos",
        description="The class of praise, for sentences in which a negation or the order of clauses turns it into "
        "blame (`results/contrasts.csv`); `null` where the classes are others.",
    )


def defaults_section() -> type[Section]:
    """Return the class of the section `defaults`: every setting that a variant need not give itself."""
    fields: dict[str, Any] = {"model": (Literal[tuple(kinds())], Field("lstm", description="The kind of model."))}
    for kind in kinds().values():
        for name, field in kind.model_fields.items():
            if name not in OWN:
                fields.setdefault(name, (field.rebuild_annotation(), field))
    return create_model("Defaults", __base__=Section, __doc__="What all variants share.", **fields)


if TYPE_CHECKING:
    Variant = Kind

    class Defaults(Section):
        """What a type checker sees of it."""

        vectorizer: str = "words"
else:
    Variant = Annotated[Union[tuple(kinds().values())], Field(discriminator="model")]  # noqa: UP007
    Defaults = defaults_section()


class Config(Section):
    """The whole config, checked and complete."""

    corpus: Corpus
    glove: Glove
    split: Split = Split()
    vectorizers: dict[Name, Vectorizer] = Field(
        min_length=1, description="How texts become tokens, by name; each variant names the vectorizer that it reads."
    )
    cbow: Cbow = Cbow()
    backend: Literal[BACKENDS] = Field(  # type: ignore[valid-type]
        "jax",
        description="Keras' backend for training and evaluation. The same models to within rounding; JAX is faster "
        "(docs/performance/).",
    )
    defaults: Defaults = Field(
        default_factory=lambda: Defaults(), description="Settings of all variants that do not set them."
    )
    variants: dict[Name, Variant] = Field(min_length=1, description="The models by name.")
    active_variants: Names = Field(min_length=1, description="The variants to train.")
    seeds: Seeds = Field([1], description="Each active variant is trained once for each seed.")
    ensembles: dict[Name, Ensemble] = Field(
        {}, description="Variants that are also evaluated together, by a name for each ensemble: a row in the tables."
    )
    timed_variants: Names = Field(
        [],
        description="Variants whose training steps are timed beside those of the chapter's code in plain Keras, for "
        "the claims about speed (`results/step_times.csv`). Takes minutes, up to four cores and 5 GB.",
    )
    learning_curve: LearningCurve = LearningCurve()
    word_order: WordOrder = WordOrder()
    strict: bool = Field(
        False, description="End a job that has warnings, about the corpus or the vectors, once all have been told."
    )
    claims: FileName | None = Field(
        None,
        description="A file of claims to decide, relative to the working directory; `null` for the workflow's own, "
        "which are about the reviews of the chapter and not decided for another corpus.",
    )

    @model_validator(mode="before")
    @classmethod
    def complete(cls, config: Any) -> Any:
        """Give each variant the defaults that its kind of model has."""
        if isinstance(config, dict) and isinstance(variants := config.get("variants"), dict):
            given = config.get("defaults")
            defaults = given if isinstance(given, dict) else {}
            return config | {"variants": {name: merged(defaults, variant) for name, variant in variants.items()}}
        return config

    @model_validator(mode="after")
    def consistent(self) -> "Config":
        """Refuse what no single key shows. Raises ValueError, a line for each problem."""
        if problems := [f"{key}: {text}" for key, text in self.problems()]:
            raise ValueError("\n".join(problems))
        return self

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what does not go together: the key, and what to write."""
        yield from self.corpus.problems()
        yield from source_problems("glove", self.glove.sources, self.glove.checksum)
        if self.claims and not is_there(Path(self.claims)):
            yield "claims", f"there is no file {Path(self.claims).absolute()}; correct the path, or write null."
        named = re.search(r"([0-9]+)d\b", self.glove.member or "")
        if named and named[1].lstrip("0") != str(self.glove.dimension):
            yield (
                "glove.dimension",
                f"{self.glove.dimension} does not match glove.member, {self.glove.member}; write {named[1]}, or name "
                f"the file that has {self.glove.dimension} dimensions.",
            )
        for name, vectorizer in self.vectorizers.items():
            yield from ((f"vectorizers.{name}.{key}", problem) for key, problem in vectorizer.problems())
        yield from self.undefined("vectorizers", {"defaults.vectorizer": [self.vectorizer]})
        for name, variant in self.variants.items():
            key = f"variants.{name}"
            yield from ((f"{key}.{setting}".rstrip("."), problem) for setting, problem in variant.problems())
            # A wrong default is one mistake.
            if variant.vectorizer != self.vectorizer:
                yield from self.undefined("vectorizers", {f"{key}.vectorizer": [variant.vectorizer]})
            teachers = self.teachers(name)
            yield from self.undefined("variants", {f"{key}.teachers": teachers})
            for teacher in teachers:
                if teacher in self.variants and self.teachers(teacher):
                    yield f"{key}.teachers", f"{teacher} has teachers itself; name those instead."
            if teachers and variant.class_weight:
                yield f"{key}.class_weight", "what a student learns has no class; write null, or remove its teachers."
            if variant.needs_unlabelled and self.corpus.unlabelled is None and name in self.trained_names():
                yield f"{key}.teachers", "corpus.unlabelled is null, so there are no reviews to learn from; remove it."
        for name, ensemble in self.ensembles.items():
            yield from self.undefined("variants", {f"ensembles.{name}.members": ensemble.members})
            if name in self.variants:
                yield f"ensembles.{name}", "a variant has this name; choose another."
        named_at = {
            "active_variants": self.active_variants,
            "learning_curve.variants": self.learning_curve.variants,
            "timed_variants": self.timed_variants,
            "word_order.variants": self.word_order.variants,
        }
        yield from self.undefined("variants", named_at)
        for size in self.learning_curve.more_seeds_at:
            if size not in self.learning_curve.sizes:
                yield (
                    "learning_curve.more_seeds_at",
                    f"{size} is not one of learning_curve.sizes; remove it.",
                )
        for name in self.learning_curve.variants:
            if name in self.variants and self.teachers(name):
                yield "learning_curve.variants", f"the teachers of {name} have seen all training reviews; remove it."
        for name in self.timed_variants:
            if name in self.variants and not self.variants[name].has_plain_keras:
                timed = [name for name, variant in self.variants.items() if variant.has_plain_keras]
                yield "timed_variants", f"{name} has no counterpart in plain Keras; write one of: {', '.join(timed)}."

    def undefined(self, section: str, named: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
        """Yield the names at the keys that `section` does not define."""
        known = list(getattr(self, section))
        for key, names in named.items():
            for name in names:
                if name not in known:
                    yield key, f"{shown(name)} is not defined under {section}; {suggestion(name, known)}"

    @property
    def vectorizer(self) -> str:
        """The vectorizer of the variants that name none; lengths of reviews are counted in its tokens."""
        return self.defaults.vectorizer

    def seeds_of(self, variant: str) -> list[int]:
        """Return the seeds with which a variant is trained."""
        return self.variants[variant].seeds or self.seeds

    @property
    def decides_claims(self) -> bool:
        """Whether there are claims about this corpus."""
        return self.claims is not None or (self.corpus.checksum == IMDB and self.corpus.splits is None)

    def varies_like(self, runs: list[Run]) -> dict[str, str | None]:
        """Return for the variant of each run the name of those whose seeds vary alike, None without a seed.

        An ensemble varies like no other, but not at all if its members do not. So does a student whose own kind of
        model depends on no seed, with its teachers.
        """
        return {run.variant: self.alike(run.variant) for run in runs}

    def alike(self, name: str) -> str | None:
        """Return the same for a variant or an ensemble."""
        if name in self.variants and (own := self.variants[name].varies_like):
            return own
        learned_from = self.teachers(name) if name in self.variants else self.ensembles[name].members
        return name if any(map(self.alike, learned_from)) else None

    def teachers(self, variant: str) -> list[str]:
        """Return the teachers of a variant."""
        return getattr(self.variants[variant], "teachers", None) or []

    def students(self) -> list[str]:
        """Return the trained variants that learn from teachers."""
        return [name for name in self.trained_names() if self.teachers(name)]

    def runs_of(self, variant: str) -> list[Run]:
        """Return the runs of a variant on all training reviews, in the order of their seeds in the config."""
        return [Run(variant, "all", seed) for seed in self.seeds_of(variant)]

    def runs(self) -> list[Run]:
        """Return all runs on all training reviews."""
        return [run for variant in self.active_variants for run in self.runs_of(variant)]

    def ensemble_runs(self) -> list[Run]:
        """Return the runs of the ensembles, one for each seed that a member has: these are only evaluated."""
        return [
            Run(name, "all", seed)
            for name, ensemble in self.ensembles.items()
            for seed in dict.fromkeys(seed for member in ensemble.members for seed in self.seeds_of(member))
        ]

    def tested_runs(self) -> list[Run]:
        """Return all that is evaluated with all training reviews."""
        return [*self.runs(), *self.ensemble_runs()]

    def exported_runs(self) -> list[Run]:
        """Return the runs whose models can be exported: not those that shuffle words, or split texts by other code."""
        variants = {name: self.variants[name] for name in self.active_variants}
        exported = {
            name
            for name, variant in variants.items()
            if not variant.shuffles and self.vectorizers[variant.vectorizer].is_exported
        }
        return [run for run in self.runs() if run.variant in exported]

    def curve_runs(self) -> list[Run]:
        """Return the runs of the learning curve, each on a part of the training reviews.

        The seed draws the part, too. So what does not depend on the seed otherwise has the seeds of all here.
        """
        curve, runs = self.learning_curve, []
        for name in curve.variants:
            own = self.seeds if self.alike(name) is None else self.seeds_of(name)
            for size in curve.sizes:
                more = curve.more_seeds if size in curve.more_seeds_at else []
                runs += [Run(name, size, seed) for seed in dict.fromkeys([*(curve.seeds or own), *more])]
        return runs

    def reordered_runs(self) -> list[Run]:
        """Return the runs that are asked about reviews in other orders."""
        return [run for name in self.word_order.variants for run in self.runs_of(name)]

    def runs_with(self, seed: int, variants: list[str]) -> list[Run]:
        """Return a run of each of some variants: with this seed where it has it, else with its first."""
        seeds = {name: self.seeds_of(name) for name in variants}
        return [Run(name, "all", seed if seed in seeds[name] else seeds[name][0]) for name in variants]

    def training(self, variant: str, size: str, seed: str) -> dict[str, Any]:
        """Return the settings of a training; on a part of the reviews it ends as `learning_curve` says.

        Raises ValueError if the seed, a wildcard, is too large.
        """
        if int(seed) > LARGEST_SEED:
            raise ValueError(f"The seed {seed} is too large; the largest is {LARGEST_SEED}.")
        settings = self.variants[variant].settings()
        if size == "all":
            return settings
        if "epochs" not in settings:
            return settings
        in_epoch = math.ceil(int(size) / settings["batch_size"])
        curve = {"epochs": self.learning_curve.steps, "patience": self.learning_curve.patience}
        return settings | {key: math.ceil(steps / in_epoch) for key, steps in curve.items()}

    def vectorizers_read(self) -> list[str]:
        """Return the vectorizers of all variants that are trained, and the default one, by which length is counted."""
        return list(dict.fromkeys([self.vectorizer, *(variant.vectorizer for variant in self.trained())]))

    def pretrained_read(self) -> list[tuple[str, str]]:
        """Return vectorizer and name of each matrix of pretrained vectors that a training starts from."""
        return list(dict.fromkeys((v.vectorizer, v.pretrained) for v in self.trained() if v.pretrained))

    def unlabelled_read(self) -> list[str]:
        """Return the vectorizers with which the unlabelled reviews are encoded: for `cbow` and for teachers."""
        readers = [variant for variant in self.trained() if variant.pretrained == "cbow" or variant.needs_unlabelled]
        teachers = [self.variants[teacher] for name in self.trained_names() for teacher in self.teachers(name)]
        return list(dict.fromkeys(variant.vectorizer for variant in [*readers, *teachers]))

    def trained_names(self) -> list[str]:
        """Return the names of the variants that are trained for their own sake."""
        members = [name for ensemble in self.ensembles.values() for name in ensemble.members]
        named = [*self.active_variants, *self.learning_curve.variants, *self.word_order.variants, *members]
        return list(dict.fromkeys(named))

    def trained(self) -> list[Kind]:
        """Return the variants that are trained for their own sake."""
        return [self.variants[name] for name in self.trained_names()]

    def embedding_variants(self) -> list[str]:
        """Return the active variants that learn vectors for the tokens of the default vectorizer."""
        return [
            name for name in self.active_variants if self.reads_default(name) and self.variants[name].learns_vectors
        ]

    def embedding_matrices(self) -> list[str]:
        """Return the names of the pretrained matrices of the default vectorizer that active variants start from."""
        active = [self.variants[name] for name in self.active_variants if self.reads_default(name)]
        return sorted({variant.pretrained for variant in active if variant.pretrained})

    def asks_for(self, need: str | None) -> bool:
        """Return whether there is what an entry of the report needs: see `report/contents.yaml`."""
        if need == "learning_curve":
            return bool(self.learning_curve.variants)
        if need == "word_vectors":
            return bool(self.embedding_variants() or self.embedding_matrices())
        if need == "word_order":
            return bool(self.word_order.variants)
        if need == "claims":
            return self.decides_claims
        return need is None or bool(self.mask_pair())

    def reads_default(self, variant: str) -> bool:
        """Return whether a variant reads the tokens of the default vectorizer."""
        return self.variants[variant].vectorizer == self.vectorizer

    def mask_pair(self) -> list[Run]:
        """Return the first runs of two active variants that differ in the mask alone, without it and with; or none."""
        active = {name: self.variants[name].settings() for name in self.active_variants}
        for name, settings in active.items():
            if settings.get("mask") is False:
                for other, masked in active.items():
                    if masked == settings | {"mask": True}:
                        return [self.runs_of(name)[0], self.runs_of(other)[0]]
        return []


def source_problems(
    section: str, sources: list[str], checksum: str | None, folders: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the sources in a section of the config, or else with their checksum."""
    found = {f"{section}.sources.{i}": source_problem(source, folders) for i, source in enumerate(sources)}
    if not any(found.values()):
        found[f"{section}.checksum"] = checksum_problem(sources, checksum)
    yield from ((key, problem) for key, problem in found.items() if problem)


def is_like_ascii(encoding: str) -> bool:
    """Return whether an encoding is known, and writes ASCII, and so the ends of lines, as ASCII does."""
    try:
        return "\r\n,;\t".encode(encoding) == b"\r\n,;\t"
    except (LookupError, ValueError):
        return False


def merged(defaults: dict, variant: Any) -> Any:
    """Return the settings of a variant: its own, and the defaults for those that its kind of model has."""
    if not isinstance(variant, dict):
        return variant
    model = variant.get("model", defaults.get("model", "lstm"))
    kind = kinds().get(model) if isinstance(model, str) else None
    known = kind.model_fields if kind else {}
    settings = {name: value for name, value in defaults.items() if name in known} | {"model": model} | variant
    for name, value in variant.items():
        if isinstance(value, dict) and isinstance(defaults.get(name), dict):
            settings[name] = defaults[name] | value
    return settings
