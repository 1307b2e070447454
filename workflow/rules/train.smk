# One training for each variant, number of training reviews and seed, and its evaluation on the test reviews by a process of its own.
# Snakemake deletes the products of a job that was cut off, so a training keeps its backup elsewhere.
BACKUP = "backups/train_model/{variant}/{size}/seed{seed}"


rule train_model:
    input:
        train=vectorizer_file("train.arrow"),
        validation=vectorizer_file("validation.arrow"),
        vocabulary=vectorizer_file("vocabulary.json"),
        vectors=pretrained_vectors,
        unlabelled=unlabelled_reviews,
        soft_labels=soft_labels,
        lib=library(
            "models",
            "layers",
            "transformer",
            "naive_bayes",
            "batching",
            "training",
            "backup",
            "encoded",
            "subsets",
            "distillation",
        ),
    output:
        model="results/runs/{variant}/{size}/seed{seed}/model.keras",
        history="results/runs/{variant}/{size}/seed{seed}/history.csv",
        costs="results/runs/{variant}/{size}/seed{seed}/costs.csv",
        summary="results/runs/{variant}/{size}/seed{seed}/summary.txt",
        record="results/runs/{variant}/{size}/seed{seed}/training.json",
    log:
        "logs/train_model/{variant}/{size}/seed{seed}.log",
    benchmark:
        "benchmarks/train_model/{variant}/{size}/seed{seed}.tsv"
    conda:
        "../../environment.yml"
    # One core each: two trainings side by side get more done than one after the other on two cores.
    threads: 1
    # The Transformer takes 1.5 GB, pooled LSTMs 1.8 GB, the others less.
    resources:
        mem_mb=2500,
    params:
        settings=run_settings,
        backup=BACKUP,
        backend=lookup("backend", within=config),
    message:
        "Training {wildcards.variant} on {wildcards.size} reviews with seed {wildcards.seed}"
    script:
        "../scripts/train_model.py"


rule evaluate_model:
    input:
        model="results/runs/{variant}/{size}/seed{seed}/model.keras",
        test=vectorizer_file("test.arrow"),
        lib=library(
            "models", "layers", "transformer", "batching", "training", "encoded", "metrics", "predictions", "parquet"
        ),
    output:
        evaluation="results/runs/{variant}/{size}/seed{seed}/evaluation.json",
        predictions="results/runs/{variant}/{size}/seed{seed}/predictions.parquet",
    log:
        "logs/evaluate_model/{variant}/{size}/seed{seed}.log",
    benchmark:
        "benchmarks/evaluate_model/{variant}/{size}/seed{seed}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        backup=BACKUP,
        sequence_length=lookup("{variant}/sequence_length", within=VARIANTS, default=None),
        backend=lookup("backend", within=config),
    message:
        "Evaluating {wildcards.variant} trained on {wildcards.size} reviews with seed {wildcards.seed}"
    script:
        "../scripts/evaluate_model.py"


rule label_reviews:
    input:
        model="results/runs/{variant}/all/seed{seed}/model.keras",
        reviews=vectorizer_file("unlabelled.arrow"),
        lib=library("models", "layers", "transformer", "batching", "training", "encoded", "distillation", "parquet"),
    output:
        labels="results/runs/{variant}/all/seed{seed}/soft_labels.parquet",
    log:
        "logs/label_reviews/{variant}/seed{seed}.log",
    benchmark:
        "benchmarks/label_reviews/{variant}/seed{seed}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2500,
    params:
        sequence_length=lookup("{variant}/sequence_length", within=VARIANTS, default=None),
        backend=lookup("backend", within=config),
    message:
        "Labelling the unlabelled reviews by {wildcards.variant} with seed {wildcards.seed}"
    script:
        "../scripts/label_reviews.py"
