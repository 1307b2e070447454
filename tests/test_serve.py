"""The page of `wordorder serve` and the route behind it: what they answer, to whom, and for how long."""

import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import psutil
import pytest
from conftest import REPOSITORY

from wordorder.app import serve
from wordorder.explain import explain
from wordorder.io.errors import InputError

# What a text, a class or a variant may be called.
HOSTILE = [
    "</script><script>document.title='run'</script>",
    "<img src=x onerror=\"document.title='run'\">",
    "\x1b[2J\x07\x00\x85",
    "\u202etxt.exe\u2066",
    "&lt;b&gt; <!-- ' \" `",
    "javascript:alert(1)",
    "![](http://127.0.0.1:1/x.png)",
    "=cmd()",
]


class Model(NamedTuple):
    """A linear model of a word, which may be held up."""

    variant: str
    classes: list[str]
    enter: object = None

    def probabilities(self, texts):
        """Return the probabilities that texts are good."""
        if self.enter:
            self.enter(texts)
        return np.array([0.9 if "good" in text.split() else 0.2 for text in texts])


CLASSES = ["neg", "pos"]
# Texts of more than one batch.
LONG = "good " * 200


@contextmanager
def serving(*models, host="127.0.0.1"):
    """Serve models from a thread, which ends with the tests; give the port."""
    listener = serve.listening(host, 0)
    threading.Thread(target=serve.serve, args=(models, listener), daemon=True).start()
    yield listener.getsockname()[1]


@pytest.fixture(scope="module")
def port():
    """The port of a page with two models."""
    with serving(Model("one", CLASSES), Model("two", CLASSES)) as port:
        yield port


def asked(port, text="A good film.", host="127.0.0.1"):
    """Ask the models; return the open answer."""
    connection = http.client.HTTPConnection(host, port, timeout=120)
    connection.request("POST", "/explain", json.dumps({"text": text}))
    return connection.getresponse()


def judged(port, text="A good film."):
    """What the models say, as a list."""
    answer = asked(port, text)
    assert answer.status == 200, answer.read()
    return [json.loads(line) for line in answer]


def test_the_route_says_what_explain_says(port):
    # Catches: words that are lost, numbers of another text or class, an order of models that is not the given one.
    text = "A  good\n film."
    one, two = judged(port, text)
    assert (one["model"], two["model"]) == ("one", "two")
    expected = explain(Model("one", CLASSES).probabilities, text)
    assert (one["label"], one["shown"], one["probability"]) == ("pos", "pos", 0.9)
    assert one["shuffled"] == pytest.approx(expected.shuffled, abs=1e-6)
    assert "".join(piece for piece, _ in one["words"]) == text
    for (piece, effect), (word, exact) in zip(one["words"], expected.pieces, strict=True):
        assert piece == word
        assert effect == (exact if exact is None else pytest.approx(exact, abs=1e-4))


def test_the_example_of_the_readme(port):
    # Catches: a command that is refused, or an answer that is no longer of that form.
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    data, path, line = re.search(
        r"^\$ curl .*--data '(.*)' http://127.0.0.1:5006(/\S+) .*\n(.*)$", readme, re.M
    ).groups()
    # As curl sends it.
    status, said, _ = refused(port, "POST", path, data, **{"content-type": "application/x-www-form-urlencoded"})
    assert status == 200
    found, shown = json.loads(said.splitlines()[0]), json.loads(line)
    assert list(found) == list(shown)
    assert [word for word, _ in found["words"]] == [word for word, _ in shown["words"]]
    limits = f"{serve.LONGEST:,}\ncharacters, and the models may compute for {serve.TIME} seconds"
    assert limits in readme
    assert f"503 ({serve.VISITORS} others" in readme


