"""What a dry run of the real command plans, and what follows from what in the small run."""

import re

# The rules that have messages, which Snakemake shows in place of their names.
MESSAGES = {
    r"Getting the corpus": "download_corpus",
    r"Getting the (\w+) split of the corpus, file (\d+)": "download_split",
    r"Getting the pretrained vectors": "download_glove",
    r"Splitting the reviews into training, validation, test and unlabelled": "split_corpus",
    r"Adapting the vectorizer (\w+) to the training reviews": "adapt_vectorizer",
    r"Encoding the reviews with the vectorizer (\w+)": "encode_reviews",
    r"Encoding the unlabelled reviews with the vectorizer (\w+)": "encode_unlabelled",
    r"Learning vectors from the training and the unlabelled reviews": "train_cbow",
    r"Looking up the pretrained vectors of the vocabulary": "build_glove_matrix",
    r"Training (\w+) on (\w+) reviews with seed (\d+)": "train_model",
    r"Evaluating (\w+) trained on (\w+) reviews with seed (\d+)": "evaluate_model",
    r"Evaluating the ensemble (\w+) with seed (\d+)": "evaluate_ensemble",
    r"Asking (\w+) with seed (\d+) about reviews in other orders": "measure_word_order",
    r"Labelling the unlabelled reviews by (\w+) with seed (\d+)": "label_reviews",
    r"Exporting (\w+) with seed (\d+)": "export_model",
    r"Timing the steps of training in plain Keras and in ours": "time_steps",
    r"Asking the word vectors for analogies": "answer_questions",
    r"Comparing the word vectors": "compare_embeddings",
    r"Measuring what padding does to short reviews": "measure_padding",
    r"Looking for the reviews on which the variants disagree": "show_disagreements",
}
TARGETS = {"all", "report", "export"}
# Rules whose messages leave out the wildcards.
UNNAMED = {"train_cbow", "build_glove_matrix"}


def planned(result):
    """The jobs of a dry run, "rule" and its wildcards without "all": "train_model glove 2"."""
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


# The runs of the small run of conftest.py.
LSTMS = ["one_hot 1", "one_hot 2", "glove 1", "glove 2", "cbow 1", "taught 1"]
BAGS_OF_WORDS = ["binary_unigram 1", "binary_unigram 200 1"]
RUNS = [*LSTMS, *BAGS_OF_WORDS]
LABELS = "label_reviews binary_unigram 1"


def followers(job):
    """The jobs of the small run that read what this job writes."""
    rule, _, run = job.partition(" ")
    if rule == "train_model":
        more = {"binary_unigram 1": [LABELS], "cbow 1": ["answer_questions"]}
        return [f"evaluate_model {run}", *more.get(run, [])]
    if rule == "evaluate_model":
        tables = ["tabulate_learning_curve"] if len(run.split()) == 3 else ["compare_variants", "tabulate_lengths"]
        return [*tables, "decide_claims"]
    return {
        "download_corpus": ["split_corpus"],
        "download_glove": ["build_glove_matrix"],
        "split_corpus": ["adapt_vectorizer words", "encode_reviews words", "encode_unlabelled words"],
        "adapt_vectorizer": [
            *(
                "encode_reviews words",
                "encode_unlabelled words",
                "train_cbow",
                "build_glove_matrix",
                "answer_questions",
            ),
            *(f"train_model {each}" for each in RUNS),
        ],
        "encode_reviews": ["train_cbow", "tabulate_lengths", *trainings(*RUNS)],
        "encode_unlabelled": ["train_cbow", LABELS, "train_model taught 1"],
        "train_cbow": ["train_model cbow 1", "answer_questions"],
        "build_glove_matrix": ["train_model glove 1", "train_model glove 2", "answer_questions"],
        "answer_questions": ["decide_claims"],
        "label_reviews": ["train_model taught 1"],
        "time_steps": ["decide_claims"],
        "summarize_runs": [],
    }.get(rule, ["summarize_runs"])


def after(*jobs):
    """These jobs and all that read what they write, directly or not."""
    todo, found = list(jobs), set()
    while todo:
        if (job := todo.pop()) not in found:
            found.add(job)
            todo += followers(job)
    return found


EVERYTHING = after("download_corpus", "download_glove")
