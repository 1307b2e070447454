# Each target first builds .venv from the lock file, if need be.
PYTHON ?= python3
CORES ?= 4

INSTALLED := .venv/installed
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: results study demo report test test-slow lint audit benchmark lock

# The chapter on the real reviews, which are downloaded.
results: $(INSTALLED)
	snakemake --cores $(CORES) results/summary.csv
	@cat logs/summarize_runs.log

# Every claim of the chapter: all variants, three seeds, the learning curve.
study: $(INSTALLED)
	snakemake --cores $(CORES) --configfile config/config.yaml config/study.yaml -- results/summary.csv
	@cat logs/summarize_runs.log

# The same on a made-up corpus, in demo/.
demo: $(INSTALLED)
	python workflow/scripts/generate_demo_corpus.py demo/corpus
	snakemake --cores $(CORES) --directory demo \
	    --configfile config/config.yaml config/demo.yaml demo/corpus/sources.yaml
	@cat demo/logs/summarize_runs.log

# Figures, tables and model cards of the chapter's results on one page, for a browser.
report: $(INSTALLED)
	snakemake --cores $(CORES) report
	snakemake report --report report.html

# The models and their training are tested on both of Keras' backends, the exported ones on that which they are for.
# A process more than two cores take: some tests wait for SLURM, a server or a lock.
test: lint
	KERAS_BACKEND=jax python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder \
	    --ignore tests/test_text_model.py
	KERAS_BACKEND=tensorflow python -m pytest --numprocesses 2 --dist loadfile tests/test_layers.py \
	    tests/test_training.py tests/test_bag_of_words.py tests/test_naive_bayes.py tests/test_transformer.py \
	    tests/test_text_model.py

# What takes too long for every change: pipelines that are killed again and again; 25 times as many damaged files.
test-slow: $(INSTALLED)
	KERAS_BACKEND=jax python -m pytest -m slow -s
	KERAS_BACKEND=jax FUZZ=25 python -m pytest tests/test_fuzz.py

lint: $(INSTALLED)
	ruff check . bin/wordorder
	ruff format --check . bin/wordorder
	snakefmt --check Snakefile workflow
	snakemake --lint

# Known vulnerabilities of the pinned packages. Strict: a package that the service does not know is an error.
audit: $(INSTALLED)
	uv tool run pip-audit --requirement requirements.txt --require-hashes --disable-pip --strict

# How fast training is on this machine, which should do nothing else meanwhile; see docs/performance/README.md.
benchmark: $(INSTALLED)
	snakemake --cores $(CORES) results/vectorizers/words/train.arrow results/vectorizers/words/glove.npy
	python workflow/scripts/benchmark_training.py results docs/performance/benchmark.csv
	python workflow/scripts/benchmark_scaling.py results docs/performance/scaling.csv
	python workflow/scripts/benchmark_glove.py resources/glove.txt results docs/performance/glove.csv
	python workflow/scripts/plot_benchmarks.py docs/performance

# Newest versions that pyproject.toml allows: requirements.txt for pip and environment.yml for conda.
lock: $(INSTALLED)
	uv pip compile pyproject.toml --group dev --universal --upgrade --quiet --generate-hashes \
	    --custom-compile-command "make lock" --output-file requirements.txt
	{ sed '/^ *- pip:/q' environment.yml; \
	  uv pip compile pyproject.toml --group dev --universal --quiet --no-annotate --no-header \
	      --constraint requirements.txt | sed 's/^/      - "/; s/$$/"/'; } > environment.yml.new
	mv environment.yml.new environment.yml

$(INSTALLED): requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv --clear .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	ln -sf ../../bin/wordorder .venv/bin/wordorder
	touch $@
