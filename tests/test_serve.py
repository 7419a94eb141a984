"""``stance serve``: the command line, the key, the address; and, slowly, the process itself."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
import uvicorn
from stance import StanceClassifier
from stance.checkpoint import Checkpoint
from stance.cli import main
from stance.errors import InputError
from stance.serve_cli import listen
from stance.service.gate import VARIABLE, read_key
from stance.service.limits import Limits

from conftest import ROOT, WORDS
from test_service import BODIES, direct, same

PATIENCE = 60
ENDED = {signal.SIGTERM: -signal.SIGTERM, signal.SIGINT: 0}
"""Exit codes: once everything is answered, SIGTERM ends the process as it ends any other."""

# the key


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert read_key() is None
    monkeypatch.setenv(VARIABLE, "s3cret-key")
    assert read_key() == "s3cret-key"


@pytest.mark.parametrize("value", ["", " ", "two words", "two\nlines", "schlüssel", "key\r"])
def test_what_is_no_key_is_refused_and_not_taken_for_none(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(InputError, match=f"the environment variable {VARIABLE} is .* expected ASCII"):
        read_key()


# the address


def test_an_address_that_is_taken_is_an_error() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on '127.0.0.1', port {port}: .*give another"):
            listen("127.0.0.1", port)


def test_what_is_accepted_sends_without_waiting() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("host", ["x" * 300, "a..b", "300.1.1.1.invalid", "::x"])
def test_an_address_that_is_none_is_an_error(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if host.endswith(".invalid"):

        def unknown(*_: Any, **__: Any) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "create_server", unknown)  # ask no name server
    with pytest.raises(InputError, match="cannot listen on"):
        listen(host, 0)


# the command line


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[uvicorn.Config]:
    """What would have been run, instead of running it."""
    runs: list[uvicorn.Config] = []

    def run(server: uvicorn.Server, sockets: list[socket.socket]) -> None:
        assert sockets[0].getsockname()[1] > 0
        runs.append(server.config)

    monkeypatch.setattr(uvicorn.Server, "run", run)
    monkeypatch.delenv(VARIABLE, raising=False)
    return runs


def call(*arguments: object) -> Any:
    try:
        return main(["serve", *map(str, arguments)])
    except SystemExit as exit_:
        return exit_.code


def test_on_loopback_nobody_is_warned(
    started: list[Any], tiny_checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--port", 0, "--model", tiny_checkpoint.path, "--device", "cpu") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("listening on http://127.0.0.1:")
    assert "warning" not in err
    assert len(started) == 1


def test_elsewhere_without_a_key_there_is_a_warning(
    started: list[Any],
    tiny_checkpoint: Checkpoint,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = ("--port", 0, "--model", tiny_checkpoint.path, "--device", "cpu", "--host", "0.0.0.0")
    assert call(*model) == 0
    assert "warning: http://0.0.0.0:" in capsys.readouterr().err
    monkeypatch.setenv(VARIABLE, "key")
    assert call(*model) == 0
    assert "warning" not in capsys.readouterr().err


def test_an_ipv6_address_is_written_in_brackets(
    started: list[Any], tiny_checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    model = ("--port", 0, "--model", tiny_checkpoint.path, "--device", "cpu", "--host", "::1")
    assert call(*model) == 0
    err = capsys.readouterr().err
    assert "listening on http://[::1]:" in err
    assert "warning" not in err


def test_json_tells_programs_where_it_listens(
    started: list[Any], tiny_checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--json", "--port", 0, "--model", tiny_checkpoint.path, "--device", "cpu") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["url"].startswith("http://127.0.0.1:")
    assert told["model"] == tiny_checkpoint.digest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "--port is 70000; expected 0 to 65535"),
        (["--pairs", "0"], "the limit pairs is 0; expected at least 1"),
        (["--waiting-pairs", "10"], "only 10 pairs may wait"),
        (["--batch-tokens", "-1"], "the limit batch_tokens is -1; expected at least 1"),
        (["--port", "http"], "invalid int value: 'http'"),
    ],
)
def test_wrong_usage_exits_with_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == 2
    assert message in capsys.readouterr().err


def test_the_limits_of_the_command_line_are_those_of_the_service(started: list[Any]) -> None:
    from stance.usage import build_parser

    from test_cli import VERBS

    def runner(name: str) -> Any:
        def runs(options: Any) -> int:
            return 0

        runs.__name__, runs.__doc__ = name, "Do it."
        return runs

    parser = build_parser({name: runner(name) for name in VERBS})
    options = parser.parse_args(["serve"])
    options.usage(options)
    assert options.limits == Limits()
    options = parser.parse_args(["serve", "--pairs", "7", "--body-bytes", "99"])
    options.usage(options)
    assert options.limits == Limits(pairs=7, body_bytes=99)


def test_without_the_extra_the_pip_line_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert call("--port", 0) == 1
    assert "pip install 'claim-stance[serve]'" in capsys.readouterr().err


# the process


class Running:
    """A real ``stance serve``."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.address = urlsplit(url).netloc

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Return status and decoded answer."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        try:
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, path, content, {"content-type": "application/json", **(headers or {})})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def metrics(self) -> str:
        with urlopen(f"http://{self.address}/metrics", timeout=PATIENCE) as response:
            return str(response.read().decode())


