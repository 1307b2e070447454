"""Downloads: the right bytes under the final name, or no file and a message that says why."""

import bz2
import functools
import gzip
import hashlib
import io
import logging
import lzma
import os
import random
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import tracemalloc
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from wordorder.data import download
from wordorder.io.errors import InputError

CONTENT = random.Random(1).randbytes(300_000)
PAGE = b"\n<!DOCTYPE html><html><body>Please log in.</body></html>"


def md5(content):
    return "md5:" + hashlib.md5(content).hexdigest()


class Server(ThreadingHTTPServer):
    """Answers on the loopback. `answers[path]` are functions of a request, one for each; the last one remains."""

    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = {}
        self.times = []
        self.paths = []
        self.sent = 0
        self.released = threading.Event()

    def add(self, path, *answers):
        """Return the address at which these answers are given."""
        self.answers[path] = list(answers)
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request, client_address):
        """Say nothing: clients are killed here on purpose."""


class Handler(BaseHTTPRequestHandler):
    """Gives the answers of the server, and counts."""

    def do_GET(self):
        """Give the next answer."""
        self.server.paths.append(self.path)
        self.server.times.append(time.monotonic())
        answers = self.server.answers[self.path]
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def head(self, status, **headers):
        """Send the status and the headers."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def body(self, content):
        """Send the content, and count it."""
        self.server.sent += len(content)
        self.wfile.write(content)

    def log_message(self, *args):
        """Keep the output of the tests clean."""


def status(code):
    return lambda request: request.head(code, Content_Length=0)


def redirect(url):
    return lambda request: request.head(302, Location=url, Content_Length=0)


def whole(content):
    """Without byte ranges, as http.server has it."""

    def answer(request):
        request.head(200, Content_Length=len(content))
        request.body(content)

    return answer


def ranges(content):
    """With byte ranges, both bytes=first-last and bytes=-length."""

    def answer(request):
        if "Range" not in request.headers:
            whole(content)(request)
            return
        first, last = request.headers["Range"].removeprefix("bytes=").split("-")
        start = int(first) if first else max(0, len(content) - int(last))
        stop = int(last) + 1 if first and last else len(content)
        part = content[start:stop]
        request.head(206, Content_Length=len(part), Content_Range=f"bytes {start}-{stop - 1}/{len(content)}")
        request.body(part)

    return answer


def half(content):
    """A body shorter than Content-Length, and an orderly end of the connection."""

    def answer(request):
        request.head(200, Content_Length=len(content))
        request.body(content[: len(content) // 2])

    return answer


def dropped(content):
    """Half a body, and the connection reset."""

    def answer(request):
        half(content)(request)
        request.wfile.flush()
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.connection.close()

    return answer


def stuck(content):
    """Half a body, and then silence."""

    def answer(request):
        half(content)(request)
        request.server.released.wait()

    return answer


def slow(content):
    """A body in pieces, for a second."""

    def answer(request):
        request.head(200, Content_Length=len(content))
        for start in range(0, len(content), len(content) // 10):
            request.body(content[start : start + len(content) // 10])
            time.sleep(0.1)

    return answer


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def target(tmp_path):
    (tmp_path / "resources").mkdir()
    return tmp_path / "resources" / "archive.bin"


fetch = functools.partial(download.fetch, pause=0)
fetch_vectors = functools.partial(download.fetch_vectors, pause=0)


def assert_only(target, content):
    assert target.read_bytes() == content
    assert list(target.parent.iterdir()) == [target]


def message_of_failure(target, fetching, *args):
    """Return the message of the InputError; and see that no file is left, neither final nor temporary."""
    with pytest.raises(InputError) as caught:
        fetching(*args)
    assert list(target.parent.iterdir()) == []
    return str(caught.value)


def test_file_from_a_server(server, target):
    # Catches: other bytes, a temporary file left behind, a checksum compared with regard to case.
    fetch([server.add("/a", whole(CONTENT))], target, md5(CONTENT).upper())
    assert_only(target, CONTENT)


def test_sha256(server, target):
    # Catches: another algorithm than the one that the checksum names.
    fetch([server.add("/a", whole(CONTENT))], target, "sha256:" + hashlib.sha256(CONTENT).hexdigest())
    assert_only(target, CONTENT)


def test_redirects_are_followed(server, target):
    # Catches: the body of the redirect taken for the file.
    fetch([server.add("/a", redirect(server.add("/b", whole(CONTENT))))], target, md5(CONTENT))
    assert_only(target, CONTENT)


def test_file_is_not_unpacked_on_the_way(server, target):
    # Catches: asking for a compressed transfer, which a server may meet by declaring a .tar.gz as encoded.
    content = gzip.compress(CONTENT)

    def answer(request):
        encoding = {"Content_Encoding": "gzip"} if "gzip" in request.headers.get("Accept-Encoding", "") else {}
        request.head(200, Content_Length=len(content), **encoding)
        request.body(content)

    fetch([server.add("/a.tar.gz", answer)], target, md5(content))
    assert_only(target, content)


@pytest.mark.parametrize("fault", [status(500), status(503), status(429), half(CONTENT), dropped(CONTENT), whole(PAGE)])
def test_faults_that_pass_are_tried_again(server, target, fault):
    # Catches: giving up at the first fault that may pass.
    fetch([server.add("/a", fault, fault, whole(CONTENT))], target, md5(CONTENT))
    assert server.paths == ["/a"] * 3
    assert_only(target, CONTENT)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 416])
def test_faults_that_last_are_not_tried_again(server, target, code):
    # Catches: waiting for a file that is not there, and a message without the reason.
    url = server.add("/a", status(code))
    assert f"- {url}: HTTP status {code} " in message_of_failure(target, fetch, [url], target, md5(CONTENT))
    assert server.paths == ["/a"]


def test_number_of_attempts(server, target):
    # Catches: one attempt too many or too few.
    url = server.add("/a", status(500))
    with pytest.raises(InputError):
        fetch([url], target, md5(CONTENT), attempts=2)
    assert server.paths == ["/a"] * 2


def test_pauses_grow(server, target):
    # Catches: hammering a server that is busy.
    fetch([server.add("/a", status(503), status(503), whole(CONTENT))], target, md5(CONTENT), pause=0.1)
    first, second, third = server.times
    assert second - first >= 0.1
    assert third - second >= 0.2


def test_no_pause_after_the_last_attempt(server, target):
    # Catches: sleeping before the next source, which need not wait.
    sources = [server.add("/a", status(500)), server.add("/b", whole(CONTENT))]
    fetch(sources, target, md5(CONTENT), attempts=1, pause=3600)
    assert_only(target, CONTENT)


def test_mirrors_in_the_order_given(server, target):
    # Catches: another order, and sources asked after the first good one.
    sources = [
        server.add("/c", status(404)),
        server.add("/a", half(CONTENT)),
        server.add("/d", whole(CONTENT)),
        server.add("/b", whole(CONTENT)),
    ]
    fetch(sources, target, md5(CONTENT))
    assert server.paths == ["/c", "/a", "/a", "/a", "/d"]
    assert_only(target, CONTENT)


@pytest.mark.parametrize("fault", [half, dropped])
def test_incomplete_body_is_noticed_before_the_checksum(server, target, fault):
    # Catches: taking what came for the file; the checksum given is that of the half that came.
    url = server.add("/a", fault(CONTENT))
    message = message_of_failure(target, fetch, [url], target, md5(CONTENT[: len(CONTENT) // 2]))
    assert "IncompleteRead" in message or "Connection reset" in message
    assert "checksum" not in message


def test_incomplete_chunked_body_is_noticed(server, target):
    # Catches: a body without Content-Length taken for complete when its last chunk is missing.
    def answer(request):
        request.protocol_version = "HTTP/1.1"
        request.head(200, Transfer_Encoding="chunked")
        request.body(b"%x\r\n%b\r\n" % (len(CONTENT), CONTENT))
        request.close_connection = True

    message = message_of_failure(target, fetch, [server.add("/a", answer)], target, md5(CONTENT))
    assert "checksum" not in message
    assert len(server.paths) == 3


def test_wrong_checksum(server, target):
    # Catches: a wrong file accepted, and a message that does not say what came.
    url = server.add("/a", whole(b"another file"))
    message = message_of_failure(target, fetch, [url], target, md5(CONTENT))
    assert (
        f"- {url}: wrong checksum, expected {md5(CONTENT)}, received {md5(b'another file')}; if it is the file"
        in message
    )
    assert len(server.paths) == 3


@pytest.mark.parametrize("page", [PAGE, b"<html>", b"\xef\xbb\xbf<!doctype HTML>"])
def test_web_page_instead_of_the_file(server, target, page):
    # Catches: a login page or a polite error page reported as nothing but a wrong checksum.
    message = message_of_failure(target, fetch, [server.add("/a", whole(page))], target, md5(CONTENT))
    assert md5(page) in message
    assert "web page" in message


def test_message_names_every_source_and_what_to_do(server, target, tmp_path):
    # Catches: a message about the last source only; and one that leaves the reader alone.
    sources = [server.add("/a", status(404)), str(tmp_path / "none"), server.add("/b", status(500))]
    message = message_of_failure(target, fetch, sources, target, md5(CONTENT))
    first, *reasons, last = message.splitlines()
    assert str(target) in first
    assert reasons == [
        f"- {sources[0]}: HTTP status 404 Not Found.",
        f"- {sources[1]}: No such file or directory.",
        f"- {sources[2]}: HTTP status 500 Internal Server Error.",
    ]
    assert "put its path first" in last


def test_no_server(target):
    # Catches: the deep exception of a refused connection.
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/a"
        message = message_of_failure(target, fetch, [url], target, md5(CONTENT))
    assert "Connection refused" in message


@pytest.mark.parametrize("url", ["http://", "http://127.0.0.1:port/a"])
def test_address_that_is_none(target, url):
    # Catches: the deep exception of an address that cannot be parsed, and trying it again.
    message = message_of_failure(target, functools.partial(fetch, pause=3600), [url], target, md5(CONTENT))
    assert f"- {url}: " in message


def test_endless_redirects(server, target):
    # Catches: the deep exception, and going round again.
    url = server.add("/a", redirect("/a"))
    assert "redirects" in message_of_failure(target, fetch, [url], target, md5(CONTENT))
    assert len(server.paths) < 60


@pytest.mark.parametrize("answer", [stuck(CONTENT), lambda request: request.server.released.wait()])
def test_silent_server(server, target, monkeypatch, answer):
    # Catches: waiting for ever, in the middle of a body or for the first byte.
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    url = server.add("/a", answer)
    assert "no answer for 0.2 seconds" in message_of_failure(target, fetch, [url], target, md5(CONTENT))
    assert len(server.paths) == 3


def test_local_path_and_file_address(target, tmp_path):
    # Catches: percent-encoding left in, or taken out of a path that is no address.
    path = tmp_path / "100%25 my file.bin"
    path.write_bytes(CONTENT)
    for source in (str(path), path.as_uri()):
        fetch([source], target, md5(CONTENT))
        assert_only(target, CONTENT)
        target.unlink()
    assert path.as_uri().endswith("/100%2525%20my%20file.bin")
    assert path.read_bytes() == CONTENT


def test_local_faults_are_not_tried_again(server, target, tmp_path):
    # Catches: pauses for what no pause can mend: no file, a wrong file.
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"another file")
    sources = [str(tmp_path / "none"), str(wrong)]
    message = message_of_failure(target, functools.partial(fetch, pause=3600), sources, target, md5(CONTENT))
    assert [line.split(": ")[1].split(",")[0] for line in message.splitlines()[1:-1]] == [
        "No such file or directory.",
        "wrong checksum",
    ]
    fetch([*sources, server.add("/a", whole(CONTENT))], target, md5(CONTENT), pause=3600)
    assert_only(target, CONTENT)


def test_failure_leaves_an_older_file_alone(server, target):
    # Catches: the last good file deleted or overwritten before there is a new one.
    target.write_bytes(b"older")
    with pytest.raises(InputError):
        fetch([server.add("/a", half(CONTENT))], target, md5(CONTENT))
    assert_only(target, b"older")


def test_leftover_of_a_killed_run_is_overwritten(server, target):
    # Catches: appending to it, or a new temporary name each time.
    target.with_name(f".part-{target.name}").write_bytes(CONTENT * 2)
    fetch([server.add("/a", whole(CONTENT))], target, md5(CONTENT))
    assert_only(target, CONTENT)


def run_fetch(url, target, before=""):
    """Start a process of its own that fetches CONTENT."""
    code = (
        f"from pathlib import Path\nfrom wordorder.data.download import fetch\n{before}\n"
        f"fetch([{url!r}], Path({str(target)!r}), {md5(CONTENT)!r}, pause=0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "workflow/scripts")}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True)


def test_killed_in_the_middle(server, target):
    # Catches: writing under the final name; and a second run that stumbles over what the first has left.
    url = server.add("/a", stuck(CONTENT), whole(CONTENT))
    part = target.with_name(f".part-{target.name}")
    with run_fetch(url, target) as process:
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    assert list(target.parent.iterdir()) == [part]
    assert 0 < part.stat().st_size < len(CONTENT)
    fetch([url], target, md5(CONTENT))
    assert_only(target, CONTENT)


def test_runs_that_share_a_folder_do_not_meet(server, target):
    # Catches: two downloads that write the same temporary file, of which both fail; one that is made twice.
    url = server.add("/a", slow(CONTENT))
    record = target.with_name("checksums.json")
    code = (
        f"from pathlib import Path\nimport download_corpus\n"
        f"download_corpus.main([{url!r}], Path({str(target)!r}), Path({str(record)!r}), {md5(CONTENT)!r})"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "workflow/scripts")}
    processes = [subprocess.Popen([sys.executable, "-c", code], env=environment) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert target.read_bytes() == CONTENT
    assert sorted(target.parent.iterdir()) == [target, record]
    assert server.paths == ["/a"]


def test_no_room(server, target):
    # Catches: a full disk (here: a limit on the size of files) taken for a fault of the source.
    url = server.add("/a", whole(CONTENT))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))"
    with run_fetch(url, target, limit) as process:
        _, errors = process.communicate(timeout=60)
    assert f"InputError: {target} cannot be written: " in errors
    assert server.paths == ["/a"]
    assert list(target.parent.iterdir()) == []


def test_log_has_one_line_for_each_fault(server, target, caplog):
    # Catches: silence about retries, and messages of several lines.
    caplog.set_level(logging.INFO, "wordorder.download")
    sources = [server.add("/a", status(404)), server.add("/b", status(500), whole(CONTENT))]
    fetch(sources, target, md5(CONTENT), pause=0.01)
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        f"{sources[0]}: HTTP status 404 Not Found. Giving this source up.",
        f"{sources[1]}: HTTP status 500 Internal Server Error. Try 2 of 3 in 0.01 s.",
    ]
    assert all("\n" not in record.getMessage() for record in caplog.records)


def test_progress(server, target, monkeypatch, capfd):
    # Catches: no sign of life in a long download, characters that are not ASCII; and a short download that fills a log.
    url = server.add("/a", whole(CONTENT))
    fetch([url], target, md5(CONTENT))
    assert capfd.readouterr().err == ""
    target.unlink()
    monkeypatch.setattr(download, "PROGRESS_INTERVAL", 1e-9)
    fetch([url], target, md5(CONTENT))
    shown = capfd.readouterr().err
    assert shown.isascii()
    assert "300k" in shown


# Zip archives.

MEMBER = b"".join(b"word%d 0.%d\n" % (i, i * 7919 % 10007) for i in range(60_000))


def write_zip(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path.read_bytes()


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    random_bytes = random.Random(2).randbytes
    entries = {"before.txt": random_bytes(1_000_000), "member.txt": MEMBER, "after.txt": random_bytes(1_500_000)}
    return write_zip(tmp_path_factory.mktemp("zip") / "archive.zip", entries)


def member_extent(archive, tmp_path):
    """Return where the compressed bytes of member.txt start and stop."""
    path = tmp_path / "copy.zip"
    path.write_bytes(archive)
    with zipfile.ZipFile(path) as opened:
        entries = {info.filename: info for info in opened.infolist()}
    return entries["member.txt"].header_offset + 30 + len("member.txt"), entries["after.txt"].header_offset


def damaged(archive, tmp_path):
    """Return the archive with a few bytes in the middle of member.txt changed."""
    start, stop = member_extent(archive, tmp_path)
    middle = (start + stop) // 2
    return archive[:middle] + bytes(byte ^ 0xFF for byte in archive[middle : middle + 8]) + archive[middle + 8 :]


def test_only_the_member_travels(server, target, archive, tmp_path):
    # Catches: the whole archive fetched for one member; other bytes; a copy of the archive left.
    fetch_vectors([server.add("/a.zip", ranges(archive))], target, "member.txt", md5(MEMBER))
    assert_only(target, MEMBER)
    start, stop = member_extent(archive, tmp_path)
    assert stop - start < server.sent < stop - start + 70_000 < len(archive) / 5


def test_whole_archive_where_there_are_no_ranges(server, target, archive):
    # Catches: giving up a server without byte ranges, and leaving the archive beside the member.
    fetch_vectors([server.add("/a.zip", whole(archive))], target, "member.txt", md5(MEMBER))
    assert_only(target, MEMBER)
    assert server.sent >= len(archive)


@pytest.mark.parametrize("as_source", [str, Path.as_uri])
def test_local_zip(target, archive, tmp_path, as_source):
    # Catches: a zip downloaded by hand that cannot be used, or that is deleted.
    path = tmp_path / "my archive.zip"
    path.write_bytes(archive)
    fetch_vectors([as_source(path)], target, "member.txt", md5(MEMBER))
    assert_only(target, MEMBER)
    assert path.read_bytes() == archive


def test_leftovers_of_a_killed_run_with_a_zip(target, archive, tmp_path):
    # Catches: hundreds of megabytes that nobody deletes, where the next run finds another source.
    for name in (f".part-{target.name}", f".part-{target.name}.zip"):
        target.with_name(name).write_bytes(archive)
    (tmp_path / "a.zip").write_bytes(archive)
    fetch_vectors([str(tmp_path / "a.zip")], target, "member.txt", md5(MEMBER))
    assert_only(target, MEMBER)


@pytest.mark.parametrize("serve", [ranges, whole])
def test_missing_member(server, target, archive, serve):
    # Catches: the deep KeyError, trying again, and a message that does not say what there is.
    url = server.add("/a.zip", serve(archive))
    message = message_of_failure(target, fetch_vectors, [url], target, "other.txt", md5(MEMBER))
    assert f"- {url}: the archive has no member other.txt; it has before.txt, member.txt, after.txt." in message
    # At most: the question for a range, and the whole archive.
    assert len(server.paths) <= 2


@pytest.mark.parametrize("serve", [ranges, whole])
def test_not_a_zip(server, target, serve):
    # Catches: the deep BadZipFile, and trying again.
    url = server.add("/a.zip", serve(CONTENT))
    message = message_of_failure(
        target, functools.partial(fetch_vectors, pause=3600), [url], target, "member.txt", md5(MEMBER)
    )
    assert f"- {url}: not a zip archive." in message


def test_web_page_instead_of_the_zip(server, target):
    # Catches: a login page reported as nothing but a bad zip.
    url = server.add("/a.zip", whole(PAGE))
    assert "web page" in message_of_failure(target, fetch_vectors, [url], target, "member.txt", md5(MEMBER))


@pytest.mark.parametrize("serve", [ranges, whole])
def test_damaged_member(server, target, archive, tmp_path, serve):
    # Catches: a damaged member kept, whatever its checksum; and damage on the way for which there is no second try.
    good, bad = serve(archive), serve(damaged(archive, tmp_path))
    message = message_of_failure(target, fetch_vectors, [server.add("/a", bad)], target, "member.txt", md5(MEMBER))
    assert "member.txt is damaged" in message
    # One attempt takes two requests: the directory and the member, or the refused range and the whole.
    assert len(server.paths) == 6
    fetch_vectors([server.add("/b", bad, bad, good)], target, "member.txt", md5(MEMBER))
    assert_only(target, MEMBER)


def test_member_with_another_checksum(server, target, archive):
    # Catches: the checksum taken of the archive, or not at all.
    url = server.add("/a", ranges(archive))
    message = message_of_failure(target, fetch_vectors, [url], target, "member.txt", md5(archive))
    assert f"expected {md5(archive)}, received {md5(MEMBER)}" in message


@pytest.mark.parametrize("fault", [status(500), half(b"x" * 9), dropped(b"x" * 9)])
def test_faults_of_ranges_that_pass(server, target, archive, fault):
    # Catches: giving up at a fault of the first request (the directory) or of the second (the member).
    good = ranges(archive)
    fetch_vectors([server.add("/a", fault, good)], target, "member.txt", md5(MEMBER))
    fetch_vectors([server.add("/b", good, fault, good)], target, "member.txt", md5(MEMBER))
    assert_only(target, MEMBER)


@pytest.mark.parametrize("end", ["half", "dropped", "stuck"])
def test_range_that_ends_early(server, target, archive, monkeypatch, end):
    # Catches: the deep exceptions of urllib3 and zipfile in the middle of a member, and hanging there.
    monkeypatch.setattr(download, "TIMEOUT", 0.3)

    def answer(request):
        first, last = request.headers["Range"].removeprefix("bytes=").split("-")
        if not first:
            ranges(archive)(request)
            return
        start, stop = int(first), int(last) + 1
        request.head(206, Content_Length=stop - start, Content_Range=f"bytes {start}-{stop - 1}/{len(archive)}")
        request.body(archive[start : (start + stop) // 2])
        if end == "dropped":
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.connection.close()
        if end == "stuck":
            request.server.released.wait()

    message = message_of_failure(target, fetch_vectors, [server.add("/a", answer)], target, "member.txt", md5(MEMBER))
    expected = {"half": "IncompleteRead", "dropped": "reset", "stuck": "no answer for 0.3 seconds"}
    assert expected[end] in message
    assert server.paths == ["/a"] * 6


def test_missing_archive(server, target):
    # Catches: trying an archive again that is not there; remotezip hides the status.
    url = server.add("/a.zip", status(404))
    message = message_of_failure(target, fetch_vectors, [url], target, "member.txt", md5(MEMBER))
    assert f"- {url}: HTTP status 404 Not Found." in message
    assert server.paths == ["/a.zip"]


def test_mirrors_of_an_archive(server, target, archive, tmp_path):
    # Catches: a bad source that keeps the next ones from being asked.
    sources = [
        str(tmp_path / "none.zip"),
        server.add("/a", status(404)),
        server.add("/b", ranges(CONTENT)),
        server.add("/c", half(archive)),
        server.add("/d", ranges(archive)),
    ]
    fetch_vectors(sources, target, "member.txt", md5(MEMBER))
    assert_only(target, MEMBER)


def test_encrypted_member(target, tmp_path):
    # Catches: the deep RuntimeError of zipfile.
    content = bytearray(write_zip(tmp_path / "a.zip", {"member.txt": MEMBER}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.rindex(signature) + offset] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    message = message_of_failure(target, fetch_vectors, [str(tmp_path / "a.zip")], target, "member.txt", md5(MEMBER))
    assert "encrypted" in message


@pytest.mark.parametrize("serve", [ranges, whole])
def test_member_is_not_held_in_memory(server, target, tmp_path, serve):
    # Catches: reading the member at once; unpacked it is 64 MB here.
    content = bytes(64_000_000)
    url = server.add("/a.zip", serve(write_zip(tmp_path / "a.zip", {"member.txt": content})))
    tracemalloc.start()
    try:
        fetch_vectors([url], target, "member.txt", md5(content))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16_000_000
    assert target.stat().st_size == len(content)


# Folders, and files that are not in an archive.


@pytest.fixture
def folder(tmp_path):
    """A folder with files that are hidden, empty, the same as another, and in folders; in an odd order."""
    folder = tmp_path / "corpus"
    for name in ("pos/b.txt", "pos/a.txt", "neg/c.txt", "pos/.hidden", ".git/x", "empty.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name if name != "empty.txt" else "")
    (folder / "neg/d.txt").hardlink_to(folder / "neg/c.txt")
    for i in range(9, -1, -1):
        (folder / f"none{i}").mkdir()
    return folder


def test_folder_becomes_an_archive(target, folder):
    # Catches: files that are lost or come twice, hidden ones that come along, a second name of a file taken for a link.
    fetch([str(folder)], target, None)
    with tarfile.open(target) as archive:
        content = {
            entry.name: archive.extractfile(entry).read().decode() if entry.isreg() else None for entry in archive
        }
    expected = {
        "empty.txt": "",
        "neg": None,
        "neg/c.txt": "neg/c.txt",
        "neg/d.txt": "neg/c.txt",
        **{f"none{i}": None for i in range(10)},
        "pos": None,
        "pos/a.txt": "pos/a.txt",
        "pos/b.txt": "pos/b.txt",
    }
    # In this order, whatever that of the directory is.
    assert list(content.items()) == list(expected.items())
    assert list(target.parent.iterdir()) == [target]


def test_archive_of_a_folder_is_a_function_of_its_contents(target, folder, tmp_path):
    # Catches: dates, owners and rights in the archive, the order of the directory, the place of the folder.
    fetch([str(folder)], target, None)
    first = target.read_bytes()
    other = tmp_path / "elsewhere"
    for name in ("empty.txt", "pos/a.txt", "pos/b.txt", "neg/d.txt", "neg/c.txt"):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_bytes((folder / name).read_bytes())
        (other / name).chmod(0o600)
        os.utime(other / name, (0, 0))
    for i in range(10):
        (other / f"none{i}").mkdir()
    fetch([other.as_uri()], target, None)
    assert target.read_bytes() == first
    (other / "pos/a.txt").write_text("edited")
    fetch([str(other)], target, None)
    assert target.read_bytes() != first


@pytest.mark.parametrize("link", ["file", "folder", "pipe"])
def test_links_in_a_folder_are_refused(target, folder, link):
    # Catches: any file of the machine that a link leads to, packed with the corpus; a pipe that is waited for.
    path = folder / "pos/link.txt"
    if link == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/etc/passwd" if link == "file" else "/etc")
    message = message_of_failure(target, functools.partial(fetch, pause=3600), [str(folder)], target, None)
    assert f"- {folder}: {path} is a link or a device; put the file itself there." in message


@pytest.fixture
def open_folder():
    """A folder that every user may enter and write to."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def test_a_file_that_may_not_be_read_is_named(open_folder):
    # Catches: an error that does not say which of 50,000 files it is. Root may read everything, so another user tries.
    folder, target = open_folder / "corpus", open_folder / "resources/archive.bin"
    (folder / "pos").mkdir(parents=True)
    target.parent.mkdir()
    target.parent.chmod(0o777)
    (folder / "pos/a.txt").write_text("a")
    (folder / "pos/a.txt").chmod(0)
    user = os.geteuid()
    os.seteuid(user or 65534)
    try:
        message = message_of_failure(target, fetch, [str(folder)], target, None)
    finally:
        os.seteuid(user)
    assert f"- {folder}: {folder / 'pos/a.txt'}: Permission denied." in message


