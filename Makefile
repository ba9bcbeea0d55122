LOCK_EXPORT = uv export --no-emit-index-url --no-emit-project --no-header --no-annotate --format requirements-txt -q

lock:
	uv lock
	$(LOCK_EXPORT) -o requirements-production.lock >/dev/null
	$(LOCK_EXPORT) --extra embedded -o requirements.lock >/dev/null
	$(LOCK_EXPORT) --all-extras -o requirements-dev.lock >/dev/null
