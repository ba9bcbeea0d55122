"""The files by which `manage.py up` and the commands beside it find each other.

`var/keys.env` is made once and kept; `var/run/servers.env` says where the embedded servers
listen, and counts only while `var/run/up.lock` is held by a running `manage.py up`.
"""

import base64
import fcntl
import os
import secrets
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from config.embedded.launch import ServerFailed, private_directory

BASE_DIR = Path(__file__).resolve().parents[2]
MADE_KEYS = ("SECRET_KEY", "INTEGRATIONS_KEY")


def var_dir() -> Path:
    return Path(os.environ.get("RECADO_VAR_DIR") or BASE_DIR / "var").resolve()


def keys_file(var: Path) -> Path:
    return var / "keys.env"


def servers_file(var: Path) -> Path:
    return var / "run" / "servers.env"


def read(path: Path) -> dict[str, str]:
    """The `NAME=value` lines of a file; no file gives no lines."""
    if not path.is_file():
        return {}
    pairs = (
        line.partition("=") for line in path.read_text(encoding="utf-8").splitlines()
    )
    return {
        name.strip(): value.strip()
        for name, separator, value in pairs
        if separator and not name.lstrip().startswith("#")
    }


def environment(var: Path) -> dict[str, str]:
    """What a command beside a running `manage.py up` may take as set."""
    servers = read(servers_file(var)) if is_running(var) else {}
    return {**read(keys_file(var)), **servers}


def ensure_keys(var: Path, names: Iterable[str] = MADE_KEYS) -> bool:
    """Make the keys that neither the environment nor the file has. True if one was made."""
    path = keys_file(var)
    known = read(path)
    missing = [name for name in names if not (os.environ.get(name) or known.get(name))]
    if not missing:
        return False
    if not known:
        known_text = "# Keys of this installation. Whoever loses them loses the stored credentials.\n"
    else:
        known_text = path.read_text(encoding="utf-8").rstrip("\n") + "\n"
    made = "".join(f"{name}={_new_key(name)}\n" for name in missing)
    _write(path, known_text + made)
    return True


def _new_key(name: str) -> str:
    if name == "INTEGRATIONS_KEY":
        return base64.b64encode(secrets.token_bytes(32)).decode()
    if name.endswith("_ID"):
        return secrets.token_hex(16)
    if name.endswith("_SUB"):
        return str(uuid.uuid4())
    return secrets.token_urlsafe(48)


def write_servers(var: Path, values: dict[str, str]) -> None:
    lines = "".join(f"{name}={value}\n" for name, value in values.items())
    _write(servers_file(var), "# Written by `manage.py up` while it runs.\n" + lines)


def _write(path: Path, text: str) -> None:
    """Readable by us alone from its first byte, and never half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600),
        "w",
        encoding="utf-8",
    ) as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    fresh.replace(path)


def take_lock(var: Path) -> IO[str]:
    """Held until the process ends, however it ends."""
    path = private_directory(var / "run") / "up.lock"
    lock = path.open("a+", encoding="utf-8")
    if not _locked(lock):
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise ServerFailed(
            f"Recado already runs from {var} (process {holder}). "
            f"Stop it, or set RECADO_VAR_DIR for a second one."
        )
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _locked(lock: IO[str]) -> bool:
    """Patient for a moment: `is_running` of a neighbouring command holds it briefly."""
    for _ in range(20):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def is_running(var: Path) -> bool:
    try:
        with (var / "run" / "up.lock").open("r", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
