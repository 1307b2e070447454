# Trained models as ones that read text, to use elsewhere.


rule export_model:
    input:
        model="results/runs/{variant}/all/seed{seed}/model.keras",
        record="results/runs/{variant}/all/seed{seed}/training.json",
        vocabulary=vectorizer_file("vocabulary.json"),
        settings=vectorizer_file("settings.json"),
        lib=library("text_model", "models", "layers", "transformer", "training", "vectorizer"),
    output:
        text_model="results/runs/{variant}/all/seed{seed}/text_model.keras",
        saved_model=directory("results/runs/{variant}/all/seed{seed}/saved_model"),
    log:
        "logs/export_model/{variant}/seed{seed}.log",
    benchmark:
        "benchmarks/export_model/{variant}/seed{seed}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
    message:
        "Exporting {wildcards.variant} with seed {wildcards.seed}"
    script:
        "../scripts/export_model.py"


# Every trained model.
rule export:
    input:
        run_files("text_model.keras"),
        run_files("saved_model"),
