# From the tables and models to what people look at. Nothing here decides a result.


localrules:
    tabulate_diagnostics,
    plot_accuracy,
    plot_accuracy_by_length,
    plot_calibration,
    plot_roc,
    plot_training_time,
    plot_learning_curve,
    plot_word_map,
    plot_padding,
    plot_history,
    render_summary,
    render_comparisons,
    render_claims,
    render_neighbours,
    render_analogies,
    write_model_card,


rule tabulate_diagnostics:
    input:
        predictions=run_files("predictions.parquet"),
        lib=library("diagnostics", "metrics", "predictions", "encoded", "parquet"),
    output:
        calibration="results/calibration.csv",
        roc="results/roc.csv",
    log:
        "logs/tabulate_diagnostics.log",
    benchmark:
        "benchmarks/tabulate_diagnostics.tsv"
    conda:
        "../../environment.yml"
    params:
        runs=RUNS,
    script:
        "../scripts/tabulate_diagnostics.py"


rule compare_embeddings:
    input:
        models=[f"results/runs/{variant}/all/seed{SEEDS[variant][0]}/model.keras" for variant in EMBEDDINGS],
        vectors=PRETRAINED_MATRICES,
        train=f"{WORDS}/train.arrow",
        vocabulary=f"{WORDS}/vocabulary.json",
        lib=library("word_vectors", "models", "layers", "transformer", "training", "encoded"),
    output:
        neighbours="results/embeddings/neighbours.csv",
        analogies="results/embeddings/analogies.csv",
        word_map="results/embeddings/word_map.csv",
    log:
        "logs/compare_embeddings.log",
    benchmark:
        "benchmarks/compare_embeddings.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        names=EMBEDDING_NAMES,
        backend=lookup("backend", within=config),
    message:
        "Looking at what the word vectors know"
    script:
        "../scripts/compare_embeddings.py"


rule measure_padding:
    input:
        models=[f"results/runs/{variant}/all/seed{SEEDS[variant][0]}/model.keras" for variant in PADDED],
        encoded=f"results/vectorizers/{VARIANTS[PADDED[0]]['vectorizer']}/validation.arrow" if PADDED else [],
        reviews="results/reviews/validation.parquet",
        lib=library("models", "layers", "transformer", "training", "encoded", "corpus"),
    output:
        padding="results/padding.csv",
    log:
        "logs/measure_padding.log",
    benchmark:
        "benchmarks/measure_padding.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        variants=PADDED,
        sequence_length=VARIANTS[PADDED[0]]["sequence_length"] if PADDED else None,
        backend=lookup("backend", within=config),
    message:
        "Measuring what padding does to short reviews"
    script:
        "../scripts/measure_padding.py"


rule plot_accuracy:
    input:
        table="results/summary.csv",
        lib=library("charts", "figures"),
    output:
        html=report(
            "results/figures/accuracy.html",
            caption="../report/accuracy.rst",
            category="Comparison",
            labels={"what": "Accuracy of the variants"},
        ),
        svg="results/figures/accuracy.svg",
        png="results/figures/accuracy.png",
    log:
        "logs/plot_accuracy.log",
    benchmark:
        "benchmarks/plot_accuracy.tsv"
    conda:
        "../../environment.yml"
    params:
        figure="accuracy",
    script:
        "../scripts/plot_figure.py"


use rule plot_accuracy as plot_accuracy_by_length with:
    input:
        table="results/accuracy_by_length.csv",
        lib=library("charts", "figures"),
    output:
        html=report(
            "results/figures/accuracy_by_length.html",
            caption="../report/accuracy_by_length.rst",
            category="Comparison",
            labels={"what": "Accuracy by length of the review"},
        ),
        svg="results/figures/accuracy_by_length.svg",
        png="results/figures/accuracy_by_length.png",
    log:
        "logs/plot_accuracy_by_length.log",
    benchmark:
        "benchmarks/plot_accuracy_by_length.tsv"
    params:
        figure="accuracy_by_length",


