# From the network, or from wherever the config says, to resources/. Verified, and never asked for twice.
# The checksum decides what a file is, so that another mirror in the list is no reason to download again.
# What is there is left where it is (`update`): runs that share resources/ may start together.


rule download_corpus:
    output:
        corpus=update(paths.CORPUS),
        checksums=update(paths.checksums(paths.CORPUS)),
    log:
        paths.log("download_corpus"),
    benchmark:
        paths.benchmark("download_corpus")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=download_settings(CONFIG.corpus.sources, CONFIG.corpus.checksum, paths.checksums(paths.CORPUS)),
        untracked=untracked(sources=CONFIG.corpus.sources, checksum=CONFIG.corpus.checksum),
    message:
        "Getting the corpus"
    script:
        "../scripts/download_corpus.py"


# Of a corpus in several files each by itself, so that a change of one does not bring all again.
use rule download_corpus as download_split with:
    output:
        corpus=update(paths.split_file()),
        checksums=update(paths.checksums(paths.split_file())),
    log:
        paths.log("download_split", "{split}", "{number}"),
    benchmark:
        paths.benchmark("download_split", "{split}", "{number}")
    # Snakemake does not take this over.
    localrule: True
    params:
        settings=split_file_settings,
        untracked=split_file_sources,
    message:
        "Getting the {wildcards.split} split of the corpus, file {wildcards.number}"


rule download_glove:
    output:
        vectors=update(paths.GLOVE),
        checksums=update(paths.checksums(paths.GLOVE)),
    log:
        paths.log("download_glove"),
    benchmark:
        paths.benchmark("download_glove")
    localrule: True
    conda:
        "../../environment.yml"
    params:
        settings=download_settings(
            CONFIG.glove.sources, CONFIG.glove.checksum, paths.checksums(paths.GLOVE), CONFIG.glove.member
        ),
        untracked=untracked(sources=CONFIG.glove.sources, member=CONFIG.glove.member, checksum=CONFIG.glove.checksum),
    message:
        "Getting the pretrained vectors"
    script:
        "../scripts/download_glove.py"
