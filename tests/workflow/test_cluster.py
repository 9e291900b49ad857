"""The Dask engine on a real scheduler and real workers, some of which die."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pytest

from pipeline.core.schemas import NOTES
from pipeline.core.settings import SettingsError, read_section
from pipeline.core.tables import content_digest
from pipeline.corpora.parsing import VersionError, parse_corpus
from pipeline.corpora.parsing.cache import cache_file
from pipeline.corpora.sources.fetch import fetch
from pipeline.corpora.sources.settings import FolderSource
from pipeline.workflow.cluster import ClusterError
from pipeline.workflow.engine import SCHEDULER, EngineSettings, map_batches
from tests.helpers.cluster import Cluster, cluster
from tests.helpers.jobs import (
    end_every_worker,
    end_once,
    on,
    process_of,
    square,
)
from tests.helpers.paths import ROOT
from tests.helpers.reading import LIMITS, READ

SERIAL = EngineSettings(kind="serial", workers=1, address=None)


def parse(folder: Path, engine: EngineSettings) -> pa.Table:
    portions = [NOTES.empty_table()]
    parse_corpus("mine", folder, READ, LIMITS, engine, portions.append)
    return pa.concat_tables(portions)


@pytest.fixture(scope="module")
def two() -> Iterator[Cluster]:
    with cluster(2) as started:
        yield started


def test_results_come_in_the_order_of_the_batches(two: Cluster) -> None:
    assert list(map_batches(square, range(30), on(two.address))) == [number**2 for number in range(30)]


def test_the_environment_names_a_cluster_too(two: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SCHEDULER, two.address)
    assert list(map_batches(os.getppid, [], SERIAL)) == []
    assert set(map_batches(process_of, [1, 2, 3], SERIAL)) & {worker.pid for worker in two.workers} == set()
    assert os.getpid() not in map_batches(process_of, [1, 2, 3], SERIAL)


def test_a_batch_whose_worker_died_is_computed_by_another(two: Cluster, tmp_path: Path) -> None:
    markers = [str(tmp_path / "first"), str(tmp_path / "second")]
    assert list(map_batches(end_once, markers, on(two.address))) == ["done", "done"]


def test_a_batch_that_kills_every_worker_is_an_error(two: Cluster) -> None:
    with pytest.raises(ClusterError, match="a batch killed one worker after another"):
        list(map_batches(end_every_worker, [1], on(two.address)))


@pytest.fixture
def tunes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus of 300 tunes, fetched; an empty cache of pieces."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    text = "\n\n".join(f"X:{i}\nL:1/4\nK:C\n{'CDEFGAB'[i % 7]}{'cdefgab'[i % 5]}EF|" for i in range(300))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/book.abc").write_text(text)
    source = FolderSource(kind="folder", path="mine", licence="CC0-1.0", citation="us")
    fetch("mine", source, [".abc"], tmp_path / "raw")
    return tmp_path / "raw"


@pytest.mark.parametrize("nanny", ["--nanny", "--no-nanny"])
def test_a_corpus_read_on_a_cluster_whose_worker_is_killed_gives_the_same_rows(
    nanny: str, tunes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.corpora.parsing.BYTES_A_BATCH", 400)
    alone = parse(tunes, SERIAL)
    cache_file().unlink()
    with cluster(2, nanny) as started:
        killed: list[int] = []

        def kill_one_after_the_first_result(*arguments: Any) -> Iterator[Any]:
            for result in map_batches(*arguments):
                if not killed:
                    started.workers[0].kill()
                    killed.append(started.workers[0].wait())
                yield result

        monkeypatch.setattr("pipeline.corpora.parsing.map_batches", kill_one_after_the_first_result)
        together = parse(tunes, on(started.address))
    assert killed == [-signal.SIGKILL]
    assert alone.num_rows == 300
    assert content_digest(alone) == content_digest(together)


def results_while_frozen(address: str, workers: Sequence[int], afterwards: int = signal.SIGCONT) -> list[int]:
    """The results of 40 batches; the worker processes are frozen after the first of them."""
    results = []
    try:
        for result in map_batches(square, range(40), on(address)):
            if not results:
                send(signal.SIGSTOP, workers)
            results.append(result)
    finally:
        send(afterwards, workers)
    return results


def send(number: int, processes: Sequence[int]) -> None:
    for process in processes:
        os.kill(process, number)


def workers_of(address: str) -> list[int]:
    """The processes that compute batches: Dask's nannies are others."""
    return list(set(map_batches(process_of, range(40), on(address))))


