# Two commands on a fresh machine: `make reproduce` and `make test`.

PYTHON ?= python3
VENV := .venv
# DVC runs the `python` that stands first on PATH.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

BASE ?= main

.PHONY: reproduce paper test test-slow lint format ideas review bench scale docs faults parameters

reproduce: $(VENV)/installed  ## the whole study on the offline sample
	dvc repro

paper: $(VENV)/installed  ## the report's own settings on PASCAL VOC2007 (hours on a CPU)
	dvc exp run -S data.source=voc2007 -S split.validation=1000 -S train.epochs=10 \
	  -S train.batch_size=16 -S frozen.vgg=pretrained -S frozen.clip=pretrained

test: $(VENV)/installed-dev  ## under 6 minutes, offline
	pytest -m "not slow"

test-slow: $(VENV)/installed-dev  ## what takes longer
	pytest -m slow

ideas: $(VENV)/installed  ## what each idea is worth: trains 153 networks, or those that are missing
	dvc exp run stages/dvc.yaml:ideas
	cp data/ideas/* plots/

review: $(VENV)/installed  ## what changed against BASE, as Markdown
	@python -m srcore.reporting.pull_request $(BASE)

bench: $(VENV)/installed-dev  ## a training step against the literal program; the other stages
	python -m benchmarks.step
	python -m benchmarks.pipeline

IMAGES ?= 5011

scale: $(VENV)/installed-dev  ## time and memory of the stages on many images (20 minutes)
	python -m benchmarks.scale $(IMAGES)

faults: $(VENV)/installed-dev  ## what can go wrong and what it ends in: make faults > docs/faults.md
	@PYTHONPATH=tests python -m faults

docs: $(VENV)/installed-dev  ## what the docs say of models, stages, parameters and faults, written anew
	@python -m srcore.reporting.documentation
	@PYTHONPATH=tests python -m faults > docs/faults.md

parameters: $(VENV)/installed  ## every parameter: make parameters > docs/parameters.md
	@python -m srcore.params.reference

lint: $(VENV)/installed-dev  ## style, types, and imports that run one way
	ruff check
	ruff format --check
	pyright
	lint-imports --no-logo

format: $(VENV)/installed-dev
	ruff check --fix
	ruff format

$(VENV)/installed: pyproject.toml constraints.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@