use rule plot_accuracy as plot_training_time with:
    input:
        table="results/summary.csv",
        lib=library("charts", "figures"),
    output:
        html=report(
            "results/figures/training_time.html",
            caption="../report/training_time.rst",
            category="Comparison",
            labels={"what": "Accuracy against time"},
        ),
        svg="results/figures/training_time.svg",
        png="results/figures/training_time.png",
    log:
        "logs/plot_training_time.log",
    benchmark:
        "benchmarks/plot_training_time.tsv"
    params:
        figure="training_time",


use rule plot_accuracy as plot_learning_curve with:
    input:
        table="results/learning_curve.csv",
        lib=library("charts", "figures"),
    output:
        html=report(
            "results/figures/learning_curve.html",
            caption="../report/learning_curve.rst",
            category="Comparison",
            labels={"what": "Accuracy against training reviews"},
        ),
        svg="results/figures/learning_curve.svg",
        png="results/figures/learning_curve.png",
    log:
        "logs/plot_learning_curve.log",
    benchmark:
        "benchmarks/plot_learning_curve.tsv"
    params:
        figure="learning_curve",


use rule plot_accuracy as plot_roc with:
    input:
        table="results/roc.csv",
        lib=library("charts", "figures"),
    output:
        html=report(
            "results/figures/roc.html",
            caption="../report/roc.rst",
            category="Probabilities",
            labels={"what": "ROC curves"},
        ),
        svg="results/figures/roc.svg",
        png="results/figures/roc.png",
    log:
        "logs/plot_roc.log",
    benchmark:
        "benchmarks/plot_roc.tsv"
    params:
        figure="roc",


use rule plot_accuracy as plot_calibration with:
    input:
        table="results/calibration.csv",
        lib=library("charts", "figures"),
    output:
        html=report(
            "results/figures/calibration.html",
            caption="../report/calibration.rst",
            category="Probabilities",
            labels={"what": "Calibration"},
        ),
        svg="results/figures/calibration.svg",
        png="results/figures/calibration.png",
    log:
        "logs/plot_calibration.log",
    benchmark:
        "benchmarks/plot_calibration.tsv"
    params:
        figure="calibration",


use rule plot_accuracy as plot_word_map with:
    input:
        table="results/embeddings/word_map.csv",
        lib=library("charts", "figures"),
    output:
        html=report(
            "results/figures/word_map.html",
            caption="../report/word_map.rst",
            category="Word vectors",
            labels={"what": "Map of telling words"},
        ),
        svg="results/figures/word_map.svg",
        png="results/figures/word_map.png",
    log:
        "logs/plot_word_map.log",
    benchmark:
        "benchmarks/plot_word_map.tsv"
    params:
        figure="word_map",


use rule plot_accuracy as plot_padding with:
    input:
        table="results/padding.csv",
        lib=library("charts", "figures"),
    output:
        html=report(
            "results/figures/padding.html",
            caption="../report/padding.rst",
            category="Masking",
            labels={"what": "What padding does"},
        ),
        svg="results/figures/padding.svg",
        png="results/figures/padding.png",
    log:
        "logs/plot_padding.log",
    benchmark:
        "benchmarks/plot_padding.tsv"
    params:
        figure="padding",


rule plot_history:
    input:
        histories=variant_files("history.csv"),
        lib=library("charts", "figures"),
    output:
        html=report(
            "results/figures/history/{variant}.html",
            caption="../report/history.rst",
            category="Trainings",
            labels={"variant": "{variant}"},
        ),
        svg="results/figures/history/{variant}.svg",
        png="results/figures/history/{variant}.png",
    log:
        "logs/plot_history/{variant}.log",
    benchmark:
        "benchmarks/plot_history/{variant}.tsv"
    conda:
        "../../environment.yml"
    params:
        seeds=lookup("{variant}", within=SEEDS),
    script:
        "../scripts/plot_history.py"


