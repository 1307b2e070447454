# From the archives to integer arrays and the matrix of pretrained vectors.


rule split_corpus:
    input:
        archive="resources/aclImdb_v1.tar.gz",
        lib=library("corpus", "parquet"),
    output:
        train="results/reviews/train.parquet",
        validation="results/reviews/validation.parquet",
        test="results/reviews/test.parquet",
    log:
        "logs/split_corpus.log",
    benchmark:
        "benchmarks/split_corpus.tsv"
    conda:
        "../../environment.yml"
    params:
        validation_fraction=lookup("split/validation_fraction", within=config),
        seed=lookup("split/seed", within=config),
    message:
        "Splitting the reviews into training, validation and test"
    script:
        "../scripts/split_corpus.py"


rule adapt_vectorizer:
    input:
        reviews="results/reviews/train.parquet",
        lib=library("vectorizer"),
    output:
        vocabulary="results/vectorizer/vocabulary.json",
    log:
        "logs/adapt_vectorizer.log",
    benchmark:
        "benchmarks/adapt_vectorizer.tsv"
    conda:
        "../../environment.yml"
    params:
        max_tokens=lookup("vectorizer/max_tokens", within=config),
        standardize=lookup("vectorizer/standardize", within=config),
    message:
        "Adapting the vectorizer to the training reviews"
    script:
        "../scripts/adapt_vectorizer.py"


rule encode_reviews:
    input:
        reviews=expand("results/reviews/{split}.parquet", split=SPLITS),
        vocabulary="results/vectorizer/vocabulary.json",
        lib=library("vectorizer", "encoded"),
    output:
        encoded=expand("results/vectorizer/{split}.arrow", split=SPLITS),
    log:
        "logs/encode_reviews.log",
    benchmark:
        "benchmarks/encode_reviews.tsv"
    conda:
        "../../environment.yml"
    params:
        standardize=lookup("vectorizer/standardize", within=config),
    message:
        "Encoding the reviews"
    script:
        "../scripts/encode_reviews.py"


rule build_glove_matrix:
    input:
        vectors="resources/glove.txt",
        vocabulary="results/vectorizer/vocabulary.json",
        lib=library("glove"),
    output:
        matrix="results/glove/matrix.npy",
    log:
        "logs/build_glove_matrix.log",
    benchmark:
        "benchmarks/build_glove_matrix.tsv"
    conda:
        "../../environment.yml"
    params:
        dimension=lookup("glove/dimension", within=config),
    message:
        "Looking up the GloVe vectors of the vocabulary"
    script:
        "../scripts/build_glove_matrix.py"
