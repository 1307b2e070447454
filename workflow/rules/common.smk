# What the rules share: the package of the workflow, the checked config, and functions of wildcards. No rules here.
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

scripts = os.path.normpath(str(workflow.current_basedir.join("../scripts")))
if not os.path.isdir(scripts):
    # Hosted on a server, its files are on the disk only once each has been asked for.
    with open(workflow.source_path("../scripts/MANIFEST"), encoding="utf-8") as manifest:
        files = [workflow.source_path(f"../scripts/{name}") for name in manifest.read().split()]
    scripts = os.path.dirname(files[0])
# The code of this checkout, whatever else is installed.
sys.path.insert(0, scripts)

from wordorder import paths
from wordorder.config_check import load_config
from wordorder.data import formats
from wordorder.data.sources import known_as, local_digest, local_path
from wordorder.dependencies import job_settings, lead_jobs_here
from wordorder.report import contents
from wordorder.vectors.names import PRETRAINED

lead_jobs_here()
try:
    CONFIG = load_config(config)
except ValueError as error:
    raise WorkflowError(str(error)) from None

CLAIMS = CONFIG.claims or workflow.source_path("../../config/claims.yaml")
FIGURES = contents.figures()
TABLES = contents.tables()
PAGES = contents.pages(CONFIG.active_variants)
MATRICES = [PRETRAINED[name] for name in CONFIG.embedding_matrices()]
NO_VECTORS = "There are no word vectors: no active variant has any of the tokens of the default vectorizer."
ANSWERS = paths.csv("embeddings/questions") if CONFIG.asks_for("word_vectors") else []
# By the path of each.
CORPUS_FILES = {
    paths.split_file(file.split, number) if file.split else paths.CORPUS: file
    for number, file in enumerate(CONFIG.corpus.files, 1)
}
CURVE_TABLES = [paths.csv("learning_curve"), paths.csv("crossings")]


wildcard_constraints:
    vectorizer="|".join(CONFIG.vectorizers),
    variant="|".join(CONFIG.variants),
    ensemble="|".join(CONFIG.ensembles) or "(?!)",
    size=r"all|[2-9]|[1-9]\d+",
    seed=r"0|[1-9]\d*",
    figure="|".join(FIGURES),
    table="|".join(TABLES),
    split="|".join(paths.SPLITS),
    number=r"[1-9]\d*",


def files_of(name, runs):
    """A file of each of these runs."""
    return [paths.run(name, *run) for run in runs]


def first_runs():
    """The first run of each active variant."""
    return [CONFIG.runs_of(variant)[0] for variant in CONFIG.active_variants]


def only_if(asked, files, refusal):
    """These files; whoever wants what is made of them, for which the config does not ask, is told so."""

    def input_files(wildcards):
        if not asked:
            raise WorkflowError(refusal)
        return files

    return input_files


def of_vectorizer(path):
    """A path of a vectorizer, of the one that the variant of a job reads."""

    def input_file(wildcards):
        return path.format(vectorizer=CONFIG.variants[wildcards.variant].vectorizer)

    return input_file


def vectorizer_files(path, variants):
    """A path of a vectorizer for each of these variants, in their order."""
    return [path.format(vectorizer=CONFIG.variants[variant].vectorizer) for variant in variants]


def of_mask_pair(path):
    """A path of a vectorizer, of the one that both variants of the pair with and without a mask read; if any."""
    return next(iter(vectorizer_files(path, [run.variant for run in CONFIG.mask_pair()])), [])


def first_run_file(name):
    """A file of the run of a variant with its first seed."""

    def input_file(wildcards):
        return paths.run(name, *CONFIG.runs_of(wildcards.variant)[0])

    return input_file


def pretrained_vectors(wildcards):
    """The matrix of pretrained vectors, for the variants that start from one."""
    variant = CONFIG.variants[wildcards.variant]
    return paths.vectors(variant.pretrained, variant.vectorizer) if variant.pretrained else []


def unlabelled_reviews(wildcards):
    """The unlabelled reviews, for students."""
    variant = CONFIG.variants[wildcards.variant]
    return paths.encoded(paths.UNLABELLED, variant.vectorizer) if variant.needs_unlabelled else []


def soft_labels(wildcards):
    """The soft labels of the unlabelled reviews by each teacher of a student."""
    runs = CONFIG.runs_with(int(wildcards.seed), CONFIG.teachers(wildcards.variant))
    return files_of(paths.SOFT_LABELS, runs)