@contextmanager
def serving(checkpoint: Checkpoint, *arguments: str, environment: Any = None) -> Iterator[Running]:
    command = [sys.executable, "-m", "stance", "serve", "--json", "--port", "0", "--device", "cpu"]
    command += ["--model", str(checkpoint.path), *arguments]
    inherited = {name: value for name, value in os.environ.items() if name != VARIABLE}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**inherited, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    told = ""
    while not told.endswith("}\n"):
        line = process.stdout.readline()  # type: ignore[union-attr]
        assert line, process.communicate()[1]
        told += line
    try:
        yield Running(process, json.loads(told)["url"])
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def end(running: Running, number: int = signal.SIGTERM) -> tuple[int, str, str]:
    running.process.send_signal(number)
    out, err = running.process.communicate(timeout=PATIENCE)
    told = [line for line in err.splitlines(keepends=True) if "fails plain cases" not in line]
    return running.process.returncode, out, "".join(told)  # the tiny model knows nothing, and that is said


def large_body(client: int) -> Any:
    pairs = [
        {"claim": f"the envoy said {client}", "sentence": WORDS[0][: 20 + 7 * ((client + k) % 10)] + f" {k}"}
        for k in range(400)
    ]
    return {"pairs": pairs}


def accepted(running: Running, futures: Sequence[Future[Any]]) -> int:
    """Count the requests that are answered or in the service; one that moves on meanwhile is not counted."""
    answered = sum(future.done() for future in futures)
    found = re.search(r"^stance_requests_now (\S+)$", running.metrics(), re.MULTILINE)
    assert found is not None
    return answered + int(float(found[1]))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_what_was_accepted_when_the_signal_came_is_answered(tiny_checkpoint: Checkpoint, number: int) -> None:
    clf = StanceClassifier.from_pretrained(tiny_checkpoint.path, device="cpu")
    bodies = [large_body(client) for client in range(50)]
    with (
        serving(tiny_checkpoint, "--waiting-pairs", "50000") as running,
        ThreadPoolExecutor(50) as clients,
    ):
        futures = [clients.submit(running.ask, "POST", "/classify", body) for body in bodies]
        deadline = time.monotonic() + PATIENCE
        while accepted(running, futures) < 50:
            assert time.monotonic() < deadline
        assert not all(future.done() for future in futures)  # in the middle of it
        ended = end(running, number)
        answers = [future.result() for future in futures]
        assert ended == (ENDED[number], "", "")
        with pytest.raises(OSError):  # noqa: PT011 - refused or reset: nobody is there any more
            running.ask("GET", "/health")
    assert [status for status, _ in answers] == [200] * 50
    wrong = [n for n, (_, got) in enumerate(answers) if not same(got, direct(clf, "/classify", bodies[n]))]
    assert wrong == []


@pytest.mark.slow
def test_clients_that_go_on_asking_get_an_answer_or_no_connection(tiny_checkpoint: Checkpoint) -> None:
    clf = StanceClassifier.from_pretrained(tiny_checkpoint.path, device="cpu")
    expected = {path: direct(clf, path, body) for path, body in BODIES.items()}
    answered = [0] * 50
    wrong: list[Any] = []

    def work(client: int) -> None:
        path = list(BODIES)[client % 3]
        while True:
            try:
                status, answer = running.ask("POST", path, BODIES[path])
            except OSError:  # refused, or closed before the request was read
                return
            answered[client] += 1
            if status != 200 or not same(answer, expected[path]):
                wrong.append((client, status, answer))

    with serving(tiny_checkpoint) as running:
        threads = [threading.Thread(target=work, args=(client,)) for client in range(50)]
        for thread in threads:
            thread.start()
        time.sleep(3)
        ended = end(running)
        for thread in threads:
            thread.join(PATIENCE)
        assert ended == (ENDED[signal.SIGTERM], "", "")
    assert wrong == []
    assert min(answered) > 0


@pytest.mark.slow
def test_refusals_are_seen_by_clients_that_are_still_sending(tiny_checkpoint: Checkpoint) -> None:
    large = {"pairs": [{"claim": "a", "sentence": "b" * 5_000_000}]}
    with serving(tiny_checkpoint, environment={VARIABLE: "abc"}) as running:
        assert running.ask("POST", "/classify", large)[0] == 401
        assert running.ask("POST", "/classify", large, {"X-API-Key": "abc"})[0] == 413
        assert running.ask("POST", "/classify", BODIES["/classify"], {"X-API-Key": "abc"})[0] == 200
        assert running.ask("GET", "/health")[0] == 200
        assert end(running) == (ENDED[signal.SIGTERM], "", "")


@pytest.mark.slow
def test_the_service_needs_no_torch(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'transformers', 'datasets', 'sklearn', 'pyarrow'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
    )
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    with serving(tiny_checkpoint, environment={"PYTHONPATH": path}) as running:
        for route, body in BODIES.items():
            assert running.ask("POST", route, body)[0] == 200
        assert end(running) == (ENDED[signal.SIGTERM], "", "")
