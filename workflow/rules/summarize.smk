# From the records and predictions of all runs to the tables.

LEARNED = [run for name in CONFIG.embedding_variants() for run in CONFIG.runs_of(name)]


# The last table: every result is among its inputs, so that `snakemake results/summary.csv` makes them all.
rule summarize_runs:
    input:
        training=files_of("training.json", CONFIG.runs()),
        costs=files_of("costs.csv", CONFIG.runs()),
        evaluation=files_of("evaluation.json", CONFIG.tested_runs()),
        predictions=files_of("predictions.parquet", CONFIG.tested_runs()),
        reviews=paths.reviews("test"),
        products=results_for_summary,
    output:
        runs=paths.csv("runs"),
        summary=paths.csv("summary"),
    log:
        paths.log("summarize_runs"),
    benchmark:
        paths.benchmark("summarize_runs")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=job_settings(
            "summarize_runs.py",
            chapter={name: CONFIG.variants[name].chapter_accuracy for name in CONFIG.active_variants},
            ensembles=CONFIG.ensemble_runs(),
            varies_like=CONFIG.varies_like(CONFIG.tested_runs()),
        ),
    script:
        "../scripts/summarize_runs.py"


rule compare_variants:
    input:
        predictions=files_of("predictions.parquet", CONFIG.tested_runs()),
        reviews=paths.reviews("test"),
    output:
        comparisons=paths.csv("comparisons"),
    log:
        paths.log("compare_variants"),
    benchmark:
        paths.benchmark("compare_variants")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=job_settings(
            "compare_variants.py", runs=CONFIG.tested_runs(), varies_like=CONFIG.varies_like(CONFIG.tested_runs())
        ),
    script:
        "../scripts/compare_variants.py"


rule tabulate_lengths:
    input:
        predictions=files_of("predictions.parquet", CONFIG.tested_runs()),
        test=paths.encoded("test", CONFIG.vectorizer),
    output:
        accuracies=paths.csv("accuracy_by_length"),
    log:
        paths.log("tabulate_lengths"),
    benchmark:
        paths.benchmark("tabulate_lengths")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=job_settings("tabulate_lengths.py", runs=CONFIG.tested_runs()),
    script:
        "../scripts/tabulate_lengths.py"


rule tabulate_learning_curve:
    input:
        predictions=only_if(
            CONFIG.curve_runs(),
            files_of("predictions.parquet", CONFIG.curve_runs()),
            "There is no learning curve: learning_curve.variants is empty in the config.",
        ),
        reviews=paths.reviews("test"),
    output:
        curve=paths.csv("learning_curve"),
        crossings=paths.csv("crossings"),
    log:
        paths.log("tabulate_learning_curve"),
    benchmark:
        paths.benchmark("tabulate_learning_curve")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=job_settings(
            "tabulate_learning_curve.py", runs=CONFIG.curve_runs(), varies_like=CONFIG.varies_like(CONFIG.curve_runs())
        ),
    script:
        "../scripts/tabulate_learning_curve.py"


rule tabulate_word_order:
    input:
        right_answers=only_if(
            CONFIG.word_order.variants,
            files_of(paths.RIGHT_ANSWERS, CONFIG.reordered_runs()),
            "No model is asked about reviews in other orders: word_order.variants is empty in the config.",
        ),
        contrasts=files_of(paths.CONTRASTS, CONFIG.reordered_runs()),
        reviews=paths.reviews("test"),
    output:
        word_order=paths.csv("word_order"),
        contrast_table=paths.csv("contrasts"),
    log:
        paths.log("tabulate_word_order"),
    benchmark:
        paths.benchmark("tabulate_word_order")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=job_settings(
            "tabulate_word_order.py",
            runs=CONFIG.reordered_runs(),
            varies_like=CONFIG.varies_like(CONFIG.reordered_runs()),
        ),
    script:
        "../scripts/tabulate_word_order.py"


# With the cores of a common machine, so that nothing runs beside it. Plain Keras holds a batch as one-hot vectors.
rule time_steps:
    input:
        train=only_if(
            CONFIG.timed_variants,
            vectorizer_files(paths.encoded("train"), CONFIG.timed_variants),
            "There is nothing to time: timed_variants is empty in the config.",
        ),
        vocabularies=vectorizer_files(paths.vocabulary(), CONFIG.timed_variants),
    output:
        step_times=paths.csv("step_times"),
    log:
        paths.log("time_steps"),
    benchmark:
        paths.benchmark("time_steps")
    conda:
        "../../environment.yml"
    threads: 4
    resources:
        mem_mb=5000,
    params:
        settings=timing_settings,
    message:
        "Timing the steps of training in plain Keras and in ours"
    script:
        "../scripts/time_steps.py"


# By the vectors of every seed: a claim is about a way to learn them.
rule answer_questions:
    input:
        models=files_of("model.keras", LEARNED),
        matrices=[paths.vectors(name, CONFIG.vectorizer) for name in CONFIG.embedding_matrices()],
        vocabulary=only_if(CONFIG.asks_for("word_vectors"), paths.vocabulary(CONFIG.vectorizer), NO_VECTORS),
    output:
        questions=paths.csv("embeddings/questions"),
    log:
        paths.log("answer_questions"),
    benchmark:
        paths.benchmark("answer_questions")
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        settings=settings_with_models(
            "answer_questions.py",
            LEARNED,
            names=[*((name, 0) for name in MATRICES), *((run.variant, run.seed) for run in LEARNED)],
        ),
    message:
        "Asking the word vectors for analogies"
    script:
        "../scripts/answer_questions.py"


rule decide_claims:
    input:
        # The workflow's own claims are no file that a user could change; theirs is in no storage and below no prefix.
        claims_file=local(CONFIG.claims) if CONFIG.claims else [],
        predictions=only_if(
            CONFIG.decides_claims,
            files_of("predictions.parquet", [*CONFIG.runs(), *CONFIG.curve_runs(), *CONFIG.ensemble_runs()]),
            "The workflow's own claims are about the reviews of the chapter; write the name of a file of yours under "
            "claims in the config.",
        ),
        reviews=paths.reviews("test"),
        costs=files_of("costs.csv", [*CONFIG.runs(), *CONFIG.curve_runs()]),
        step_times=paths.csv("step_times") if CONFIG.timed_variants else [],
        questions=ANSWERS,
    output:
        table=paths.csv("claims"),
    log:
        paths.log("decide_claims"),
    benchmark:
        paths.benchmark("decide_claims")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=stated_claims,
    script:
        "../scripts/decide_claims.py"