def member_predictions(wildcards):
    """What the members of an ensemble predict."""
    runs = CONFIG.runs_with(int(wildcards.seed), CONFIG.ensembles[wildcards.ensemble].members)
    return files_of("predictions.parquet", runs)


def groups_of_reviews(wildcards):
    """The training and validation reviews with their groups, for the variants that hold back whole groups."""
    by_group = CONFIG.variants[wildcards.variant].validation == "by_group"
    return [paths.reviews("train"), paths.reviews("validation")] if by_group else []


def modules_of(variant):
    """The modules that only jobs of this variant, and of others of its kind, import."""
    return tuple(CONFIG.variants[variant].modules)


def training_settings(wildcards):
    """What decides a training, besides its inputs."""
    try:
        settings = CONFIG.training(wildcards.variant, wildcards.size, wildcards.seed)
    except ValueError as error:
        raise WorkflowError(str(error)) from None
    modules = modules_of(wildcards.variant)
    return job_settings(
        "train_model.py",
        modules=modules,
        settings=settings,
        backend=CONFIG.backend,
        fewest_held_out=0 if wildcards.size == "all" else CONFIG.learning_curve.validation,
        split_seed=CONFIG.split.seed,
    )


def prediction_settings(script, **values):
    """What decides predictions of a trained model, besides its inputs."""

    def settings(wildcards):
        return job_settings(script, modules=modules_of(wildcards.variant), backend=CONFIG.backend, **values)

    return settings


def export_settings(wildcards):
    """What decides an exported model, besides its inputs."""
    return job_settings("export_model.py", modules=modules_of(wildcards.variant))


def settings_with_models(script, runs, /, **values):
    """The settings of a job that loads the models of these runs."""
    modules = sorted({module for run in runs for module in modules_of(run.variant)})
    return job_settings(script, modules=tuple(modules), backend=CONFIG.backend, **values)


def untracked(**values):
    """Values for a script that decide no result: Snakemake does not compare params that are made from outputs."""

    def params(wildcards, output):
        return values

    return params


def download_settings(sources, checksum, record, *more):
    """What decides a download, whatever code does it: the checksum or, without one, what is there now and `more`."""

    # A function, so that only a Snakemake that may run the rule reads the file.
    def settings(wildcards):
        known = known_as(checksum, Path(record))
        # What was there when no checksum was given may come from elsewhere now, with one.
        by_contents = not known and (checksum is None or local_path(sources[0]))
        return {"file": [local_digest(sources[0]), *more] if by_contents else known or checksum}

    return settings


def split_file_settings(wildcards):
    """What decides the download of a file of a split."""
    path = paths.split_file(*wildcards)
    file = CORPUS_FILES[path]
    return download_settings(file.sources, file.checksum, paths.checksums(path))(wildcards)


def split_file_sources(wildcards, output):
    """Where a file of a split comes from."""
    file = CORPUS_FILES[output.corpus]
    return {"sources": file.sources, "checksum": file.checksum}


def timing_settings(wildcards):
    """What decides the times of training steps, besides the machine."""
    runs = [CONFIG.runs_of(variant)[0] for variant in CONFIG.timed_variants]
    variants = {name: CONFIG.variants[name].settings() for name in CONFIG.timed_variants}
    return settings_with_models("time_steps.py", runs, names=CONFIG.timed_variants, variants=variants)


def padding_settings(wildcards):
    """What decides the effect of padding, besides the models."""
    runs = CONFIG.mask_pair()
    length = CONFIG.variants[runs[0].variant].reads_length if runs else None
    variants = [run.variant for run in runs]
    return settings_with_models("measure_padding.py", runs, variants=variants, sequence_length=length)


def vectorizer_settings(wildcards):
    """How a vectorizer makes tokens."""
    vectorizer = CONFIG.vectorizers[wildcards.vectorizer]
    functions = {file: local_digest(file) for file in vectorizer.files()}
    return job_settings("adapt_vectorizer.py", functions=functions, **vectorizer.model_dump())


def stated_claims(wildcards):
    """What is claimed: the text itself, because the name of the workflow's own file depends on where that lies."""
    try:
        claims = Path(CLAIMS).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise WorkflowError(f"{CLAIMS} cannot be read ({error}). Correct it, or `claims` in the config.") from None
    runs = [*CONFIG.runs(), *CONFIG.curve_runs(), *CONFIG.ensemble_runs()]
    return job_settings(
        "decide_claims.py",
        claims=claims,
        runs=runs,
        varies_like=CONFIG.varies_like(runs),
        variants=sorted([*CONFIG.variants, *CONFIG.ensembles]),
    )


