# Two commands matter: `make serve` and `make test`. The rest is for those who change the code.

PYTHON ?= python3.11
BIN := .venv/bin
# Everything the server writes; `make serve FAQ_DATA_DIR=/srv/faq` puts it elsewhere.
export FAQ_DATA_DIR ?= data

.PHONY: help serve test lint format bench bench-encoder bench-decisions install clean

help: ## Show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

serve: .venv/.installed ## Install, load the sample shop, build the index, serve on 127.0.0.1:8080
	$(BIN)/faq serve --sample

test: .venv/.developing ## Run all tests
	$(BIN)/pytest --numprocesses auto --dist loadfile

lint: .venv/.developing ## Check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: .venv/.developing ## Put the code in shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/.developing ## Measure quality and speed beside baselines
	$(BIN)/python -m benchmarks

bench-encoder: .venv/.developing ## Measure the encoder beside BM25 and all-MiniLM-L6-v2; DEV=development sets, which also rewrites the tables
	$(BIN)/python -m benchmarks encoder \
		$(if $(DEV),--dev $(DEV) --markdown docs/benchmarks.md --markdown index/embedded/README.md)

bench-decisions: .venv/.developing ## Measure confidence, coverage and promised precision on DEV=development sets, and rewrite the tables
	$(BIN)/python -m benchmarks decisions $(if $(DEV),--dev $(DEV) --markdown docs/benchmarks.md)

install: .venv/.developing ## Install everything a developer needs into .venv

clean: ## Remove the environment; data stay
	rm -rf .venv build *.egg-info

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip

.venv/.installed: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/.developing: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,postgresql]'
	@touch $@ .venv/.installed
