# The commands for people. `make help` lists them.
# Every path here is relative: the checkout may lie in a path with spaces.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Settings must load for the type checker's Django plugin, which connects to no service.
NO_SERVICES := SECRET_KEY=none ALLOWED_HOSTS=localhost DATABASE_URL=postgres://localhost/none \
	MONGODB_URL=mongodb://localhost/none REDIS_URL=redis://localhost KAFKA_BOOTSTRAP_SERVERS=localhost:9092

# All tests, in three lanes side by side (tests/support/lanes.py): one of them waits most of the time.
LANES := -n 3 --no-loadscope-reorder --durations 20

.DEFAULT_GOAL := help

.PHONY: help up stack down backup restore test lint types format lock vendor screenshot bench bench-flame bench-floor bench-growth bench-recovery bench-history bench-list bench-live-letters bench-page bench-start bench-steps bench-typing bench-storage chaos fuzz golden clean

help: ## Explain all targets
	@echo "Scriptorium. Python 3.11+ and GNU make are all that 'make up' needs."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F '|' '{printf "  make %-14s %s\n", $$1, $$2}'
	@echo
	@echo "PORT=8100 make up moves the address; DATA_DIR=/path make up moves the data (.data)."
	@echo "HOST=0.0.0.0 ALLOWED_HOSTS=my.host make up lets other machines in, with passwords of its own."

up: $(VENV)/installed-embedded ## Start Scriptorium with embedded services; Ctrl-C stops it
	@exec $(BIN)/python -m apps.embedded up

stack: $(VENV)/installed-embedded ## The same on PostgreSQL, Redis, nginx and Apache Kafka themselves: three servers, two workers
	@sh scripts/install_services.sh
	@exec $(BIN)/python -m apps.embedded stack

down: $(VENV)/installed-embedded ## Stop what 'make up' started ('make stack': DATA_DIR=.data-stack)
	@exec $(BIN)/python -m apps.embedded down

backup: $(VENV)/installed-embedded ## Write all data to one new file, also while people write: make backup FILE=/path
	@test -n "$(FILE)" || { echo "Name the file: make backup FILE=/path/to/scriptorium.backup"; exit 1; }
	@exec $(BIN)/python -m apps.embedded backup "$(FILE)" $(ARGS)

restore: $(VENV)/installed-embedded ## Restore the data from a backup: make restore FILE=/path (ARGS="--dry-run", "--force")
	@test -n "$(FILE)" || { echo "Name the file: make restore FILE=/path/to/scriptorium.backup"; exit 1; }
	@exec $(BIN)/python -m apps.embedded restore "$(FILE)" $(ARGS)

test: $(VENV)/installed-test node_modules/installed ## Run all tests (also: make test ARGS="tests/crdt -k gate")
	@sh scripts/install_chromium.sh chromium-headless-shell
	@sh scripts/install_services.sh || echo "Without them 'make stack' and its gateway are not tested." >&2
	@$(if $(ARGS),,npm run --silent test)
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest $(or $(ARGS),$(LANES))

lint: $(VENV)/installed-dev node_modules/installed ## Check style, spelling, templates and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/typos
	@$(BIN)/djlint --lint --quiet templates
	@$(NO_SERVICES) $(BIN)/lint-imports --no-logo
	@npm run --silent lint

types: $(VENV)/installed-dev node_modules/installed ## Check types: mypy strict, and our JavaScript by tsc
	@$(NO_SERVICES) $(BIN)/mypy
	@npm run --silent types

format: $(VENV)/installed-dev node_modules/installed ## Rewrite the code in the house's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@npm run --silent format

lock: $(VENV)/installed-dev ## Update and lock the requirements, with hashes
	@cd benchmarks && ../$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	  --generate-hashes --no-header --output-file peers.txt peers.in
	@for name in base embedded test dev; do \
	  $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-header --output-file requirements/$$name.txt requirements/$$name.in || exit 1; done

vendor: node_modules/installed ## Bundle the third-party front-end modules into static/vendor
	@npm run --silent vendor

screenshot: $(VENV)/installed-test ## Take docs/screenshot.png of a running 'make up' (URL=http://127.0.0.1:8000)
	@sh scripts/install_chromium.sh
	@$(BIN)/python scripts/screenshot.py $(URL)

