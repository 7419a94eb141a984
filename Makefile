# Everything runs in .venv, which the first target that needs it makes. `make` alone lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
BENCH  := .venv-bench
# Main job on the verbatim articles: make run ARTICLES=/path/to/articles
ARTICLES ?=

.DEFAULT_GOAL := help
.PHONY: help install run test lint types test-slow test-browser test-wheel coverage data train evaluate studies forgetting emergent fnc1 cards screenshot bench benchmark bench-batch bench-service clean

help:  ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | column -t -s '|'

install: $(VENV)/installed  ## make .venv with everything: training, tests, checks

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

run: install  ## the main job: corpus, fine-tuning, evaluation, comparison, report in runs/quickstart
	$(BIN)/python -m stance.quickstart $(if $(ARTICLES),--articles $(ARTICLES))

test: install  ## lint, types and the fast tests
	$(MAKE) --no-print-directory lint types
	$(BIN)/python -m pytest

lint: install  ## style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install  ## mypy --strict
	$(BIN)/mypy

test-slow: install  ## tests that take longer
	$(BIN)/python -m pytest -m slow

test-browser: install  ## the board in a real Chromium, installed if it is missing (Debian, Ubuntu)
	tests/install_browser.sh
	$(BIN)/python -m pytest -m browser

test-wheel: install  ## build the wheel, install it into an empty environment, classify a pair there
	$(BIN)/python -m pytest -m wheel

coverage: install  ## fast tests with coverage
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report

data: install  ## write everything in data/ that is made from its tables
	$(BIN)/stance corpus publish data/kremlin_call data/newsroom

train: install  ## train the embedded checkpoint anew: make train PUBLIC=/path/to/train.parquet
	$(BIN)/stance train training/inference.toml --set public=$(PUBLIC)
	$(BIN)/stance train training/inference_more.toml --set public=$(PUBLIC)
	$(BIN)/stance train training/news.toml --set public=$(PUBLIC)

evaluate: install  ## score the embedded checkpoint: make evaluate PUBLIC_SUITES=/path/to/folder
	$(BIN)/python -m stance.publish score $(if $(PUBLIC_SUITES),--suites $(PUBLIC_SUITES)) $(if $(ARTICLES),--articles $(ARTICLES))

studies: install  ## controls, learning curves, new outlets: make studies PUBLIC=FILE PUBLIC_SUITES=FOLDER (hours)
	$(BIN)/python -m stance.studies controls --public $(PUBLIC) $(if $(PUBLIC_SUITES),--suites $(PUBLIC_SUITES)) $(if $(ARTICLES),--articles $(ARTICLES))
	$(BIN)/python -m stance.studies curves --public $(PUBLIC)
	$(BIN)/python -m stance.studies outlets --public $(PUBLIC)

forgetting: install  ## fine-tuning on 300 pairs: make forgetting PAIRS=/path/to/table OTHER=/path/to/table
	$(BIN)/python -m stance.studies forgetting --pairs $(PAIRS) --other $(OTHER)

emergent: install  ## the Emergent benchmark: make emergent TRAIN=/path/to/table TEST=/path/to/table
	$(BIN)/python benchmarks/emergent.py --train $(TRAIN) --test $(TEST)

fnc1: install  ## the Fake News Challenge: make fnc1 FNC=/path/to/folder
	$(BIN)/python benchmarks/fnc1.py --bench $(FNC)

cards: install  ## render model_card.md and the README's numbers from training/results
	$(BIN)/python -m stance.publish render

screenshot: install  ## docs/board.png, the board of the five retold articles
	tests/install_browser.sh
	$(BIN)/stance compare --claims data/kremlin_call/example_claims.txt data/kremlin_call/retold --html runs/board.html
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1120,690 --force-device-scale-factor=1.5 \
		--screenshot="$(CURDIR)/docs/board.png" "file://$(CURDIR)/runs/board.html#c1a0"

bench: $(BENCH)/installed  ## measure speed, memory and weight beside other software, in an environment of its own (hours)
	$(BENCH)/bin/python -m benchmarks.speed all
	$(BENCH)/bin/python -m stance.publish render

$(BENCH)/installed: pyproject.toml constraints.txt benchmarks/speed/requirements.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --upgrade pip
	$(BENCH)/bin/python -m pip install --quiet --constraint constraints.txt torch
	$(BENCH)/bin/python -m pip install --quiet --constraint constraints.txt --requirement benchmarks/speed/requirements.txt --editable '.[train]'
	touch $@

benchmark: install  ## compare sentence segmenters: make benchmark ARTICLES=/path/to/articles
	$(BIN)/python -m pip install --quiet -r benchmarks/requirements.txt
	$(BIN)/python benchmarks/segmentation.py --articles $(ARTICLES)

bench-batch: install  ## time and memory of batch runs: make bench-batch [ROWS=1000000] [DIFFERENT=64] [DEVICE=cuda]
	$(BIN)/python benchmarks/batch.py $(if $(ROWS),--rows $(ROWS)) $(if $(DIFFERENT),--different $(DIFFERENT)) $(if $(DEVICE),--device $(DEVICE))

bench-service: install  ## the HTTP service under 50 clients against the direct call
	$(BIN)/python benchmarks/service.py

clean:  ## remove what was built, keep .venv and runs
	rm -rf build dist .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis
