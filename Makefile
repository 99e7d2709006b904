# Inside the Batch. `make help` lists what there is to do.
# All that is needed beforehand is Python 3.11 and make; the first target that needs the
# environment makes it, in .venv, and nothing is downloaded after that.
#
# On Linux, torch's CPU build is smaller by gigabytes; README.md says how to ask for it
# with PIP_ARGS, which is passed to every `pip install`.

PYTHON ?= python3
PIP_ARGS ?=
BIN := .venv/bin
CHAPTERS := $(sort $(wildcard book/*.ipynb))
SITE := _build/html
# All that the site is made from; a folder is newer when a file of it has gone.
SOURCES := Makefile _config.yml _toc.yml $(shell find book/. companion/. \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -o -print)
ALONE := _build/alone
# The Python that runs exercises in a page.
PAGE_PYTHON := _build/page_python
MAKING := scripts/page_python
SLIDES := scripts/slides
CLASSROOM := _build/inside-the-batch-classroom
SMALL ?=

# "python3.11" where "python3" is another version
ifneq ($(shell command -v python3.11 2>/dev/null),)
PYTHON := python3.11
endif

# One thread each: two things run side by side, and on small tensors threads only wait.
test notebooks: export OMP_NUM_THREADS := 1
export PYTHONHASHSEED := 0
export JUPYTER_PLATFORM_DIRS := 1

.PHONY: help book slides classroom types test fuzz pdf lab notebooks bench pins clean
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

book: $(SITE)/.built ## build the site into _build/html and say which page to open
	@echo "Open this page in a browser: $(CURDIR)/$(SITE)/index.html"

# Anew and strictly, for a warning is told once only; not at all where nothing has changed.
$(SITE)/.built: .venv/ready $(SOURCES) $(PAGE_PYTHON)/python.js
	@rm -rf $(SITE)
	$(BIN)/jupyter-book build . --all -n -W --keep-going --quiet
	@touch $@

# From npm, by its lock file, and then never again; without it, the site has no editors.
$(PAGE_PYTHON)/python.js: .venv/ready $(wildcard $(MAKING)/*.*) $(wildcard companion/answering/*.*) companion/checking.py $(wildcard companion/exercises/*.py)
	@{ test -d $(MAKING)/node_modules/terser || $(BIN)/npm ci --prefix $(MAKING) --ignore-scripts --silent; } \
	&& $(BIN)/python $(MAKING)/build.py $@ \
	|| echo "The page's Python was not fetched; pages are made without editors for their exercises"

slides: $(SITE)/slides/.built ## cut every chapter into slides, in the site's folder slides
	@echo "The slides are in $(CURDIR)/$(SITE)/slides"

# reveal.js comes from npm, by its lock file, once.
$(SITE)/slides/.built: $(SITE)/.built $(wildcard $(SLIDES)/*.*)
	@test -d $(SLIDES)/node_modules/reveal.js || $(BIN)/npm ci --prefix $(SLIDES) --ignore-scripts --silent
	@$(BIN)/python -m scripts.slides.build $(SITE)
	@touch $@

classroom: $(SITE)/slides/.built ## pack a classroom in one zip; SMALL=yes leaves out the pages' Python
	@$(BIN)/python -m scripts.classroom.build $(SITE) $(CLASSROOM)$(if $(SMALL),-small --small)

types: .venv/ready
	$(BIN)/ruff check --no-cache . && $(BIN)/ruff format --check .
	$(BIN)/mypy

test: .venv/ready ## prove it: style, types, units, properties, every cell, parity, the site
	@$(MAKE) --no-print-directory --jobs 2 --output-sync types book
	@$(MAKE) --no-print-directory classroom || echo "No slides, no classroom; their tests say so"
	$(BIN)/pytest --numprocesses 2 --dist loadgroup
	$(BIN)/python scripts/alone.py $(ALONE) $(CHAPTERS)

fuzz: export RANDOM_STATES := 5000
fuzz: .venv/ready ## hold the explorer to the companion on 5,000 random batches, and every hostile link
	$(BIN)/pytest tests/browser/test_frames.py tests/browser/test_hostile.py --numprocesses 2

pdf: export PDF := _build/inside-the-batch.pdf
pdf: book ## print the whole book as one PDF with bookmarks, into _build
	$(BIN)/python scripts/pdf.py $(SITE) $(PDF)
	$(BIN)/pytest tests/test_pdf.py

lab: .venv/ready ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab book

notebooks: .venv/ready ## run every chapter again and store its outputs
	$(BIN)/python scripts/notebooks.py $(CHAPTERS)

bench: book ## time the collate against its peers, the explorer and the audit; rewrites companion/results
	$(BIN)/python -m benchmarks.collating
	$(BIN)/python -m benchmarks.tokenizing
	$(BIN)/python -m benchmarks.surveying
	$(BIN)/python -m benchmarks.explorer
	$(BIN)/python -m benchmarks.padding_strategies
	$(BIN)/python -m benchmarks.auditing

pins: ## renew requirements.txt from the ranges in pyproject.toml
	$(PYTHON) scripts/pins.py $(PIP_ARGS)

clean: ## remove the built site and the environment
	rm -rf _build .venv tests/javascript/node_modules $(MAKING)/node_modules $(SLIDES)/node_modules

.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:3]; sys.exit(v < (3, 11, 2) and f"Python 3.11.2 is needed, and $(PYTHON) is {v[0]}.{v[1]}.{v[2]}; name another with make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install $(PIP_ARGS) --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/pip install $(PIP_ARGS) --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/npm ci --prefix tests/javascript --silent || echo "TypeScript was not fetched; the test that needs it tries again"
	@touch $@
