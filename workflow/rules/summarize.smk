# From the records of all runs to the two tables.


localrules:
    summarize_runs,


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


# What `snakemake results/summary.csv` means: a rule goes before a file of its name. If it meant the file, Snakemake would
# not look behind it for what is missing: a deleted model would not be trained again, and after a run that failed half
# way the summary of the run before would stand there with "Nothing to be done".
rule:
    name:
        "results/summary.csv"
    input:
        products,