bench: $(VENV)/installed-test benchmarks/node_modules/installed benchmarks/.venv/installed ## Measure live editing, compared with other servers (QUICK=1, SCENARIOS="S1 S2", RUNS=3, SERVICES=embedded)
	@$(BIN)/python -m benchmarks.live $(if $(QUICK),--quick) $(if $(RUNS),--runs $(RUNS)) \
	  $(if $(SCENARIOS),--scenarios $(SCENARIOS)) $(if $(SERVICES),--services $(SERVICES)) \
	  $(if $(SUBJECTS),--subjects $(SUBJECTS))

bench-growth: $(VENV)/installed-test benchmarks/node_modules/installed ## Measure how cost grows with readers, documents and length
	@$(BIN)/python -m benchmarks.growth $(ARGS)

bench-flame: $(VENV)/installed-test benchmarks/node_modules/installed benchmarks/.venv/installed ## Draw flame graphs of the web server into docs
	@$(BIN)/python -m benchmarks.flame

bench-steps: $(VENV)/installed-test benchmarks/node_modules/installed benchmarks/.venv/installed ## Measure the web server's CPU time of an edit by step
	@$(BIN)/python -m benchmarks.steps $(ARGS)

bench-floor: $(VENV)/installed-test benchmarks/node_modules/installed ## Measure the server's cost as a ratio to a bare relay, in a minute
	@$(BIN)/python -m benchmarks.floor

bench-recovery: $(VENV)/installed-test ## Measure how long recovery takes, on a new Scriptorium
	@$(BIN)/python -m benchmarks.recovery

bench-history: $(VENV)/installed-test ## Measure the latency of the history, on a new Scriptorium
	@$(BIN)/python -m benchmarks.history

bench-list: $(VENV)/installed-test ## Measure the list of documents of a user with 10,000, by REST and in the page
	@sh scripts/install_chromium.sh
	@$(BIN)/python -m benchmarks.listing

bench-page: $(VENV)/installed-test ## Measure how the editor's page opens in Chromium (ARGS=--gateway: through nginx)
	@sh scripts/install_chromium.sh
	@$(BIN)/python -m benchmarks.opening $(ARGS)

bench-start: $(VENV)/installed-test ## Measure how long 'make up' takes until it serves
	@$(BIN)/python -m benchmarks.starting

bench-live-letters: $(VENV)/installed-test ## Measure from a key to another person's screen, in Chromium
	@sh scripts/install_chromium.sh
	@$(BIN)/python -m benchmarks.live_letters

bench-typing: $(VENV)/installed-test ## Measure typing latency in a document of 100,000 words, in Chromium
	@sh scripts/install_chromium.sh
	@$(BIN)/python -m benchmarks.keystrokes

bench-storage: $(VENV)/installed-test ## Measure the storage of an operation in MongoDB, before and after compaction
	@$(BIN)/python -m benchmarks.storage

chaos: $(VENV)/installed-test ## Inject random faults while people type (SEED=1 MINUTES=5; Ctrl-C ends it)
	@exec $(BIN)/python -m tests.crash.chaos $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

fuzz: $(VENV)/installed-test ## Send hostile input by grammar to a running product (SEED=1 MINUTES=5; Ctrl-C ends it)
	@exec $(BIN)/python -m tests.fuzz.fuzz $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

golden: ## Generate the golden files of tests/crdt with Yjs itself
	@cd tests/crdt/golden && npm ci --silent && node make.mjs

clean: ## Remove generated files (not the data)
	rm -rf $(VENV) node_modules benchmarks/.venv benchmarks/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

# --- prerequisites of the targets above -----------------------------------------------------------

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install python3, or name one: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) -V). Name one: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is needed (Debian: apt-get install python3-venv)."; exit 1; }

$(VENV)/installed-%: requirements/%.txt | $(VENV)/bin/python
	@echo "Installing requirements/$*.txt into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

node_modules/installed: package-lock.json
	@command -v npm >/dev/null || { echo "The checks of the pages need Node 20 and npm (Debian: apt-get install nodejs npm)."; exit 1; }
	@npm ci --silent --no-audit --no-fund
	@touch $@

benchmarks/node_modules/installed: benchmarks/package-lock.json
	@command -v npm >/dev/null || { echo "The benchmarks need Node 20 and npm (Debian: apt-get install nodejs npm)."; exit 1; }
	@echo "Installing the load generator and the other servers, once"
	@cd benchmarks && npm ci --silent --no-audit --no-fund
	@touch $@

benchmarks/.venv/installed: benchmarks/peers.txt | $(VENV)/bin/python
	@$(PYTHON) -m venv benchmarks/.venv
	@benchmarks/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@
