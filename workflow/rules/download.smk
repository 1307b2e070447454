# From the network, or from wherever the config says, to resources/. Verified, and never asked for twice.
# The checksum decides what a file is, so that another mirror in the list is no reason to download again.


rule download_corpus:
    output:
        corpus=paths.CORPUS,
    log:
        paths.log("download_corpus"),
    benchmark:
        paths.benchmark("download_corpus")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=download_settings("download_corpus.py", CONFIG.corpus),
        untracked=untracked(sources=CONFIG.corpus.sources),
    message:
        "Getting the corpus"
    script:
        "../scripts/download_corpus.py"


rule download_glove:
    output:
        vectors=paths.GLOVE,
    log:
        paths.log("download_glove"),
    benchmark:
        paths.benchmark("download_glove")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=download_settings("download_glove.py", CONFIG.glove, member=CONFIG.glove.member),
        untracked=untracked(sources=CONFIG.glove.sources),
    message:
        "Getting the pretrained vectors"
    script:
        "../scripts/download_glove.py"
