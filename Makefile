# Parkplan: every command there is. `make` alone lists them.

BIN := .venv/bin
# A file of tests stays on one worker, with its browser; each worker has a PostGIS server of its own.
PYTEST_OPTIONS ?= -n auto --maxprocesses=4 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help run test check format bench durability qgis notebooks docs files data assets lock image clean runtime dev test-deps

help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.* ## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: runtime assets ## Install what is missing, load the Hanoi layers, serve the map
	@exec scripts/run.sh

test: dev assets test-deps ## Install what the tests need and run all that CI runs
	@$(MAKE) --no-print-directory check
	$(BIN)/pytest $(PYTEST_OPTIONS)

check: dev ## Format, lint, strict types, docstrings, import rule
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m scripts.docstrings
	$(BIN)/python -m scripts.import_rule

format: dev ## Format the code and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: dev test-deps ## Measure against ogr2ogr and plain SQL on this machine
	$(BIN)/python -m benchmarks

durability: dev test-deps ## Kill writers and servers a hundred times on both engines, and look for what was lost
	PARKPLAN_KILL_ROUNDS=100 $(BIN)/pytest -q -n0 tests/layers/test_durability.py

qgis: dev test-deps ## Try everything with a real QGIS, which is fetched where there is none (2.3 GB)
	scripts/qgis.sh

notebooks: dev ## Execute every notebook
	$(BIN)/jupyter execute notebooks/*.ipynb

docs: dev ## Write the generated pages of docs/ anew
	$(BIN)/python -m scripts.docs

files: dev ## Check every file of real data in DATA=folder anew, and write docs/files.md
	$(BIN)/python -m scripts.files $(or $(DATA),../shared/data)

data: runtime ## Build the shipped Hanoi data anew from the facts in REFERENCE=folder
	$(BIN)/python -m layers.hanoi.build $(or $(REFERENCE),../shared/reference)

assets: runtime ## Fetch the front-end libraries
	@$(BIN)/python scripts/assets.py

lock: dev ## Write constraints.txt anew with the newest versions; KEEP=1 only adds what is missing
	$(BIN)/python scripts/lock.py $(if $(KEEP),--keep)

image: ## Build the container image
	docker build --tag parkplan .

clean: ## Remove everything that was made, but never the data in var/
	rm -rf .venv build dist *.egg-info api/assets/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

runtime:
	@scripts/bootstrap.sh runtime

dev:
	@scripts/bootstrap.sh dev

test-deps:
	@scripts/test-deps.sh