def refused(port, method="GET", path="/", body=None, **headers):
    """The status, the words and the headers of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, {name.capitalize(): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), answer.headers


GOOD = '{"text": "good"}'
ASKED = {"method": "POST", "path": "/explain"}
REFUSED = {
    "another name of this machine": ({"host": "evil.example"}, 403, "not there for other hosts"),
    "a name that begins like ours": ({"host": "localhost.evil.example"}, 403, "not there for other hosts"),
    "an address elsewhere": ({"host": "10.0.0.1:80"}, 403, "not there for other hosts"),
    "no host": ({"host": ""}, 403, "not there for other hosts"),
    "a host that is none": ({"host": "[::1"}, 403, "not there for other hosts"),
    "another page": (ASKED | {"body": GOOD, "origin": "http://evil.example"}, 403, "not there for other pages"),
    "a file": (ASKED | {"body": GOOD, "origin": "null"}, 403, "not there for other pages"),
    "a module": ({"path": "/components/unittest.__main__/x/css/y"}, 404, "Not Found"),
    "a file of the machine": ({"path": "/../../../../etc/passwd"}, 404, "Not Found"),
    "a file beside the page": ({"path": "/serve.py"}, 404, "Not Found"),
    "the page as a folder": ({"path": "/explain/"}, 404, "Not Found"),
    "bytes that are no text": ({"path": "/%ff%00"}, 404, "Not Found"),
    "a post of the page": ({"method": "POST", "body": GOOD}, 405, "Method Not Allowed"),
    "a method": (ASKED | {"method": "DELETE"}, 405, "Method Not Allowed"),
    "the route as a page": ({"path": "/explain"}, 405, "Method Not Allowed"),
    "no JSON": (ASKED | {"body": "text=good"}, 400, 'JSON such as {"text": "A good film."}'),
    "no text in it": (ASKED | {"body": "{}"}, 400, "JSON such as"),
    "a number": (ASKED | {"body": '{"text": 1}'}, 400, "JSON such as"),
    "a list": (ASKED | {"body": "[1]"}, 400, "JSON such as"),
    "bytes": (ASKED | {"body": b"\xff\xfe\x00"}, 400, "JSON such as"),
    "an abyss": (ASKED | {"body": "[" * 40_000}, 400, "JSON such as"),
    "nothing": (ASKED | {"body": ""}, 400, "JSON such as"),
    "an empty text": (ASKED | {"body": '{"text": " \\n"}'}, 400, "There is no text to classify."),
    "a long text": (ASKED | {"body": json.dumps({"text": "a" * 4001})}, 413, "4,001 characters; 4,000 are the most"),
    "a long request": (ASKED | {"body": "a" * 1_000_000}, 413, "more than 48,100 bytes"),
}


@pytest.mark.parametrize(("request_", "status", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_meant_is_refused(port, request_, status, words):
    # Catches: a page elsewhere that asks the models or reads what they say; a traceback, a path or a version in an
    # answer; a module that is imported because an address names it.
    found, said, headers = refused(port, **request_)
    assert found == status
    assert words in said
    assert len(said) < 100
    assert "\n" not in said
    assert not re.search(r"Traceback|\.py|/|uvicorn|starlette|python", said, re.IGNORECASE)
    assert "server" not in headers
    # It is still there.
    assert refused(port)[0] == 200


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js", "/missing", "/explain"])
def test_every_answer_binds_the_browser(port, path):
    # Catches: an answer in which a script from elsewhere, or one in a text, would run.
    _, _, headers = refused(port, path=path)
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert {policy[name] for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:8000", "[::1]:5006", "127.0.0.2"])
def test_names_of_the_loopback(port, host):
    # Catches: a tunnel to another port that is refused; a page that may not ask its own server.
    assert refused(port, host=host)[0] == 200
    status, _, _ = refused(port, **ASKED, body=GOOD, host=host, origin=f"http://{host}")
    assert status == 200


def test_the_answer_comes_as_the_models_are_done():
    # Catches: answers that are held back until the last model is done.
    read = threading.Event()
    with serving(Model("one", CLASSES), Model("two", CLASSES, lambda _: read.wait(30))) as port:
        answer = asked(port)
        assert json.loads(answer.readline())["model"] == "one"
        read.set()
        assert json.loads(answer.readline())["model"] == "two"
        assert answer.readline() == b""


def test_a_long_text_does_not_keep_others_waiting():
    # Catches: a page that does not come while a model is at work; visitors who wait until another has all his answers.
    begun, go_on, order = threading.Event(), threading.Event(), []

    def enter(texts):
        begun.set()
        go_on.wait(30)

    with serving(*(Model(str(i), CLASSES, enter if i == 0 else None) for i in range(5))) as port:

        def visit(name, text):
            for line in asked(port, text):
                order.append((name, json.loads(line)["model"]))

        threads = [threading.Thread(target=visit, args=each) for each in (("first", LONG), ("second", "good"))]
        threads[0].start()
        assert begun.wait(30)
        assert refused(port)[0] == 200
        threads[1].start()
        time.sleep(0.5)
        go_on.set()
        for thread in threads:
            thread.join(30)
    assert len(order) == 10
    assert order.index(("second", "0")) < order.index(("first", "3"))


def test_a_visitor_who_goes_away_is_not_computed_for():
    # Catches: models that go on for nobody, and keep those who are there waiting.
    begun, go_on, batches, asked_of = threading.Event(), threading.Event(), [], []

    def enter(texts):
        batches.append(len(texts))
        begun.set()
        go_on.wait(30)

    with serving(Model("one", CLASSES, enter), Model("two", CLASSES, lambda texts: asked_of.append(texts[0]))) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", "/explain", json.dumps({"text": LONG}))
        assert begun.wait(30)
        connection.close()
        time.sleep(0.5)
        go_on.set()
        assert len(judged(port, "good film")) == 2
    assert asked_of == ["good film"]
    # Of the long text one batch, of the short one all of it.
    assert batches == [64, 23]


def test_those_who_would_wait_too_long_are_told(monkeypatch):
    # Catches: a queue without an end.
    monkeypatch.setattr(serve, "VISITORS", 3)
    go_on = threading.Event()
    with serving(Model("one", CLASSES, lambda _: go_on.wait(30))) as port:
        waiting = [asked(port) for _ in range(3)]
        found = refused(port, **ASKED, body=GOOD)
        go_on.set()
        assert found[:2] == (503, "3 others are waiting for an answer. Try again in a minute.")
        assert [len(list(answer)) for answer in waiting] == [1] * 3
        # Those have been answered.
        assert len(judged(port)) == 1


@pytest.mark.parametrize(("text", "done"), [(LONG, 0), ("good", 3)])
def test_a_text_that_takes_too_long(monkeypatch, text, done):
    # Catches: a text that occupies the models for any time, by one of them or all together; an answer that ends without
    # a word. A batch takes 50 seconds of a clock of its own.
    clock = [0]
    monkeypatch.setattr(serve, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    with serving(*(Model("one", CLASSES, lambda _: clock.append(clock.pop() + 50)) for _ in range(4))) as port:
        *answers, last = judged(port, text)
        assert len(answers) == done
        assert last == {"error": "The models took more than 120 seconds. Shorten the text."}


def test_a_request_that_does_not_arrive(monkeypatch, port):
    # Catches: connections that are kept for whoever sends a byte now and then.
    monkeypatch.setattr(serve, "PATIENCE", 0.2)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /explain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_an_answer_that_is_not_read(monkeypatch):
    # Catches: visitors who read nothing, and are in the way of those who do.
    monkeypatch.setattr(serve, "PATIENCE", 0.5)
    monkeypatch.setattr(serve, "VISITORS", 1)
    with serving(*(Model("m" * 1_000_000, CLASSES) for _ in range(20))) as port, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"POST /explain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\n" + GOOD.encode())
        deadline = time.monotonic() + 30
        while (answer := asked(port)).status != 200:
            assert time.monotonic() < deadline
        assert len(list(answer)) == 20


def test_a_model_that_fails(caplog):
    # Catches: a traceback in an answer; an answer that ends as if it were all; a server that does not go on.
    with serving(Model("one", CLASSES), Model("two", CLASSES, lambda texts: 1 / ("bad" not in texts[0]))) as port:
        answer = asked(port, "bad")
        assert json.loads(answer.readline())["model"] == "one"
        with pytest.raises(http.client.IncompleteRead) as caught:
            answer.read()
        assert caught.value.partial == b""
        assert len(judged(port)) == 2
    assert "ZeroDivisionError" in caplog.text


def test_halves_of_characters(port):
    # Catches: a server error where JSON holds half of a surrogate pair; whole pairs that are torn.
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/explain", r'{"text": "good \ud800 \ud83d\ude00"}')
    first = json.loads(connection.getresponse().readline())
    assert "".join(piece for piece, _ in first["words"]) == "good \N{REPLACEMENT CHARACTER} \N{GRINNING FACE}"


def test_addresses_of_both_kinds(capsys):
    # Catches: a page that cannot be had under IPv6; one that others can reach without a warning.
    # Not every machine has the other kind.
    if any(each.address == "::1" for each in chain(*psutil.net_if_addrs().values())):
        with serving(Model("one", CLASSES), host="::1") as port:
            assert len(list(asked(port, host="::1"))) == 1
        shown = capsys.readouterr()
        assert (shown.out, shown.err) == (f"1 models on http://[::1]:{port}/ (Ctrl-C ends it)\n", "")
    with serving(Model("one", CLASSES), host="0.0.0.0") as port:
        # Whoever can reach it may, by any name, but no other page.
        assert refused(port, host="machine.example")[0] == 200
        request = ASKED | {"body": GOOD, "host": "machine.example"}
        assert refused(port, **request, origin="http://machine.example")[0] == 200
        assert refused(port, **request, origin="http://evil.example")[0] == 403
    expected = f"Warning: whoever can reach port {port} of this machine can use the models.\n"
    assert capsys.readouterr().err == expected


def test_an_address_that_the_page_cannot_have():
    # Catches: a traceback from the depths of a server.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            InputError, match=rf"^Port {port} of 127\.0\.0\.1 cannot be listened on \(Address already in use\)\. Name"
        ):
            serve.listening("127.0.0.1", port)
    for host in ("no.such.host.invalid", "192.0.2.1", "a" * 100, "..", "\ud800"):
        with pytest.raises(InputError, match=r"^Port 5006 of .* cannot be listened on \(.*\)\. Name another --port or"):
            serve.listening(host, 5006)


PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
ENDING = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
from test_serve import CLASSES, Model, serve
serve.serve([Model("one", CLASSES), Model("two", CLASSES, lambda _: time.sleep(5))], serve.listening("127.0.0.1", 0))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(number):
    # Catches: a server that waits for the models or for its visitors; a traceback; an exit status of 0.
    command = [sys.executable, "-c", ENDING]
    process = subprocess.Popen(command, cwd=Path(__file__).parent, env={"PYTHONPATH": ":".join(sys.path)}, **PIPES)
    port = int(re.search(r":(\d+)/", process.stdout.readline())[1])
    answer = asked(port)
    assert json.loads(answer.readline())["model"] == "one"
    begin = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (-number, "")
    assert time.monotonic() - begin < 4


def opened(tab, port):
    """Open the page in a browser, and give what asks the models for a text."""
    tab.goto(f"http://127.0.0.1:{port}/")

    def classify(text):
        tab.get_by_label("A text").fill(text)
        tab.get_by_role("button", name="Classify").click()

    return classify


def test_whatever_it_holds_is_shown_as_text(tab):
    # Catches: a text, a class or a variant that runs in the page, loads something, or is not what it was; a violation
    # of the page's own policy, which the browser would report as an error.
    text = " ".join(HOSTILE)
    with serving(*(Model(name, [HOSTILE[i - 1], name]) for i, name in enumerate(HOSTILE))) as port:
        opened(tab, port)(text)
        tab.locator(".card").nth(len(HOSTILE) - 1).wait_for()
        assert tab.title() == "wordorder"
        for name, card in zip(HOSTILE, tab.locator(".card").all(), strict=True):
            assert card.locator("h2 bdi").nth(0).evaluate("each => each.textContent") == name
            assert f"P({name}) = 0.200" in card.locator("h2").evaluate("each => each.textContent")
            # A page has no NUL.
            assert card.locator("p").evaluate("each => each.textContent").replace("\ufffd", "\0") == text
        tags = tab.locator("#cards").evaluate("each => [...each.querySelectorAll('*')].map(it => it.localName)")
        assert set(tags) == {"article", "h2", "bdi", "div", "p", "span", "small"}


def test_what_the_page_shows(tab):
    # Catches: a number, a colour or a bar that is not that of the answer; cards that come all at the end.
    read = threading.Event()
    with serving(Model("one", CLASSES), Model("two", CLASSES, lambda _: read.wait(30))) as port:
        classify = opened(tab, port)
        classify("A good film")
        cards = tab.locator(".card")
        cards.nth(0).wait_for()
        assert tab.get_by_role("status").inner_text() == "Classifying …"
        assert cards.count() == 1
        read.set()
        cards.nth(1).wait_for()
        (first, _) = cards.all()
        assert first.locator("h2").inner_text().split("\n") == ["one", "pos, P(pos) = 0.900"]
        assert first.locator("small").inner_text() == "With the words shuffled: 0.900"
        bar = first.locator(".bar")
        widths = [each.bounding_box()["width"] for each in (bar.locator("div"), bar)]
        assert widths[0] / widths[1] == pytest.approx(0.9, abs=0.01)
        words = first.locator("p span").all()
        assert [word.get_attribute("title") for word in words] == ["+0.00", "+3.58", "+0.00"]
        colours = [word.evaluate("each => getComputedStyle(each).backgroundColor") for word in words]
        # 60 % of blue on white, as the effect is beyond the full one.
        numbers = [float(number) for number in re.findall(r"[\d.]+", colours[1].replace("srgb", ""))]
        assert numbers[:3] == pytest.approx([0.4, 0.668, 0.819], abs=0.01)
        assert colours[0] == colours[2] != colours[1]


def test_the_page_without_a_mouse_and_on_a_phone(chromium):
    # Catches: a field without a name, a button that the keyboard does not reach, a page that is wider than the screen;
    # errors that are not told; cards of the text before that stay, or come later.
    go_on = threading.Event()
    with serving(Model("m" * 60, ["a" * 90, "b" * 90], lambda texts: texts[0] == "x" and go_on.wait(30))) as port:
        # Not a tab in which nothing may fail: the browser takes a refusal for an error.
        tab = chromium.new_page(viewport={"width": 320, "height": 600})
        classify = opened(tab, port)
        classify(" ")
        tab.get_by_text("There is no text to classify.").wait_for()
        tab.get_by_label("A text").focus()
        tab.keyboard.press("Control+A")
        tab.keyboard.type("x")
        tab.keyboard.press("Tab")
        tab.keyboard.press("Enter")
        tab.get_by_text("Classifying …").wait_for()
        classify("w" * 3000)
        go_on.set()
        tab.locator(".card").wait_for()
        assert tab.locator(".card p").inner_text() == "w" * 3000
        assert tab.locator("#cards").get_attribute("aria-live") == "polite"
        assert tab.evaluate("document.documentElement.scrollWidth") <= 320
        classify("w" * 4001)
        tab.get_by_text("4,001 characters; 4,000 are the most").wait_for()
        assert tab.locator(".card").count() == 0
        tab.close()


def text_of(words, rng):
    """A text of so many words of the made-up corpus, and of others."""
    return " ".join(rng.choices(["film", "good", "bad", "not", "the", "was", "a", "Kathmandu", "7"], k=words))


@pytest.mark.parametrize("judgements", [150, pytest.param(1000, marks=pytest.mark.slow)])
def test_load(finished, judgements):
    # Catches: visitors who get no answer, or not all of it; memory that grows with each text, or with each new length.
    # The long one prints the row of docs/reliability.md.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "wordorder.app.cli", "serve", "-d", finished, "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": ":".join(sys.path)}, **PIPES)
    try:
        models = int(process.stdout.readline().split()[0])
        rng, memory = random.Random(1), psutil.Process(process.pid).memory_info
        used = [memory().rss]
        # One of each size, for which the models are compiled.
        texts = [text_of(1 << size, rng) for size in range(10)]
        texts += [text_of(round(1024 ** rng.random()), rng) for _ in range(judgements - 10)]
        begin = time.monotonic()
        with ThreadPoolExecutor(50) as pool:
            for count, answer in enumerate(pool.map(lambda text: judged(port, text[:4000]), texts), 1):
                assert [each["probability"] for each in answer] == [pytest.approx(0.5, abs=0.5)] * models
                if count in (judgements // 2, judgements):
                    used.append(memory().rss)
        seconds = time.monotonic() - begin
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert errors == ""
    megabytes = [round(each / 2**20) for each in used]
    print(f"| 50 | {judgements:,} | {models} | {seconds:.0f} | {' | '.join(f'{each:,}' for each in megabytes)} |")
    assert megabytes[2] - megabytes[1] < 0.05 * megabytes[1]
    assert seconds < 4 * judgements
