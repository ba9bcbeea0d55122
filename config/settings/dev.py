"""What `manage.py up` and the commands beside it run with on a bare machine.

Keys and server addresses come from files that `manage.py up` wrote, unless they are set.
"""

import os
from pathlib import Path

from config import env

_var = Path(
    os.environ.get("RECADO_VAR_DIR", Path(__file__).resolve().parents[2] / "var")
)
env.load_file(_var / "keys.env")
env.load_file(_var / "run" / "servers.env")
os.environ.setdefault("RECADO_SANDBOX", "1")

from config.settings.base import *  # noqa: E402, F403
