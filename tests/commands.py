"""Runs an operators' command as a shell would: exit code, standard output and error."""

import io
import sys
from dataclasses import dataclass
from unittest import mock

from django.core.management import CommandError, call_command

from tests.walls import as_app


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def run(*arguments: str, stdin: bytes = b"") -> Ran:
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8")):
        try:
            with as_app():
                call_command(*arguments, stdout=out, stderr=err)
        except SystemExit as end:
            code = int(end.code or 0)
        except CommandError as error:  # argparse, when it is not a shell that calls
            code = 2
            err.write(str(error))
    return Ran(code, out.getvalue(), err.getvalue())
