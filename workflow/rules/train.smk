# One training for each variant and seed, and its evaluation on the test reviews by a process of its own.
# Snakemake deletes the products of a job that was cut off, so a training keeps its backup elsewhere.
BACKUP = "backups/train_model/{variant}/seed{seed}"


rule train_model:
    input:
        train="results/vectorizer/train.arrow",
        validation="results/vectorizer/validation.arrow",
        vocabulary="results/vectorizer/vocabulary.json",
        vectors=pretrained_vectors,
        lib=library("layers", "batching", "training", "backup", "encoded"),
    output:
        model="results/runs/{variant}/seed{seed}/model.keras",
        history="results/runs/{variant}/seed{seed}/history.csv",
        costs="results/runs/{variant}/seed{seed}/costs.csv",
        summary="results/runs/{variant}/seed{seed}/summary.txt",
        record="results/runs/{variant}/seed{seed}/training.json",
    log:
        "logs/train_model/{variant}/seed{seed}.log",
    benchmark:
        "benchmarks/train_model/{variant}/seed{seed}.tsv"
    conda:
        "../../environment.yml"
    # One core each: two trainings side by side get more done than one after the other on two cores.
    threads: 1
    resources:
        mem_mb=1500,
    params:
        settings=lookup("{variant}", within=VARIANTS),
        backup=BACKUP,
        backend=lookup("backend", within=config),
    message:
        "Training {wildcards.variant} with seed {wildcards.seed}"
    script:
        "../scripts/train_model.py"


rule evaluate_model:
    input:
        model="results/runs/{variant}/seed{seed}/model.keras",
        test="results/vectorizer/test.arrow",
        lib=library("layers", "batching", "training", "encoded", "metrics", "predictions", "parquet"),
    output:
        evaluation="results/runs/{variant}/seed{seed}/evaluation.json",
        predictions="results/runs/{variant}/seed{seed}/predictions.parquet",
    log:
        "logs/evaluate_model/{variant}/seed{seed}.log",
    benchmark:
        "benchmarks/evaluate_model/{variant}/seed{seed}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        backup=BACKUP,
        sequence_length=lookup("{variant}/sequence_length", within=VARIANTS),
        backend=lookup("backend", within=config),
    message:
        "Evaluating {wildcards.variant} with seed {wildcards.seed}"
    script:
        "../scripts/evaluate_model.py"
