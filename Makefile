# `make demo` and `make test` set everything up by themselves, on a fresh machine too.
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
FULL   := $(VENV)/.full
DEBIAN := postgresql nats-server chromium default-jre-headless

.PHONY: help setup demo test check format bench serve lock clean
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

setup: $(READY) ## the environment: Python packages, browser libraries
$(READY): pyproject.toml requirements.lock package-lock.json hatch_build.py scripts/setup
	scripts/setup "$(VENV)"
	@touch $@

$(FULL): $(READY)
	FULL=1 scripts/setup "$(VENV)"
	@touch $@

demo: $(READY) ## a small cinema made on the spot, served on this machine
	$(BIN)/matinee demo $(ARGS)

test: $(FULL) ## all tests; servers and a browser are started as needed
	scripts/debian-packages $(DEBIAN)
	$(BIN)/pytest -n 2 --dist loadscope $(ARGS)

check: $(FULL) ## style, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(READY) ## mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(FULL) ## one benchmark: make bench B=house
	scripts/debian-packages $(DEBIAN)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group bench
	$(BIN)/python -m benchmarks.$(B) $(ARGS)

serve: $(READY) ## serve the workspace that stands here: make serve ARGS="--port 8001"
	$(BIN)/matinee serve $(ARGS)

lock: $(READY) ## renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --universal --upgrade --no-header --no-annotate --no-emit-index-url -q \
	  --extra postgres --extra s3 --extra nats --extra check --group dev -o requirements.lock

clean: ## remove the environment and what was built
	rm -rf $(VENV) node_modules src/matinee/server/web/vendor build dist
