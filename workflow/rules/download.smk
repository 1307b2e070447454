# From the network, or from wherever the config says, to resources/. Verified, and never asked for twice.
# The scripts read the sources from the config and not from params: the checksum decides what a file is, so that another
# mirror in the list is no reason to download again. The params hold it, or what stands for it where there is none.


localrules:
    download_corpus,
    download_glove,


rule download_corpus:
    output:
        CORPUS,
    log:
        "logs/download_corpus.log",
    benchmark:
        "benchmarks/download_corpus.tsv"
    conda:
        "../../environment.yml"
    params:
        checksum=state_of("corpus"),
    message:
        "Getting the corpus"
    script:
        "../scripts/download_corpus.py"


rule download_glove:
    output:
        "resources/glove.txt",
    log:
        "logs/download_glove.log",
    benchmark:
        "benchmarks/download_glove.tsv"
    conda:
        "../../environment.yml"
    params:
        member=lookup("glove/member", within=config),
        checksum=state_of("glove"),
    message:
        "Getting the pretrained vectors"
    script:
        "../scripts/download_glove.py"
