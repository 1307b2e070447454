# From the records and predictions of all runs to the tables.


localrules:
    summarize_runs,
    compare_variants,
    tabulate_lengths,
    tabulate_learning_curve,
    decide_claims,


rule summarize_runs:
    input:
        training=run_files("training.json"),
        costs=run_files("costs.csv"),
        evaluation=run_files("evaluation.json"),
        lib=library("summary"),
    output:
        runs="results/runs.csv",
        summary="results/summary.csv",
    log:
        "logs/summarize_runs.log",
    benchmark:
        "benchmarks/summarize_runs.tsv"
    conda:
        "../../environment.yml"
    params:
        chapter={name: config["variants"][name].get("chapter_accuracy") for name in config["active_variants"]},
    script:
        "../scripts/summarize_runs.py"


rule compare_variants:
    input:
        predictions=run_files("predictions.parquet"),
        lib=library("comparison", "predictions", "parquet", "encoded"),
    output:
        comparisons="results/comparisons.csv",
    log:
        "logs/compare_variants.log",
    benchmark:
        "benchmarks/compare_variants.tsv"
    conda:
        "../../environment.yml"
    params:
        runs=RUNS,
        resamples=lookup("statistics/resamples", within=config),
        seed=lookup("statistics/seed", within=config),
    script:
        "../scripts/compare_variants.py"


rule tabulate_lengths:
    input:
        predictions=run_files("predictions.parquet"),
        test=f"{WORDS}/test.arrow",
        lib=library("lengths", "predictions", "parquet", "encoded"),
    output:
        accuracies="results/accuracy_by_length.csv",
    log:
        "logs/tabulate_lengths.log",
    benchmark:
        "benchmarks/tabulate_lengths.tsv"
    conda:
        "../../environment.yml"
    params:
        runs=RUNS,
    script:
        "../scripts/tabulate_lengths.py"


rule tabulate_learning_curve:
    input:
        predictions=curve_files("predictions.parquet"),
        lib=library("learning_curve", "comparison", "predictions", "parquet", "encoded"),
    output:
        curve="results/learning_curve.csv",
        crossings="results/crossings.csv",
    log:
        "logs/tabulate_learning_curve.log",
    benchmark:
        "benchmarks/tabulate_learning_curve.tsv"
    conda:
        "../../environment.yml"
    params:
        runs=CURVE_RUNS,
        resamples=lookup("statistics/resamples", within=config),
        seed=lookup("statistics/seed", within=config),
    script:
        "../scripts/tabulate_learning_curve.py"


# With the cores of a common machine, so that nothing runs beside it. Plain Keras holds a batch as one-hot vectors.
rule time_steps:
    input:
        train=f"{WORDS}/train.arrow",
        vocabulary=f"{WORDS}/vocabulary.json",
        lib=library("timing", "models", "layers", "batching", "training", "encoded"),
    output:
        step_times="results/step_times.csv",
    log:
        "logs/time_steps.log",
    benchmark:
        "benchmarks/time_steps.tsv"
    conda:
        "../../environment.yml"
    threads: 4
    resources:
        mem_mb=5000,
    params:
        settings={name: VARIANTS[name] for name in config["timed_variants"]},
        backend=lookup("backend", within=config),
    message:
        "Timing the steps of training in plain Keras and in ours"
    script:
        "../scripts/time_steps.py"


rule decide_claims:
    input:
        claims=CLAIMS,
        predictions=[*run_files("predictions.parquet"), *curve_files("predictions.parquet")],
        step_times=STEP_TIMES,
        lib=library("claims", "comparison", "learning_curve", "timing", "predictions", "parquet", "encoded"),
    output:
        claims="results/claims.csv",
    log:
        "logs/decide_claims.log",
    benchmark:
        "benchmarks/decide_claims.tsv"
    conda:
        "../../environment.yml"
    params:
        runs=[(variant, "all", seed) for variant, seed in RUNS] + CURVE_RUNS,
        variants=list(VARIANTS),
        resamples=lookup("statistics/resamples", within=config),
        seed=lookup("statistics/seed", within=config),
    script:
        "../scripts/decide_claims.py"


# What `snakemake results/summary.csv` means: a rule goes before a file of its name. If it meant the file, Snakemake would
# not look behind it for what is missing: a deleted model would not be trained again, and after a run that failed half
# way the summary of the run before would stand there with "Nothing to be done".
rule:
    name:
        "results/summary.csv"
    input:
        products,
