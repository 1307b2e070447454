# From the tables and models to what people look at. Nothing here decides a result.
# Figures, tables and pages, with their captions and places in the report: workflow/scripts/wordorder/report/contents.yaml.

EMBEDDINGS = [CONFIG.runs_of(name)[0] for name in CONFIG.embedding_variants()]


rule tabulate_diagnostics:
    input:
        predictions=files_of("predictions.parquet", CONFIG.tested_runs()),
    output:
        calibration=paths.csv("calibration"),
        roc=paths.csv("roc"),
    log:
        paths.log("tabulate_diagnostics"),
    benchmark:
        paths.benchmark("tabulate_diagnostics")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=job_settings("tabulate_diagnostics.py", runs=CONFIG.tested_runs()),
    script:
        "../scripts/tabulate_diagnostics.py"


rule compare_embeddings:
    input:
        models=files_of("model.keras", EMBEDDINGS),
        records=files_of("training.json", EMBEDDINGS),
        matrices=[paths.vectors(name, CONFIG.vectorizer) for name in CONFIG.embedding_matrices()],
        train=only_if(
            CONFIG.asks_for("word_vectors"),
            paths.encoded("train", CONFIG.vectorizer),
            NO_VECTORS,
        ),
        vocabulary=paths.vocabulary(CONFIG.vectorizer),
    output:
        neighbours=paths.csv("embeddings/neighbours"),
        analogies=paths.csv("embeddings/analogies"),
        word_map=paths.csv("embeddings/word_map"),
    log:
        paths.log("compare_embeddings"),
    benchmark:
        paths.benchmark("compare_embeddings")
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        settings=settings_with_models(
            "compare_embeddings.py", EMBEDDINGS, names=[*MATRICES, *(run.variant for run in EMBEDDINGS)]
        ),
    message:
        "Comparing the word vectors"
    script:
        "../scripts/compare_embeddings.py"


rule measure_padding:
    input:
        models=files_of("model.keras", CONFIG.mask_pair()),
        records=files_of("training.json", CONFIG.mask_pair()),
        encoded=of_mask_pair(paths.encoded("validation")),
        vocabulary=of_mask_pair(paths.vocabulary()),
        reviews=only_if(
            CONFIG.mask_pair(),
            paths.reviews("validation"),
            "There is no mask to look at: no two active variants differ in nothing but their mask.",
        ),
    output:
        padding=paths.csv("padding"),
    log:
        paths.log("measure_padding"),
    benchmark:
        paths.benchmark("measure_padding")
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        settings=padding_settings,
    message:
        "Measuring what padding does to short reviews"
    script:
        "../scripts/measure_padding.py"


rule plot_figure:
    input:
        tables=figure_tables,
    output:
        html=in_report(paths.figure("html"), FIGURES, "{figure}"),
        svg=paths.figure("svg"),
        png=paths.figure("png"),
    log:
        paths.log("plot_figure", "{figure}"),
    benchmark:
        paths.benchmark("plot_figure", "{figure}")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=figure_settings,
    script:
        "../scripts/plot_figure.py"


rule render_table:
    input:
        csv=table_source,
    output:
        html=in_report(paths.table(), TABLES, "{table}"),
    log:
        paths.log("render_table", "{table}"),
    benchmark:
        paths.benchmark("render_table", "{table}")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=table_settings,
    script:
        "../scripts/render_table.py"


rule show_disagreements:
    input:
        predictions=files_of("predictions.parquet", CONFIG.runs()),
        reviews=paths.reviews("test"),
        models=files_of("model.keras", first_runs()),
        records=files_of("training.json", first_runs()),
        vocabularies=vectorizer_files(paths.vocabulary(), CONFIG.active_variants),
        vectorizers=vectorizer_files(paths.vectorizer_settings(), CONFIG.active_variants),
    output:
        html=in_report(paths.page("disagreements"), PAGES, "disagreements"),
    log:
        paths.log("show_disagreements"),
    benchmark:
        paths.benchmark("show_disagreements")
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        settings=settings_with_models(
            "show_disagreements.py", first_runs(), runs=CONFIG.runs(), caption=PAGES["disagreements"].caption
        ),
    message:
        "Looking for the reviews on which the variants disagree"
    script:
        "../scripts/show_disagreements.py"


rule write_model_card:
    input:
        record=first_run_file("training.json"),
        summary=paths.csv("summary"),
        accuracy_by_length=paths.csv("accuracy_by_length"),
        corpus=paths.csv("corpus"),
        vocabulary=of_vectorizer(paths.vocabulary()),
        vectorizer=of_vectorizer(paths.vectorizer_settings()),
    output:
        markdown=paths.model_card("md"),
        html=in_report(paths.model_card("html"), PAGES, "model_cards/{variant}"),
    log:
        paths.log("write_model_card", "{variant}"),
    benchmark:
        paths.benchmark("write_model_card", "{variant}")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=card_settings,
    script:
        "../scripts/write_model_card.py"


# All that there is to look at.
rule report:
    input:
        report_products,
    localrule: True
