# What word order, learned embeddings, masking and pretrained vectors buy in text classification.
#
#     resources/                          what was downloaded or copied
#     results/reviews/{split}.parquet     the reviews of a split: id, label, text
#     results/vectorizers/{vectorizer}/
#         vocabulary.json                 the tokens, by falling frequency
#         {split}.arrow                   the reviews as token numbers
#         glove.npy, cbow.npy             row i is the vector of token i
#     results/runs/{variant}/{size}/seed{seed}/
#                                         one training: model, history, costs, summary, evaluation; size is the number
#                                         of training reviews, or `all`
#     results/runs.csv                    one row for each training on all reviews
#     results/summary.csv                 one row for each variant, over its seeds
#     results/comparisons.csv             one row for each pair of variants
#     results/accuracy_by_length.csv      one row for each training and quarter of the reviews by length
#     results/claims.csv                  one row for each claim of config/claims.yaml that the runs decide
#     results/learning_curve.csv          accuracy against the number of training reviews
#     results/{figures,tables,model_cards}/
#                                         what there is to look at, made by `snakemake report`
#     logs/, benchmarks/                  the same tree again, for each rule
#     backups/                            trainings that are not yet over
from snakemake.utils import min_version

min_version("9.17.3")


report: "workflow/report/workflow.rst"


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/download.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/summarize.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/export.smk"


rule all:
    default_target: True
    input:
        products,
