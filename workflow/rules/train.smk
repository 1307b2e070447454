# One training for each variant, number of training reviews and seed, and its evaluation by a process of its own.


rule train_model:
    input:
        train=of_vectorizer(paths.encoded("train")),
        validation=of_vectorizer(paths.encoded("validation")),
        vocabulary=of_vectorizer(paths.vocabulary()),
        vectors=pretrained_vectors,
        unlabelled=unlabelled_reviews,
        soft_labels=soft_labels,
        groups=groups_of_reviews,
    output:
        **{name: paths.run(file) for name, file in paths.TRAINED.items()},
    log:
        paths.log("train_model", *paths.OF_RUN),
    benchmark:
        paths.benchmark("train_model", *paths.OF_RUN)
    conda:
        "../../environment.yml"
    # One core each: two trainings side by side get more done than one after the other on two cores.
    threads: 1
    # The Transformer takes 1.5 GB, pooled LSTMs 1.8 GB, NB-LR as a student 2.9 GB, the others less.
    resources:
        mem_mb=3000,
    params:
        settings=training_settings,
    message:
        "Training {wildcards.variant} on {wildcards.size} reviews with seed {wildcards.seed}"
    script:
        "../scripts/train_model.py"


rule evaluate_model:
    input:
        model=paths.run("model.keras"),
        test=of_vectorizer(paths.encoded("test")),
    output:
        **{name: paths.run(file) for name, file in paths.EVALUATED.items()},
    log:
        paths.log("evaluate_model", *paths.OF_RUN),
    benchmark:
        paths.benchmark("evaluate_model", *paths.OF_RUN)
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        settings=prediction_settings("evaluate_model.py"),
    message:
        "Evaluating {wildcards.variant} trained on {wildcards.size} reviews with seed {wildcards.seed}"
    script:
        "../scripts/evaluate_model.py"


rule evaluate_ensemble:
    input:
        members=member_predictions,
    output:
        **{name: paths.run(file, "{ensemble}", "all") for name, file in paths.EVALUATED.items()},
    log:
        paths.log("evaluate_ensemble", "{ensemble}", "seed{seed}"),
    benchmark:
        paths.benchmark("evaluate_ensemble", "{ensemble}", "seed{seed}")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=job_settings("evaluate_ensemble.py"),
    message:
        "Evaluating the ensemble {wildcards.ensemble} with seed {wildcards.seed}"
    script:
        "../scripts/evaluate_ensemble.py"


rule measure_word_order:
    input:
        model=paths.run_of_all("model.keras"),
        record=paths.run_of_all("training.json"),
        test=of_vectorizer(paths.encoded("test")),
        reviews=paths.reviews("test"),
        vocabulary=of_vectorizer(paths.vocabulary()),
        vectorizer=of_vectorizer(paths.vectorizer_settings()),
    output:
        right_answers=paths.run_of_all(paths.RIGHT_ANSWERS),
        contrasts=paths.run_of_all(paths.CONTRASTS),
    log:
        paths.log("measure_word_order", *paths.OF_RUN_ON_ALL),
    benchmark:
        paths.benchmark("measure_word_order", *paths.OF_RUN_ON_ALL)
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2500,
    params:
        settings=prediction_settings(
            "measure_word_order.py", draws=CONFIG.word_order.draws, praise=CONFIG.word_order.praise
        ),
    message:
        "Asking {wildcards.variant} with seed {wildcards.seed} about reviews in other orders"
    script:
        "../scripts/measure_word_order.py"


rule label_reviews:
    input:
        model=paths.run_of_all("model.keras"),
        reviews=of_vectorizer(paths.encoded(paths.UNLABELLED)),
    output:
        labels=paths.run_of_all(paths.SOFT_LABELS),
    log:
        paths.log("label_reviews", *paths.OF_RUN_ON_ALL),
    benchmark:
        paths.benchmark("label_reviews", *paths.OF_RUN_ON_ALL)
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2500,
    params:
        settings=prediction_settings("label_reviews.py"),
    message:
        "Labelling the unlabelled reviews by {wildcards.variant} with seed {wildcards.seed}"
    script:
        "../scripts/label_reviews.py"
