# From the network, or from wherever the config says, to resources/. Verified, and never asked for twice.
# The scripts read the sources from the config and not from params: the checksum decides what a file is, so that another
# mirror in the list is no reason to download again.


localrules:
    download_imdb,
    download_glove,


rule download_imdb:
    output:
        "resources/aclImdb_v1.tar.gz",
    log:
        "logs/download_imdb.log",
    benchmark:
        "benchmarks/download_imdb.tsv"
    conda:
        "../../environment.yml"
    params:
        checksum=lookup("imdb/checksum", within=config),
    message:
        "Downloading the IMDB reviews (84 MB)"
    script:
        "../scripts/download_imdb.py"


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
        checksum=lookup("glove/checksum", within=config),
    message:
        "Downloading the GloVe vectors (134 MB)"
    script:
        "../scripts/download_glove.py"
