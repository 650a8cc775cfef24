# syntax=docker/dockerfile:1
# Three stages: the front-end libraries, the Python environment, and the small image that runs.

FROM node:22-bookworm-slim AS assets
WORKDIR /assets
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.13-slim-bookworm AS build
WORKDIR /parkplan
RUN python -m venv /opt/parkplan
ENV PATH=/opt/parkplan/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1
COPY constraints.txt pyproject.toml README.md LICENSE package.json package-lock.json ./
COPY scripts/assets.py scripts/assets.py
COPY layers layers
COPY gis gis
COPY api api
COPY --from=assets /assets/node_modules node_modules
# The wheels stay in the builder's cache, so that a change of our code downloads nothing again.
RUN --mount=type=cache,target=/root/.cache/pip \
    python scripts/assets.py --modules node_modules \
    && pip install --constraint constraints.txt setuptools \
    && pip install --constraint constraints.txt --no-build-isolation . \
    && pip uninstall --yes setuptools pip

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --home-dir /var/lib/parkplan --create-home parkplan
COPY --from=build /opt/parkplan /opt/parkplan
# Inside, the server listens to all: which machines reach it is decided by the ports that the container publishes.
ENV PATH=/opt/parkplan/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PARKPLAN_STORE=/var/lib/parkplan/hanoi.gpkg \
    PARKPLAN_HOST=0.0.0.0 \
    PARKPLAN_PORT=8000 \
    PARKPLAN_ALLOW_REMOTE=true \
    PARKPLAN_TILES_FOLDER=/var/cache/parkplan
RUN install --directory --owner=parkplan --mode=700 /var/cache/parkplan
WORKDIR /var/lib/parkplan
USER 10001
# What makes tiles, compiled for the processor at hand; a server on another one compiles beside itself.
RUN parkplan tiles prepare
VOLUME /var/lib/parkplan
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PARKPLAN_PORT'] + '/health', timeout=4)"]
CMD ["sh", "-c", "parkplan init && exec parkplan serve"]
