# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT := out/demo

.PHONY: demo test lint format reference bench wheel-check clean

demo: $(VENV)/.installed  ## install igcli and explain the sample images
	$(BIN)/ig explain sample_images -o $(OUT) --panel --style heat
	@echo "The pictures are in $(OUT)/: *.integrated.png are the maps, *.panel.png the sheets."
	@echo "Which network knows which sample: sample_images/README.md"

test: $(VENV)/.tested  ## install what the tests need and run them
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --cov --cov-report=term:skip-covered

lint: $(VENV)/.tested  ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.tested
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: $(VENV)/.installed  ## write the commands' reference
	$(BIN)/python -m igcli.cli.reference

bench: $(VENV)/.tested  ## a table and out/bench.json, measured in one run; ZIP=... takes photographs, and adds more
	$(BIN)/python tests/benchmarks/bench.py $(if $(ZIP),--zip $(ZIP))
ifdef ZIP
	$(BIN)/python tests/benchmarks/completeness.py $(ZIP)
	$(BIN)/python tests/benchmarks/saturation.py $(ZIP)
	$(BIN)/python tests/benchmarks/left_right.py $(ZIP)
	$(BIN)/python tests/benchmarks/mosaics.py $(ZIP)
	$(BIN)/python tests/benchmarks/folder.py $(ZIP)
endif

wheel-check: $(VENV)/$(if $(INSTALLED),.tested,bin/python)  ## build dist/, and try the wheel in an empty environment; LOWEST=1: the oldest dependencies, INSTALLED=1: those of .venv
	rm -rf dist
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build
	$(BIN)/python tests/distribution/sdist.py dist/*.tar.gz
	$(BIN)/python tests/distribution/try_wheel.py dist/*.whl $(if $(LOWEST),--lowest) $(if $(INSTALLED),--installed)

clean:
	rm -rf $(VENV) out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .coverage .hypothesis
	find igcli tests -type d -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[imagenet]"
	touch $@

$(VENV)/.tested: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet "pip>=25.1"  # older ones know no dependency groups
	$(BIN)/python -m pip install --quiet --editable ".[imagenet]" --group dev
	touch $@ $(VENV)/.installed