def test_batches_of_a_frozen_worker_are_computed_by_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pipeline.workflow.cluster.SECONDS_WITHOUT_HEARTBEAT", 1.5)
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL", "1s")  # Dask makes 5 s of it
    with cluster(2, "--no-nanny") as pair:
        results = results_while_frozen(pair.address, [pair.workers[0].pid], afterwards=signal.SIGKILL)
    assert results == [number**2 for number in range(40)]
    assert "gives no sign of life for 2 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("n_frozen", "message"),
    [
        (1, "gives no sign of life.* does not remove it; end it,"),
        (2, "give no sign of life.* no other; end them,"),
    ],
)
def test_frozen_workers_that_the_scheduler_keeps_are_one_message(
    n_frozen: int, message: str, two: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.workflow.cluster.SECONDS_WITHOUT_HEARTBEAT", 1.5)
    monkeypatch.setattr("pipeline.workflow.cluster.SECONDS_WITHOUT_WORKERS", 0.5)
    monkeypatch.setattr("pipeline.workflow.cluster.SECONDS_UNTIL_REMOVED", 4.0)
    workers = workers_of(two.address)
    assert len(workers) == 2
    with pytest.raises(ClusterError, match=message):
        results_while_frozen(two.address, workers[:n_frozen])


def test_workers_with_other_code_are_refused(
    two: Cluster, tunes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.corpora.parsing.code_of", lambda _: "another commit")
    with pytest.raises(VersionError, match="check out the same commit"):
        parse(tunes, on(two.address))


def test_workers_without_the_project_are_an_error(tmp_path: Path) -> None:
    with cluster(1, root=tmp_path) as stranger, pytest.raises(ClusterError, match="lacks this project"):
        list(map_batches(square, [1], on(stranger.address)))


def test_a_scheduler_that_is_killed_at_work_is_one_message_without_a_log_of_dask() -> None:
    code = (
        "import sys; from pipeline.workflow.engine import map_batches; "
        "from tests.helpers.jobs import end_process, on; batches = [0, int(sys.argv[2]), *[0] * 50]; "
        "list(map_batches(end_process, batches, on(sys.argv[1])))"
    )
    with cluster(1) as one:
        command = [sys.executable, "-c", code, one.address, str(one.scheduler.pid)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.count("Traceback") == 1
    assert "ClusterError: lost the Dask scheduler at tcp" in done.stderr


def test_a_scheduler_that_does_not_answer_is_one_message(two: Cluster) -> None:
    code = (
        "import sys, pipeline.workflow.cluster as cluster; from pipeline.workflow.engine import map_batches; "
        "from tests.helpers.jobs import on, stop_process; "
        "cluster.SECONDS_WITHOUT_ANSWER, cluster.SECONDS_TO_CLOSE = 1.0, 0.5; "
        "list(map_batches(stop_process, [0, int(sys.argv[2]), *[0] * 50], on(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, two.address, str(two.scheduler.pid)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    finally:
        os.kill(two.scheduler.pid, signal.SIGCONT)
    assert "has not answered for 1 s" in done.stderr


def test_a_missing_scheduler_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.workflow.cluster.SECONDS_TO_CONNECT", 0.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ClusterError, match=f"no Dask scheduler answers at {address}"):
            list(map_batches(square, [1], on(address)))


def answer_once(server: socket.socket, answer: bytes) -> None:
    with suppress(OSError), server.accept()[0] as connection:
        connection.sendall(answer)
        while connection.recv(4096):
            pass


@pytest.mark.parametrize(
    ("answer", "seconds", "reason"),
    [
        (b"", 1.0, r"something listens there, but it has not answered for 2 s"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", 10.0, "another kind of server listens there"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", 10.0, "another kind of server listens there"),
    ],
)
def test_a_port_of_another_server_is_one_message(
    answer: bytes, seconds: float, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.workflow.cluster.SECONDS_TO_CONNECT", seconds)
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=answer_once, args=(server, answer), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError, match=f"no Dask scheduler answers at {address} .{reason}"):
            list(map_batches(square, [1], on(address)))


def test_an_unencrypted_address_on_a_network_gets_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pipeline.workflow.cluster.SECONDS_TO_CONNECT", 0.1)
    for address, warned in (("tcp://192.0.2.1:8786", True), ("tls://192.0.2.1:8786", False)):
        with pytest.raises(ClusterError, match="no Dask scheduler answers"):
            list(map_batches(square, [1], on(address)))
        assert ("is not encrypted" in capsys.readouterr().err) == warned


def certificate(folder: Path) -> dict[str, str]:
    """A key and a certificate signed by itself: authority, scheduler, worker and client in one."""
    files = {"key": str(folder / "key.pem"), "cert": str(folder / "cert.pem")}
    subject = ("-subj", "/CN=entchen", "-addext", "subjectAltName=IP:127.0.0.1")
    request = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject)
    subprocess.run(
        [*request, "-keyout", files["key"], "-out", files["cert"]], check=True, capture_output=True
    )
    return files


@pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made with openssl")
def test_a_cluster_with_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = certificate(tmp_path)
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION", "True")
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TLS__CA_FILE", files["cert"])
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        monkeypatch.setenv(f"DASK_DISTRIBUTED__COMM__TLS__{role}__KEY", files["key"])
        monkeypatch.setenv(f"DASK_DISTRIBUTED__COMM__TLS__{role}__CERT", files["cert"])
    code = (
        "import sys, pipeline.workflow.cluster; from pipeline.workflow.engine import map_batches; "
        "from tests.helpers.jobs import on, square; pipeline.workflow.cluster.SECONDS_TO_CONNECT = 3; "
        "print(*map_batches(square, [3], on(sys.argv[1])))"
    )
    with cluster(1, protocol="tls") as started:
        command = [sys.executable, "-c", code, started.address]
        assert started.address.startswith("tls://")
        assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout == "9\n"
        monkeypatch.undo()
        stranger = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "ClusterError: no Dask scheduler answers" in stranger.stderr


def test_a_scheduler_without_workers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.workflow.cluster.SECONDS_WITHOUT_WORKERS", 1.0)
    with cluster(0) as empty, pytest.raises(ClusterError, match="has no workers"):
        list(map_batches(square, [1], on(empty.address)))


def test_dask_without_an_address_is_a_mistake_in_the_parameters(tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text("engine: {kind: dask, workers: auto, address: null}")
    with pytest.raises(SettingsError, match="needs the `address` of a scheduler"):
        read_section(EngineSettings, "engine", path=params)


def test_a_run_that_needs_no_cluster_imports_no_dask() -> None:
    code = "import sys, stages.parse; sys.exit('distributed' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
