"""What a dry run of the real command plans, and what follows from what in the small run."""

import re

# The rules that have messages, which Snakemake shows in place of their names.
MESSAGES = {
    r"Getting the corpus": "download_corpus",
    r"Getting the pretrained vectors": "download_glove",
    r"Splitting the reviews into training, validation, test and unlabelled": "split_corpus",
    r"Adapting the vectorizer (\w+) to the training reviews": "adapt_vectorizer",
    r"Encoding the reviews with the vectorizer (\w+)": "encode_reviews",
    r"Encoding the unlabelled reviews with the vectorizer (\w+)": "encode_unlabelled",
    r"Learning vectors from the training and the unlabelled reviews": "train_cbow",
    r"Looking up the pretrained vectors of the vocabulary": "build_glove_matrix",
    r"Training (\w+) on (\w+) reviews with seed (\d+)": "train_model",
    r"Evaluating (\w+) trained on (\w+) reviews with seed (\d+)": "evaluate_model",
    r"Labelling the unlabelled reviews by (\w+) with seed (\d+)": "label_reviews",
    r"Exporting (\w+) with seed (\d+)": "export_model",
    r"Timing the steps of training in plain Keras and in ours": "time_steps",
    r"Comparing the word vectors": "compare_embeddings",
    r"Measuring what padding does to short reviews": "measure_padding",
    r"Looking for the reviews on which the variants disagree": "show_disagreements",
}
TARGETS = {"all", "report", "export"}


def planned(result):
    """The jobs of a dry run, "rule" and its wildcards: "train_model glove 2", on parts of the reviews "... glove 200 2"."""
    assert result.returncode == 0, result.stdout
    jobs = []
    for message in re.findall(r"^Job \d+: (.*)$", result.stdout, re.MULTILINE):
        (job,) = ([rule, *match.groups()] for each, rule in MESSAGES.items() if (match := re.fullmatch(each, message)))
        jobs.append(" ".join(part for part in job if part != "all"))
    for rule, block in re.findall(r"^(?:local)?rule (\w+):\n((?: +.*\n)+)", result.stdout, re.MULTILINE):
        wildcards = re.findall(r"^ +wildcards: \w+=(.*)$", block, re.MULTILINE)
        jobs.append(" ".join([rule, *wildcards]))
    counts = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", result.stdout, re.MULTILINE)}
    assert len(jobs) == counts.pop("total", 0) == sum(counts.values())
    assert ("Nothing to be done" in result.stdout) == (not jobs)
    assert len(set(jobs)) == len(jobs)
    return set(jobs) - TARGETS


def trainings(*runs):
    """The two jobs of each run: "glove 1", on a part of the reviews "glove 200 1"."""
    return {f"{rule} {run}" for rule in ("train_model", "evaluate_model") for run in runs}
