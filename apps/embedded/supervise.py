"""The process supervisor (supervisord): its configuration, and a client of its controls."""

import http.client
import re
import subprocess
import xmlrpc.client
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.programs import ROOT, Program, Stage, child_command

#: How long a program may take to stop before it is killed, in seconds.
STOP_TIMEOUT_S = 20
_DO_NOT_WAIT = False
_UNREACHABLE = (OSError, http.client.HTTPException)

#: The position between a blank and a character that would start a comment after it.
_COMMENT = re.compile(r"(?<=\s)(?=[#;])")

_HEAD = """\
; Written at each start.
[supervisord]
nodaemon=true
silent=true
logfile={log}
logfile_maxbytes=10MB
logfile_backups=1
loglevel=info
pidfile={pid}
childlogdir={log_dir}
identifier=scriptorium

[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

# A program is started by name once its dependencies are ready, and from then on restarted always.
_PROGRAM = """
[program:{name}]
command={command}
directory={directory}
autostart=false
autorestart=true
startsecs=1
startretries=1000000
stopsignal={stop_signal}
stopwaitsecs={stop_wait_s}
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
environment={environment}
"""

# Supervisord stops the group with the highest priority first, and all of a group at once.
_GROUP = """
[group:{name}]
programs={programs}
priority={priority}
"""


def configuration(data_dir: DataDir, programs: Sequence[Program]) -> str:
    """Return supervisord's configuration."""

    def text(value: object) -> str:
        # A lone % starts an expansion, and # or ; after a blank starts a comment: an empty
        # expansion separates them.
        return _COMMENT.sub("%(here).0s", str(value).replace("%", "%%"))

    parts = [
        _HEAD.format(
            log=text(data_dir.log_file("supervisord")),
            pid=text(data_dir.pid_file("supervisord-own")),
            log_dir=text(data_dir.path / "log"),
            socket=text(data_dir.control_socket),
        )
    ]
    parts += [
        _PROGRAM.format(
            name=program.name,
            command=text(program.command_line(data_dir)),
            directory=text(data_dir.path if program.in_data_dir else ROOT),
            stop_signal=program.stop_signal,
            stop_wait_s=STOP_TIMEOUT_S,
            environment=",".join(f'{k}="{text(v)}"' for k, v in program.environment.items()),
            log=text(text(data_dir.log_file(program.name))),  # supervisord expands this value twice
        )
        for program in programs
    ]
    parts += [_group(stage, programs) for stage in sorted({program.stage for program in programs})]
    return "".join(parts)


def _group(stage: Stage, programs: Iterable[Program]) -> str:
    names = ",".join(program.name for program in programs if program.stage == stage)
    return _GROUP.format(name=_group_name(stage), programs=names, priority=stage.value)


def _group_name(stage: Stage) -> str:
    return stage.name.lower()


class Supervisor:
    """One supervisord process, between ``start`` and ``stop``."""

    def __init__(
        self, data_dir: DataDir, programs: Sequence[Program], environment: Mapping[str, str]
    ) -> None:
        self._data_dir = data_dir
        self._programs = list(programs)
        #: The name of each program in supervisord, with its group.
        self._names = {
            program.name: f"{_group_name(program.stage)}:{program.name}" for program in programs
        }
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start supervisord, without its programs."""
        config = self._data_dir.path / "run" / "supervisord.conf"
        config.write_text(configuration(self._data_dir, self._programs), encoding="utf-8")
        command = [
            *child_command(self._data_dir, "supervisord", "SIGTERM"),
            *(self._environment["PYTHON"], "-m", "apps.embedded.supervisord", "-c", str(config)),
        ]
        with self._data_dir.log_file("supervisord").open("ab") as log:
            # In its own session: Ctrl-C reaches only the launcher, which stops it in order.
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                env=self._environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def has_died(self) -> bool:
        """Return whether supervisord itself has ended."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """Stop all programs, one stage after the other, and supervisord."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_TIMEOUT_S * (len(self._programs) + 1))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def launch(self, name: str) -> None:
        """Start a program. Raises ``OSError`` while supervisord does not answer."""
        try:
            self._call("startProcess", self._names.get(name, name), _DO_NOT_WAIT)
        except xmlrpc.client.Fault as fault:
            raise EmbeddedError(f"{name} does not start: {fault.faultString}") from fault

    def state(self, name: str) -> str:
        """Return a program's state, like ``RUNNING`` or ``BACKOFF``."""
        return str(self._call("getProcessInfo", self._names.get(name, name))["statename"])

    def answers(self) -> bool:
        """Return whether a supervisord of this data folder answers: ours, or an earlier one."""
        try:
            self._call("getState")
        except _UNREACHABLE:
            return False
        except xmlrpc.client.Fault:  # it is shutting down
            return True
        return True

    def check_running(self, name: str) -> None:
        """Raise unless a program has run for its first second."""
        state = self.state(name)
        if state != "RUNNING":
            raise EmbeddedError(f"{name} is {state}")

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._data_dir.control_socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as server:
            return getattr(server.supervisor, method)(*arguments)
