# The workflow is workflow/Snakefile. This file is where `snakemake` looks first, with profiles/default beside it.
# Not by the directive, under which Snakemake would not take the default target from there.
workflow.include("workflow/Snakefile", overwrite_default_target=True)
