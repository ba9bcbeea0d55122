# One image for every process; docker-compose.yml says which one a container runs.
# The same Python as the lock files were made for.
FROM python:3.11-slim AS packages
COPY requirements-production.lock /tmp/requirements-production.lock
RUN python -m venv /opt/recado \
    && /opt/recado/bin/pip install --no-cache-dir --no-deps --require-hashes \
       -r /tmp/requirements-production.lock

FROM python:3.11-slim
ENV PATH=/opt/recado/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    RECADO_VAR_DIR=/var/lib/recado \
    STATIC_ROOT=/app/staticfiles
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin recado \
    && install --directory --owner recado /var/lib/recado
COPY --from=packages /opt/recado /opt/recado
WORKDIR /app
COPY manage.py CHANGELOG.md ./
COPY accounts accounts
COPY integrations integrations
COPY whatsapp whatsapp
COPY tickets tickets
COPY webhooks webhooks
COPY config config
COPY templates templates
COPY static static
COPY docs/guide docs/guide
# Settings must be well-formed to load; none of these values is kept or used.
RUN SECRET_KEY=build INTEGRATIONS_KEY=0000000000000000000000000000000000000000000000000000000000000000 \
    DATABASE_URL=postgresql://127.0.0.1/build REDIS_URL=redis://127.0.0.1 \
    PUBLIC_URL=https://build.example \
    python manage.py collectstatic --noinput --verbosity 0 \
    && SECRET_KEY=build INTEGRATIONS_KEY=0000000000000000000000000000000000000000000000000000000000000000 \
    DATABASE_URL=postgresql://127.0.0.1/build REDIS_URL=redis://127.0.0.1 \
    DJANGO_SETTINGS_MODULE=config.settings.central CENTRAL_URL=https://build.example \
    CENTRAL_DATABASE_URL=postgresql://127.0.0.1/build \
    python manage.py collectstatic --noinput --verbosity 0
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "1", "--blocking-threads", "8", "--no-ws", "--respawn-failed-workers", "--log-level", "warning", "config.wsgi:application"]
