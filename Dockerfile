# One image; the command chooses what it is: serve (the default), worker, migrate, doctor.
#   docker build -t appyard .
#   docker run -p 127.0.0.1:8123:8123 -v appyard:/data -e APPYARD_API_KEY=… appyard
# bubblewrap needs user namespaces, which many engines withhold: allow them (--security-opt seccomp=unconfined, and
# apparmor=unconfined where that is used), or live with the fallback. `docker run --rm appyard doctor` shows which it is.

FROM python:3.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_LINK_MODE=copy UV_NO_CACHE=1
WORKDIR /appyard
RUN python -m venv /appyard/.venv
ENV PATH="/appyard/.venv/bin:$PATH" VIRTUAL_ENV="/appyard/.venv"

# The packages change less often than the code, so they are a layer of their own.
COPY requirements.lock ./
RUN sed -n '/^uv==/,/[^\\]$/p' requirements.lock > /tmp/uv.txt \
    && pip install --require-hashes --no-deps -r /tmp/uv.txt \
    && uv pip sync --require-hashes --compile-bytecode requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY graph graph
COPY nodes nodes
COPY checkpoints checkpoints
COPY server server
RUN uv pip install --no-deps --compile-bytecode . \
    && python -c "import asyncio; from nodes.verification import toolchain as tools; asyncio.run(tools.install_toolchain(tools.default_toolchain()))" \
    && rm -rf graph nodes checkpoints server

FROM python:3.12-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 appyard \
    && install -d -o appyard -g appyard /data
COPY --from=build /appyard /appyard

# Checkpoints are loaded strictly: only classes the graph declares (decision 0004). Data, and CrewAI's own files, lie in /data.
ENV PATH="/appyard/.venv/bin:$PATH" \
    HOME=/home/appyard \
    APPYARD_DATA_DIR=/data \
    APPYARD_HOST=0.0.0.0 \
    LANGGRAPH_STRICT_MSGPACK=true \
    PYTHONUNBUFFERED=1
USER appyard
WORKDIR /data
VOLUME /data
EXPOSE 8123 8124
STOPSIGNAL SIGTERM
# A worker or a migration answers no HTTP: run those with --no-healthcheck.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8123/ok', timeout=2)"]
ENTRYPOINT ["appyard"]
CMD ["serve"]
