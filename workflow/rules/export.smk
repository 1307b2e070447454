# Trained models as ones that read text, to use elsewhere.


rule export_model:
    input:
        model=paths.run_of_all("model.keras"),
        record=paths.run_of_all("training.json"),
        vocabulary=of_vectorizer(paths.vocabulary()),
        vectorizer=of_vectorizer(paths.vectorizer_settings()),
    output:
        text_model=paths.run_of_all(paths.EXPORTED["text_model"]),
        saved_model=directory(paths.run_of_all(paths.EXPORTED["saved_model"])),
    log:
        paths.log("export_model", *paths.OF_RUN_ON_ALL),
    benchmark:
        paths.benchmark("export_model", *paths.OF_RUN_ON_ALL)
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        settings=export_settings,
    message:
        "Exporting {wildcards.variant} with seed {wildcards.seed}"
    script:
        "../scripts/export_model.py"


# Every trained model.
rule export:
    input:
        [files_of(name, CONFIG.exported_runs()) for name in paths.EXPORTED.values()],
    localrule: True
