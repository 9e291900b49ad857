"""The programs ``python`` and ``dvc``, started with the slow libraries already imported.

Importing torch takes two seconds and DVC one, and a test of the whole pipeline starts dozens of processes.
Each program here is a small client: it passes its arguments, environment, working directory and standard
streams to a server that has imported the libraries. The server forks, and the child runs the command as
``python -m``, ``python -c``, ``python FILE.py`` or ``dvc`` does. The server never imports the packages of a
project: every command imports ``pipeline`` and ``stages`` itself, from its working directory. With any
other option of ``python``, the client starts the interpreter itself.

This file is run as the program of the server; it imports the standard library alone.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import marshal
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

LIBRARIES: dict[str, tuple[str, ...]] = {  # imported by the server of each program
    "python": (
        "jinja2",
        "loky",
        "pandas",
        "psutil",
        "pyarrow.compute",
        "pyarrow.dataset",
        "pyarrow.parquet",
        "pydantic",
        "requests",
        "rich.table",
        "ruamel.yaml",
        "safetensors.torch",
        "torch",
        "torch._dynamo",
        "torch.distributed",
        "typer",
        "verovio",
        "vl_convert",
    ),
    "dvc": ("dvc.cli", "dvc.cli.parser", "dvc.repo", "dvc.repo.reproduce", "dvc.stage.run"),
}
CLIENT = """\
#!{python} -IS
import os, sys
arguments = sys.argv[1:]
name = {name!r}
forked = name != "python" or (arguments and (arguments[0] in ("-m", "-c") or arguments[0].endswith(".py")))
if not forked or "PYTHONHASHSEED" in os.environ:
    os.execv({python!r}, [{python!r}, *(["-m", name] if name != "python" else []), *arguments])
import marshal, socket
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [b"!"], [0, 1, 2])
    server.sendall(marshal.dumps((os.getcwd(), dict(os.environ), sys.argv)))
    server.shutdown(socket.SHUT_WR)
    status = server.recv(1)
sys.exit(status[0] if status else 1)
"""
SIGNALLED = 128  # exit status of a shell whose command was ended by signal 0


@contextmanager
def preloaded(libraries: Mapping[str, Sequence[str]] = LIBRARIES) -> Iterator[list[Path]]:
    """Start the servers; at the end, kill them with every command that still runs.

    Args:
        libraries: the programs, and the modules that each of them has imported.
    Yields:
        The folder of the programs, for the start of PATH; none on systems other than Linux.
    """
    if sys.platform != "linux":
        yield []
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="entchen-")))
        (folder / "bin").mkdir()
        for name, modules in libraries.items():
            stack.enter_context(_server(name, modules, folder))
        yield [folder / "bin"]


@contextmanager
def _server(name: str, modules: Sequence[str], folder: Path) -> Iterator[None]:
    address = folder / name
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        client = folder / "bin" / name
        client.write_text(CLIENT.format(python=sys.executable, name=name, address=str(address)))
        client.chmod(0o755)
        command = [sys.executable, __file__, name, str(listener.fileno()), *modules]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, pass_fds=[listener.fileno()], start_new_session=True
        )
    with process:  # closes its standard input at the end, and waits
        yield


def serve(modules: Sequence[str], listener: socket.socket) -> None:
    """Import modules and accept commands; return in the process of each command, ready to run it.

    Standard input ends when the process that started the server ends: the server and its commands are killed.
    """
    for module in modules:
        importlib.import_module(module)
    gc.freeze()
    signal.signal(signal.SIGCHLD, _reap)
    while True:
        if sys.stdin in select.select([listener, sys.stdin], [], [])[0]:
            os.killpg(0, signal.SIGKILL)
        connection, _ = listener.accept()
        if os.fork() == 0:
            break
        connection.close()
    listener.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as request:
        folder, environment, arguments = marshal.loads(request.read())
    if pid := os.fork():
        _answer(connection, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    connection.close()
    _become(folder, environment, arguments, streams)


def _reap(_number: int, _frame: types.FrameType | None) -> None:
    """Remove every process that has ended; its processor time counts for the server."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _answer(connection: socket.socket, status: int) -> None:
    """Send the exit status to the client, and end."""
    connection.sendall(bytes([status if status >= 0 else SIGNALLED - status]))
    os._exit(0)


def _become(
    folder: str, environment: Mapping[str, str], arguments: Sequence[str], streams: Sequence[int]
) -> None:
    """Take over what a new process inherits from the one that starts it."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = arguments
    sys.path[:1] = [folder, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]


class Ending:
    """Ends a command without the teardown of the interpreter, which takes 0.2 s to clear all modules.

    This happens after all other functions of :mod:`atexit`, because it is registered first.

    Attributes:
        status: exit status of the command; None: the interpreter ends as usual.
    """

    def __init__(self) -> None:
        self.status: int | None = None
        atexit.register(self.end)

    def run(self, command: Callable[[], None]) -> None:
        try:
            command()
        except SystemExit as ended:
            if ended.code is None or isinstance(ended.code, int):
                self.status = ended.code or 0
            raise
        self.status = 0

    def end(self) -> None:
        if self.status is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(self.status & 0xFF)


def run_python() -> None:
    """Run ``sys.argv`` as ``python`` does: a module, a text or a file."""
    how, *rest = sys.argv[1:]
    if how == "-m":
        sys.argv[:] = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif how == "-c":
        sys.argv[:] = ["-c", *rest[1:]]
        sys.path[0] = ""
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(rest[0], "<string>", "exec"), main.__dict__)
    else:
        sys.argv[:] = [how, *rest]
        sys.path[0] = str(Path(how).parent.absolute())
        runpy.run_path(how, run_name="__main__")


def run_dvc() -> None:
    """Run ``sys.argv`` as the program ``dvc`` does."""
    sys.exit(importlib.import_module("dvc.cli").main())


if __name__ == "__main__":
    program, number, *libraries = sys.argv[1:]
    ending = Ending()
    serve(libraries, socket.socket(fileno=int(number)))
    ending.run(run_dvc if program == "dvc" else run_python)
