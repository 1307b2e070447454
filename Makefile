# Each target first builds .venv from the lock file, if need be.
PYTHON ?= python3
CORES ?= 4

INSTALLED := .venv/installed
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# A process more than two cores take: some tests wait for SLURM, a server or a lock.
PYTEST := python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

.PHONY: results study publish demo report check lint test test-slow docs audit benchmark lock

# The chapter on the real reviews, which are downloaded.
results: $(INSTALLED)
	snakemake --cores $(CORES) results/summary.csv
	@cat logs/summarize_runs.log

# The claims of the chapter, with ten seeds: all tables and figures, and a report. config/README.md names other studies.
STUDY ?= study
study: $(INSTALLED)
	snakemake --cores $(CORES) --configfile config/$(STUDY).yaml --report-after-run --report report.zip
	@cat logs/summarize_runs.log

# What it has made, in docs/: the tables and figures that the page in this folder shows, and the figures in the pages.
FOLDER ?= docs/results
publish: $(INSTALLED)
	python workflow/scripts/publish_study.py . $(FOLDER)
	python workflow/scripts/generate_docs.py

# The same on a made-up corpus, in demo/.
demo: $(INSTALLED)
	python workflow/scripts/generate_demo_corpus.py demo/corpus
	snakemake --cores $(CORES) --directory demo \
	    --configfile config/demo.yaml demo/corpus/sources.yaml
	@cat demo/logs/summarize_runs.log

# The chapter's results, and all figures, tables and model cards on one page, for a browser.
report: $(INSTALLED)
	snakemake --cores $(CORES) --report-after-run --report report.html

# What a change needs before it is committed: style, types, and the tests that take no whole workflow.
check: lint
	KERAS_BACKEND=jax $(PYTEST) -m "not slow and not whole"

lint: $(INSTALLED)
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint
	mypy

# All of it. The models and their training are tested on both of Keras' backends, the exported ones on that which they
# are for.
test: check
	KERAS_BACKEND=jax $(PYTEST) -m "not slow and whole"
	KERAS_BACKEND=tensorflow $(PYTEST) $(addprefix tests/test_,$(addsuffix .py,$(ON_BOTH_BACKENDS) text_model))

ON_BOTH_BACKENDS := training lstm bag_of_words nb_lr averaged_vectors transformer convolution

# What takes too long for every change: pipelines that are killed again and again; 1,000 texts for the page; 25 times as
# many damaged files.
test-slow: $(INSTALLED)
	KERAS_BACKEND=jax python -m pytest -m slow -s
	KERAS_BACKEND=jax FUZZ=25 python -m pytest tests/test_fuzz.py

# What is made from the code and from the tables in docs/: the schema of the config, the tables of its keys, the list of
# files for hosted modules, the figures of the pages.
docs: $(INSTALLED)
	python workflow/scripts/generate_docs.py

# Known vulnerabilities of the pinned packages. Strict: a package that the service does not know is an error.
audit: $(INSTALLED)
	@rm -f .venv/audit
	uv tool run pip-audit --requirement requirements.txt --require-hashes --disable-pip --strict \
	    --output .venv/audit || { cat .venv/audit 2> /dev/null \
	    || echo "Nothing has been checked: pip-audit, or the service that it asks, gave no answer; see above." >&2; exit 1; }

# How fast training is on this machine, which should do nothing else meanwhile; see docs/performance/README.md.
benchmark: $(INSTALLED)
	snakemake --cores $(CORES) results/vectorizers/words/train.arrow results/vectorizers/words/glove.npy \
	    results/vectorizers/bigrams/train.arrow
	python workflow/scripts/benchmark_training.py results docs/performance/benchmark.csv
	python workflow/scripts/benchmark_scaling.py results docs/performance/scaling.csv
	python workflow/scripts/benchmark_glove.py resources/glove.txt results docs/performance/glove.csv
	python workflow/scripts/plot_benchmarks.py docs/performance

# Newest versions that pyproject.toml allows: requirements.txt for pip and environment.yml for conda.
# `make lock UPGRADE=` keeps the pinned versions and adds what pyproject.toml newly asks for.
UPGRADE := --upgrade
lock: $(INSTALLED)
	uv pip compile pyproject.toml --group dev --universal $(UPGRADE) --quiet --generate-hashes \
	    --custom-compile-command "make lock" --output-file requirements.txt
	{ sed '/^ *- pip:/q' environment.yml; \
	  uv pip compile pyproject.toml --group dev --universal --quiet --no-annotate --no-header \
	      --constraint requirements.txt | sed 's/^/      - "/; s/$$/"/'; } > environment.yml.new
	mv environment.yml.new environment.yml

# What pip installs names its own folder: where the project was moved to, or copied, all is installed again.
ifneq ($(shell cat $(INSTALLED) 2> /dev/null),$(CURDIR))
.PHONY: $(INSTALLED)
endif

# Of connection-pool, which Snakemake needs, there is only the source. It is built by the setuptools of the lock file,
# where pip would fetch any, and without a hash. So is the package itself, from this folder: nothing is fetched.
$(INSTALLED): requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv --clear .venv
	sed -n '/^setuptools==/,/# via/p' requirements.txt > .venv/setuptools.txt
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r .venv/setuptools.txt
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements.txt
	.venv/bin/pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	pwd -P > $@