def test_no_checksum_takes_any_file(target, tmp_path, caplog):
    # Catches: a check against nothing, and a log that claims one.
    (tmp_path / "mine.csv").write_bytes(CONTENT)
    with caplog.at_level(logging.INFO):
        fetch([str(tmp_path / "mine.csv")], target, None)
    assert_only(target, CONTENT)
    assert "right checksum" not in caplog.text


def zip_of(*names):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, MEMBER)
    return packed.getvalue()


PACKED = {
    "as it is": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda content: zip_of("small.8d.txt"),
}


@pytest.mark.parametrize("compress", PACKED.values(), ids=PACKED)
def test_vectors_without_an_archive(server, target, tmp_path, compress):
    # Catches: a compressed file under the final name, a checksum of what was not unpacked, leftovers of a killed run.
    target.with_name(f".part-{target.name}.whole").write_bytes(b"left over")
    content = compress(MEMBER)
    (tmp_path / "cc.de.300.vec.gz").write_bytes(content)
    for source in (str(tmp_path / "cc.de.300.vec.gz"), server.add("/a.gz", whole(content))):
        fetch_vectors([source], target, None, md5(MEMBER))
        assert_only(target, MEMBER)
        target.unlink()


def test_compressed_vectors_that_end_early(server, target):
    # Catches: half a file of vectors, which is one, too; an EOFError of Python.
    content = gzip.compress(MEMBER)
    url = server.add("/a.gz", whole(content[: len(content) // 2]))
    assert "the file is not complete" in message_of_failure(target, fetch_vectors, [url], target, None, None)


def test_vectors_in_an_archive_of_several(target, tmp_path):
    # Catches: an archive that is taken for vectors, a member that is chosen without a word, a file of the user's own
    # that is to be deleted.
    (tmp_path / "vectors.zip").write_bytes(zip_of("small.8d.txt", "large.300d.txt"))
    message = message_of_failure(target, fetch_vectors, [str(tmp_path / "vectors.zip")], target, None, None)
    assert "the archive has 'small.8d.txt', 'large.300d.txt'; name one of them under glove.member" in message
    assert "elete" not in message
