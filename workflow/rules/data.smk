# From the corpus to integer arrays and the matrices of pretrained vectors.


rule split_corpus:
    input:
        corpus=list(CORPUS_FILES),
    output:
        train=paths.reviews("train"),
        validation=paths.reviews("validation"),
        test=paths.reviews("test"),
        unlabelled=paths.reviews(paths.UNLABELLED),
        sizes=paths.csv("corpus"),
    log:
        paths.log("split_corpus"),
    benchmark:
        paths.benchmark("split_corpus")
    conda:
        "../../environment.yml"
    params:
        settings=job_settings(
            "split_corpus.py",
            modules=(formats.module_of(CONFIG.corpus.read_as),),
            splits=[file.split for file in CORPUS_FILES.values() if file.split],
            layout=CONFIG.corpus.layout(),
            min_texts_per_class=CONFIG.corpus.min_texts_per_class,
            **CONFIG.split.model_dump(),
        ),
    message:
        "Splitting the reviews into training, validation, test and unlabelled"
    script:
        "../scripts/split_corpus.py"


rule adapt_vectorizer:
    input:
        reviews=paths.reviews("train"),
    output:
        vocabulary=paths.vocabulary(),
        vectorizer_settings=paths.vectorizer_settings(),
    log:
        paths.log("adapt_vectorizer", "{vectorizer}"),
    benchmark:
        paths.benchmark("adapt_vectorizer", "{vectorizer}")
    conda:
        "../../environment.yml"
    params:
        settings=vectorizer_settings,
    message:
        "Adapting the vectorizer {wildcards.vectorizer} to the training reviews"
    script:
        "../scripts/adapt_vectorizer.py"


rule encode_reviews:
    input:
        reviews=[paths.reviews(split) for split in paths.SPLITS],
        vocabulary=paths.vocabulary(),
        vectorizer_settings=paths.vectorizer_settings(),
    output:
        encoded=[paths.encoded(split) for split in paths.SPLITS],
    log:
        paths.log("encode_reviews", "{vectorizer}"),
    benchmark:
        paths.benchmark("encode_reviews", "{vectorizer}")
    conda:
        "../../environment.yml"
    params:
        settings=job_settings("encode_reviews.py"),
        untracked=untracked(students=[]),
    message:
        "Encoding the reviews with the vectorizer {wildcards.vectorizer}"
    script:
        "../scripts/encode_reviews.py"


# Before any training where there are students, so that they are refused at once if there is nothing to learn from.
use rule encode_reviews as encode_unlabelled with:
    input:
        reviews=[paths.reviews(paths.UNLABELLED)],
        vocabulary=paths.vocabulary(),
        vectorizer_settings=paths.vectorizer_settings(),
    output:
        encoded=[paths.encoded(paths.UNLABELLED)],
    log:
        paths.log("encode_unlabelled", "{vectorizer}"),
    benchmark:
        paths.benchmark("encode_unlabelled", "{vectorizer}")
    priority: 1
    params:
        settings=job_settings("encode_reviews.py"),
        untracked=untracked(students=CONFIG.students()),
    message:
        "Encoding the unlabelled reviews with the vectorizer {wildcards.vectorizer}"


rule train_cbow:
    input:
        reviews=[paths.encoded("train"), paths.encoded(paths.UNLABELLED)],
        vocabulary=paths.vocabulary(),
    output:
        matrix=paths.vectors("cbow"),
    log:
        paths.log("train_cbow", "{vectorizer}"),
    benchmark:
        paths.benchmark("train_cbow", "{vectorizer}")
    conda:
        "../../environment.yml"
    params:
        settings=job_settings("train_cbow.py", **CONFIG.cbow.model_dump()),
    message:
        "Learning vectors from the training and the unlabelled reviews"
    script:
        "../scripts/train_cbow.py"


rule build_glove_matrix:
    input:
        vectors=paths.GLOVE,
        vocabulary=paths.vocabulary(),
    output:
        matrix=paths.vectors("glove"),
    log:
        paths.log("build_glove_matrix", "{vectorizer}"),
    benchmark:
        paths.benchmark("build_glove_matrix", "{vectorizer}")
    conda:
        "../../environment.yml"
    params:
        settings=job_settings("build_glove_matrix.py", dimension=CONFIG.glove.dimension),
    message:
        "Looking up the pretrained vectors of the vocabulary"
    script:
        "../scripts/build_glove_matrix.py"