rule render_summary:
    input:
        table="results/summary.csv",
        lib=library("pages"),
    output:
        html=report(
            "results/tables/summary.html",
            caption="../report/summary.rst",
            category="Tables",
            labels={"what": "The variants"},
        ),
    log:
        "logs/render_summary.log",
    benchmark:
        "benchmarks/render_summary.tsv"
    conda:
        "../../environment.yml"
    script:
        "../scripts/render_table.py"


use rule render_summary as render_comparisons with:
    input:
        table="results/comparisons.csv",
        lib=library("pages"),
    output:
        html=report(
            "results/tables/comparisons.html",
            caption="../report/comparisons.rst",
            category="Tables",
            labels={"what": "Pairs of variants"},
        ),
    log:
        "logs/render_comparisons.log",
    benchmark:
        "benchmarks/render_comparisons.tsv"


use rule render_summary as render_claims with:
    input:
        table="results/claims.csv",
        lib=library("pages"),
    output:
        html=report(
            "results/tables/claims.html",
            caption="../report/claims.rst",
            category="Tables",
            labels={"what": "Claims"},
        ),
    log:
        "logs/render_claims.log",
    benchmark:
        "benchmarks/render_claims.tsv"


use rule render_summary as render_neighbours with:
    input:
        table="results/embeddings/neighbours.csv",
        lib=library("pages"),
    output:
        html=report(
            "results/tables/neighbours.html",
            caption="../report/neighbours.rst",
            category="Word vectors",
            labels={"what": "Nearest words"},
        ),
    log:
        "logs/render_neighbours.log",
    benchmark:
        "benchmarks/render_neighbours.tsv"


use rule render_summary as render_analogies with:
    input:
        table="results/embeddings/analogies.csv",
        lib=library("pages"),
    output:
        html=report(
            "results/tables/analogies.html",
            caption="../report/analogies.rst",
            category="Word vectors",
            labels={"what": "Analogies"},
        ),
    log:
        "logs/render_analogies.log",
    benchmark:
        "benchmarks/render_analogies.tsv"


rule show_disagreements:
    input:
        predictions=run_files("predictions.parquet"),
        reviews="results/reviews/test.parquet",
        models=[f"results/runs/{variant}/all/seed{min(SEEDS[variant])}/model.keras" for variant, _ in RUNS],
        readers=active_vectorizers,
        lib=library(
            "explanation",
            "trained",
            "pages",
            "models",
            "layers",
            "transformer",
            "training",
            "vectorizer",
            "predictions",
            "encoded",
            "corpus",
        ),
    output:
        html=report(
            "results/disagreements.html",
            caption="../report/disagreements.rst",
            category="Errors",
            labels={"what": "Reviews on which variants disagree"},
        ),
    log:
        "logs/show_disagreements.log",
    benchmark:
        "benchmarks/show_disagreements.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        runs=RUNS,
        backend=lookup("backend", within=config),
    message:
        "Looking at the reviews on which the variants disagree"
    script:
        "../scripts/show_disagreements.py"


rule write_model_card:
    input:
        record=first_run_file("training.json"),
        summary="results/summary.csv",
        accuracy_by_length="results/accuracy_by_length.csv",
        validation=vectorizer_file("validation.arrow"),
        test=vectorizer_file("test.arrow"),
        vocabulary=vectorizer_file("vocabulary.json"),
        settings=vectorizer_file("settings.json"),
        template=MODEL_CARD,
        lib=library("pages", "encoded", "vectorizer"),
    output:
        markdown="results/model_cards/{variant}.md",
        html=report(
            "results/model_cards/{variant}.html",
            caption="../report/model_card.rst",
            category="Model cards",
            labels={"variant": "{variant}"},
        ),
    log:
        "logs/write_model_card/{variant}.log",
    benchmark:
        "benchmarks/write_model_card/{variant}.tsv"
    conda:
        "../../environment.yml"
    script:
        "../scripts/write_model_card.py"


# All that there is to look at; `snakemake report --report report.html` puts it on one page.
rule report:
    input:
        report_products,