def data_products():
    """What is made of the reviews for the models that the config asks for, and to tell short reviews from long ones."""
    return [
        *(paths.reviews(split) for split in (*paths.SPLITS, paths.UNLABELLED)),
        paths.csv("corpus"),
        *(
            path
            for name in CONFIG.vectorizers_read()
            for path in (
                paths.vocabulary(name),
                paths.vectorizer_settings(name),
                *(paths.encoded(split, name) for split in paths.SPLITS),
            )
        ),
        *(paths.encoded(paths.UNLABELLED, name) for name in CONFIG.unlabelled_read()),
        *(paths.vectors(vectors, name) for name, vectors in CONFIG.pretrained_read()),
    ]


def products(wildcards):
    """Every result that the config asks for, but for the two tables of `summarize_runs`."""
    return [
        *data_products(),
        *(
            path
            for name in (*paths.TRAINED.values(), *paths.EVALUATED.values())
            for path in files_of(name, [*CONFIG.runs(), *CONFIG.curve_runs()])
        ),
        *(path for name in paths.EVALUATED.values() for path in files_of(name, CONFIG.ensemble_runs())),
        *(paths.csv(name) for name in ("comparisons", "accuracy_by_length")),
        *([paths.csv("claims")] if CONFIG.decides_claims else []),
        *([ANSWERS] if CONFIG.decides_claims and ANSWERS else []),
        *([paths.csv("step_times")] if CONFIG.timed_variants else []),
        *(CURVE_TABLES if CONFIG.curve_runs() else []),
        *([paths.csv("word_order"), paths.csv("contrasts")] if CONFIG.word_order.variants else []),
    ]


def results_for_summary(wildcards):
    """Every result, for the last table.

    Behind a target that is there, Snakemake looks for what has changed, but not for what is missing. So the summary of a
    run from which a result has been deleted is forced, as by --forcerun; that makes the result again.
    """
    files = products(wildcards)
    if os.path.exists(paths.csv("summary")) and not all(map(os.path.exists, [*files, paths.csv("runs")])):
        workflow.dag.forcefiles.add(paths.csv("summary"))
    return files


def report_products(wildcards):
    """Everything that there is to look at, in each of its formats: a rule is not run if only one of them is missing."""
    figures, tables = (
        [entry for entry in entries.values() if CONFIG.asks_for(entry.needs)] for entries in (FIGURES, TABLES)
    )
    return [
        *(paths.csv(name) for entry in (*figures, *tables) if not entry.of_runs for name in entry.tables),
        *(paths.figure(ending, entry.name) for entry in figures for ending in ("html", "svg", "png")),
        *(paths.table(entry.name) for entry in tables),
        *(paths.page(name) for name, entry in PAGES.items() if CONFIG.asks_for(entry.needs)),
        *(paths.model_card("md", name) for name in CONFIG.active_variants),
    ]


def figure_tables(wildcards):
    """The tables that a figure is drawn from: of results, or of each training."""
    entry = FIGURES[wildcards.figure]
    if entry.of_runs:
        return [path for name in entry.tables for path in files_of(f"{name}.csv", CONFIG.runs())]
    return [paths.csv(name) for name in entry.tables]


def table_source(wildcards):
    """The table that a page shows."""
    (name,) = TABLES[wildcards.table].tables
    return paths.csv(name)


def figure_settings(wildcards):
    """What decides a figure, besides its tables."""
    entry = FIGURES[wildcards.figure]
    runs = CONFIG.runs() if entry.of_runs else None
    return job_settings("plot_figure.py", chart=entry.name, caption=entry.caption, runs=runs)


def table_settings(wildcards):
    """What decides the page of a table, besides the table."""
    entry = TABLES[wildcards.table]
    return job_settings("render_table.py", title=entry.labels["what"], caption=entry.caption)


def card_settings(wildcards):
    """What decides a model card, besides its inputs."""
    return job_settings(
        "write_model_card.py",
        modules=modules_of(wildcards.variant),
        files=("report/model_card.md.jinja",),
        caption=PAGES[f"model_cards/{wildcards.variant}"].caption,
    )


def in_report(path, entries, name):
    """An output that the report shows, with the category, labels and caption of its entry; `name` may have wildcards."""

    def category(wildcards):
        return entries[name.format(**wildcards)].category

    def labels(wildcards):
        return entries[name.format(**wildcards)].labels

    return report(path, caption="../report/caption.rst", category=category, labels=labels)
