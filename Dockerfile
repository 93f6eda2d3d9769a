# One source, two images: `standalone` (`rag serve`; the default) and `functions` (under the Functions host).
# docs/container.md says how they are built and run; `make images` looks up the digests anew.
ARG BASE_IMAGE=docker.io/library/python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
ARG FUNCTIONS_BASE_IMAGE=mcr.microsoft.com/azure-functions/python:4-python3.13@sha256:f2486500c134e0b406825b3227a91b2097175d4c6a7008575772514567c9bbd5


# What both images carry of this repository.
FROM scratch AS app
COPY function_app.py host.json /
COPY functions /functions
COPY shared /shared
COPY web /web


FROM ${BASE_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# For `strip`, and the init of the image. No versions: Debian keeps one only of each.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends binutils tini \
    && rm -rf /var/lib/apt/lists/*
ARG EXTRAS=host
COPY requirements-${EXTRAS}.txt /build/requirements.txt
# The secret is a pip.conf, where the package index is not the public one. Without the symbols for debuggers
# that wheels bring they are 60 MB smaller; that every library still loads is seen by `compile.py` below.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes --only-binary :all: --no-compile -r /build/requirements.txt \
    && find /opt/venv -name '*.so*' -type f -exec strip --strip-unneeded {} +


# What the local profile needs beside its packages; with EXTRAS=host nothing.
FROM packages AS local
ARG EXTRAS=host
ARG EMBEDDER=e5
COPY shared/__init__.py shared/errors.py /build/shared/
COPY shared/domain /build/shared/domain
COPY shared/embedders /build/shared/embedders
COPY cli/__init__.py /build/cli/
COPY cli/weights /build/cli/weights
COPY samples /build/samples
WORKDIR /build
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    mkdir /local \
    && if [ "${EXTRAS}" = local ]; then \
        EMBEDDER="${EMBEDDER}" /opt/venv/bin/python -c 'import os, pathlib; from cli.weights import prepare; \
prepare(os.environ["EMBEDDER"], pathlib.Path("/local/models"), report=print)' \
        && mv samples /local/samples; \
    fi


# pip is for the stages above.
FROM packages AS venv
RUN /opt/venv/bin/pip uninstall --yes --quiet pip \
    && echo /app > "$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/rag_functions.pth" \
    && printf '#!/opt/venv/bin/python -P\nfrom cli.main import main\n\nmain()\n' > /opt/venv/bin/rag \
    && chmod 0555 /opt/venv/bin/rag


FROM ${FUNCTIONS_BASE_IMAGE} AS functions
# Non-root: a port above 1023, and the folders that the Functions host writes to, which are root's in the base.
ENV ASPNETCORE_URLS=http://+:8080 \
    AzureWebJobsScriptRoot=/home/site/wwwroot \
    AzureFunctionsJobHost__Logging__Console__IsEnabled=true \
    PYTHONDONTWRITEBYTECODE=1
RUN groupadd --gid 10001 rag \
    && useradd --uid 10001 --gid rag --no-create-home --home-dir /home --shell /usr/sbin/nologin rag \
    && mkdir -p /azure-functions-host/Secrets /home/site/wwwroot \
    && chown 10001:10001 /azure-functions-host/Secrets /home
COPY requirements.txt /build/requirements.txt
# Into the Python that the worker runs: outside Azure it looks nowhere else.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip install --no-cache-dir --require-hashes --only-binary :all: -r /build/requirements.txt
COPY --from=app / /home/site/wwwroot/
RUN python -m compileall -q /home/site/wwwroot
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
    CMD ["python", "-I", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/api/health/live', timeout=4)"]
STOPSIGNAL SIGTERM
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="RAG Functions under the Functions host" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"


FROM ${BASE_IMAGE} AS standalone
ENV PATH=/opt/venv/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 RAG_DATA=/data RAG_MODELS=/app/models
WORKDIR /app
RUN groupadd --gid 10001 rag \
    && useradd --uid 10001 --gid rag --no-create-home --home-dir /tmp --shell /usr/sbin/nologin rag \
    && install -d -o rag -g rag -m 0700 /data
COPY --from=packages /usr/bin/tini-static /usr/bin/tini
COPY --from=venv /opt/venv /opt/venv
COPY --from=app / /app/
COPY host /app/host
COPY cli /app/cli
COPY evals /app/evals
COPY bench/results.py /app/bench/
COPY --from=local /local /app
# Bytecode of what the app imports, the standard library's too: the root may be read-only, and compiling takes
# longer than starting. pip was for building, and nothing shall run with the rights of another user.
RUN --mount=type=bind,source=infra/image/compile.py,target=/tmp/compile.py \
    python -P /tmp/compile.py \
    && rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/site-packages/pip* \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
ENV PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-I", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/api/health/live', timeout=4)"]
# The parsers of a fork server that was killed become children of PID 1, which has to reap them.
ENTRYPOINT ["tini", "--", "rag"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="RAG Functions" \
      org.opencontainers.image.description="Drop a document, ask a question, get a streamed answer with page citations" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
