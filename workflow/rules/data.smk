# From the corpus to integer arrays and the matrix of pretrained vectors.


rule split_corpus:
    input:
        corpus=CORPUS,
        lib=library("corpus", "formats", "parquet"),
    output:
        train="results/reviews/train.parquet",
        validation="results/reviews/validation.parquet",
        test="results/reviews/test.parquet",
        unlabelled="results/reviews/unlabelled.parquet",
    log:
        "logs/split_corpus.log",
    benchmark:
        "benchmarks/split_corpus.tsv"
    conda:
        "../../environment.yml"
    params:
        layout={key: value for key, value in config["corpus"].items() if key not in ("sources", "checksum")},
        test_fraction=lookup("split/test_fraction", within=config),
        validation_fraction=lookup("split/validation_fraction", within=config),
        seed=lookup("split/seed", within=config),
    message:
        "Splitting the reviews into training, validation, test and unlabelled"
    script:
        "../scripts/split_corpus.py"


rule adapt_vectorizer:
    input:
        reviews="results/reviews/train.parquet",
        lib=library("vectorizer"),
    output:
        vocabulary="results/vectorizers/{vectorizer}/vocabulary.json",
        settings="results/vectorizers/{vectorizer}/settings.json",
    log:
        "logs/adapt_vectorizer/{vectorizer}.log",
    benchmark:
        "benchmarks/adapt_vectorizer/{vectorizer}.tsv"
    conda:
        "../../environment.yml"
    params:
        max_tokens=lookup("vectorizers/{vectorizer}/max_tokens", within=config),
        standardize=lookup("vectorizers/{vectorizer}/standardize", within=config),
        strip_html=lookup("vectorizers/{vectorizer}/strip_html", within=config),
        ngrams=lookup("vectorizers/{vectorizer}/ngrams", within=config),
    message:
        "Adapting the vectorizer {wildcards.vectorizer} to the training reviews"
    script:
        "../scripts/adapt_vectorizer.py"


rule encode_reviews:
    input:
        reviews=expand("results/reviews/{split}.parquet", split=SPLITS),
        vocabulary="results/vectorizers/{vectorizer}/vocabulary.json",
        settings="results/vectorizers/{vectorizer}/settings.json",
        lib=library("vectorizer", "encoded"),
    output:
        encoded=expand("results/vectorizers/{{vectorizer}}/{split}.arrow", split=SPLITS),
    log:
        "logs/encode_reviews/{vectorizer}.log",
    benchmark:
        "benchmarks/encode_reviews/{vectorizer}.tsv"
    conda:
        "../../environment.yml"
    message:
        "Encoding the reviews with the vectorizer {wildcards.vectorizer}"
    script:
        "../scripts/encode_reviews.py"


use rule encode_reviews as encode_unlabelled with:
    input:
        reviews=["results/reviews/unlabelled.parquet"],
        vocabulary="results/vectorizers/{vectorizer}/vocabulary.json",
        settings="results/vectorizers/{vectorizer}/settings.json",
        lib=library("vectorizer", "encoded"),
    output:
        encoded=["results/vectorizers/{vectorizer}/unlabelled.arrow"],
    log:
        "logs/encode_unlabelled/{vectorizer}.log",
    benchmark:
        "benchmarks/encode_unlabelled/{vectorizer}.tsv"
    message:
        "Encoding the unlabelled reviews with the vectorizer {wildcards.vectorizer}"


rule train_cbow:
    input:
        reviews=expand("results/vectorizers/{{vectorizer}}/{split}.arrow", split=["train", "unlabelled"]),
        vocabulary="results/vectorizers/{vectorizer}/vocabulary.json",
        lib=library("cbow", "encoded"),
    output:
        matrix="results/vectorizers/{vectorizer}/cbow.npy",
    log:
        "logs/train_cbow/{vectorizer}.log",
    benchmark:
        "benchmarks/train_cbow/{vectorizer}.tsv"
    conda:
        "../../environment.yml"
    params:
        dimension=lookup("cbow/dimension", within=config),
        window=lookup("cbow/window", within=config),
        negative=lookup("cbow/negative", within=config),
        epochs=lookup("cbow/epochs", within=config),
        seed=lookup("cbow/seed", within=config),
    message:
        "Learning vectors from the training and the unlabelled reviews"
    script:
        "../scripts/train_cbow.py"


rule build_glove_matrix:
    input:
        vectors="resources/glove.txt",
        vocabulary="results/vectorizers/{vectorizer}/vocabulary.json",
        lib=library("glove"),
    output:
        matrix="results/vectorizers/{vectorizer}/glove.npy",
    log:
        "logs/build_glove_matrix/{vectorizer}.log",
    benchmark:
        "benchmarks/build_glove_matrix/{vectorizer}.tsv"
    conda:
        "../../environment.yml"
    params:
        dimension=lookup("glove/dimension", within=config),
    message:
        "Looking up the pretrained vectors of the vocabulary"
    script:
        "../scripts/build_glove_matrix.py"
