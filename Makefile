# Two commands on a fresh machine: `make reproduce` and `make test`.

PYTHON ?= python3
VENV := .venv
# DVC runs the `python` that stands first on PATH.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

# DVC keeps a database of file states here, and reads it with a library that runs what it finds in
# it. Its own place for it may be one that all users of a machine can write to: see
# docs/security.md. The folder is made here, for its owner alone.
export DVC_SITE_CACHE_DIR ?= $(CURDIR)/.dvc/tmp/site
$(shell mkdir -p -m 700 '$(CURDIR)/.dvc/tmp' && mkdir -p -m 700 '$(DVC_SITE_CACHE_DIR)')

BASE ?= main
SINCE ?= HEAD

.PHONY: reproduce paper test test-slow lint format review experiments bench scale docs faults parameters

reproduce: $(VENV)/installed  ## the whole study on the offline sample
	dvc repro
	@echo "The report page: plots/report.html"

paper: $(VENV)/installed  ## the original study's settings on PASCAL VOC2007 (hours on a CPU)
	dvc exp run -S data.source=voc2007 -S split.validation=1000 -S train.epochs=10 \
	  -S train.batch_size=8 -S frozen.vgg=pretrained -S frozen.clip=pretrained

# Two processes whose idle threads sleep: threads that wait by spinning slow two processes tenfold.
TWO_PROCESSES := --numprocesses 2 --dist loadfile
test test-slow: export OMP_WAIT_POLICY := passive

test: $(VENV)/installed-dev  ## under 6 minutes, offline
	pytest -m "not slow" $(TWO_PROCESSES)

test-slow: $(VENV)/installed-dev  ## what takes longer
	pytest -m slow $(TWO_PROCESSES)

review: $(VENV)/installed  ## what changed against BASE, as Markdown
	@python -m srcore.reporting.pull_request $(BASE)

experiments: $(VENV)/installed  ## the experiments since SINCE side by side: Markdown, and a page with plots
	@python -m srcore.reporting.experiments $(SINCE)

bench: $(VENV)/installed-dev  ## a training step; upscaling; the other stages, and their memory
	python -m benchmarks.step
	python -m benchmarks.upscaling
	python -m benchmarks.pipeline
	python -m benchmarks.scale 200 --limit 30 --out benchmarks/memory.csv

IMAGES ?= 5011

scale: $(VENV)/installed-dev  ## time and memory of the stages on many images (20 minutes)
	python -m benchmarks.scale $(IMAGES)

faults: $(VENV)/installed-dev  ## what can go wrong and what it ends in: make faults > docs/faults.md
	@PYTHONPATH=tests python -m faults

docs: $(VENV)/installed-dev  ## what the docs say of models, stages, parameters and faults, rewritten
	@python -m srcore.reporting.documentation
	@PYTHONPATH=tests python -m faults > docs/.faults.md.partial
	@mv docs/.faults.md.partial docs/faults.md

parameters: $(VENV)/installed  ## every parameter: make parameters > docs/parameters.md
	@python -m srcore.params.reference

lint: $(VENV)/installed-dev  ## style, types, imports that run one way, workflows, and the docs' prose
	ruff check
	ruff format --check
	pyright
	lint-imports --no-logo
	zizmor --offline --no-progress --quiet .github
	@PYTHONPATH=tests python -m prose

format: $(VENV)/installed-dev
	ruff check --fix
	ruff format

$(VENV)/installed: pyproject.toml constraints.txt
	@test -x $(VENV)/bin/pip || $(PYTHON) -m venv --clear $(VENV) >&2
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[study]" >&2
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]" >&2
	@touch $@
