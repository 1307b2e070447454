"""A page on which the trained models classify a text, and the route behind it.

The page is three files that are sent as they are. What it shows comes from one route, line by line, as the models are
done.
"""

import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wordorder.explain import FULL, explain
from wordorder.io.errors import InputError
from wordorder.io.terminal import printable
from wordorder.report.palette import BLUE, VERMILION

if TYPE_CHECKING:
    from wordorder.app.load import TrainedModel

# Characters of a text: each model is run once for each word, which is left out.
LONGEST = 4000
# Bytes of a request: such a text, if JSON writes each character as two halves of six bytes.
LARGEST = 12 * LONGEST + 100
# Visitors at a time, who take turns.
VISITORS = 64
# Seconds of computing for one visitor, and in which a request has to arrive and a line of the answer has to be read.
TIME, PATIENCE = 120, 10
# What the page may do in a browser: nothing but load its own files and ask its own route.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGE = Path(__file__).with_name("page")
# By the paths under which they are sent.
FILES = {
    "": ("index.html", "text/html"),
    "page.css": ("page.css", "text/css"),
    "page.js": ("page.js", "text/javascript"),
}


class Gone(Exception):
    """The visitor does not wait for the answer any more."""


class Visit:
    """A visitor, and the text that the models are to judge."""

    def __init__(self, text: str):
        self.text = text
        self.time_left = float(TIME)
        self.gone = False

    def judged(self, trained: "TrainedModel") -> dict[str, Any]:
        """Return what a model makes of the text. Raises TimeoutError if it takes too long, and Gone."""
        begin = time.monotonic()

        def probabilities(texts: Sequence[str]) -> Any:
            if self.gone:
                raise Gone
            if time.monotonic() - begin > self.time_left:
                raise TimeoutError
            return trained.probabilities(texts)

        predicted, shown, probability, shuffled, pieces = explain(probabilities, self.text)
        self.time_left -= time.monotonic() - begin
        return {
            "model": trained.variant,
            "label": trained.classes[predicted],
            "shown": trained.classes[shown],
            "probability": round(probability, 6),
            "shuffled": round(shuffled, 6),
            "words": [(piece, None if effect is None else round(effect, 4)) for piece, effect in pieces],
        }


class Explain:
    """The route that judges texts, one model at a time for all visitors, who take turns."""

    def __init__(self, models: Sequence["TrainedModel"]):
        self.models = models
        self.worker = ThreadPoolExecutor(max_workers=1)
        self.visitors = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request: a line of JSON for each model, as soon as it is done."""
        text = await text_of(Request(scope, receive))
        if self.visitors >= VISITORS:
            raise HTTPException(503, f"{VISITORS} others are waiting for an answer. Try again in a minute.")
        self.visitors += 1
        visit = Visit(text)

        async def sent(message: Message) -> None:
            async with asyncio.timeout(PATIENCE):
                await send(message)

        try:
            with suppress(TimeoutError):
                await StreamingResponse(self.lines(visit), media_type="application/x-ndjson")(scope, receive, sent)
        finally:
            visit.gone = True
            self.visitors -= 1

    async def lines(self, visit: Visit) -> AsyncIterator[str]:
        """Yield what each model makes of the text, or the error that ends the answer."""
        loop = asyncio.get_running_loop()
        try:
            for trained in self.models:
                # The worker takes what has waited longest, so that a long text does not keep others from their turns.
                yield json.dumps(await loop.run_in_executor(self.worker, visit.judged, trained)) + "\n"
        except TimeoutError:
            yield json.dumps({"error": f"The models took more than {TIME} seconds. Shorten the text."}) + "\n"


async def text_of(request: Request) -> str:
    """Return the text in the JSON of a request. Raises HTTPException if there is none, or if it is too long."""
    body = b""
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                body += part
                if len(body) > LARGEST:
                    raise HTTPException(413, f"The request has more than {LARGEST:,} bytes.")
        text = json.loads(body)["text"]
        # Halves of surrogate pairs, which JSON can hold, are no characters.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    except TimeoutError:
        raise HTTPException(408, f"The request did not arrive within {PATIENCE} seconds.") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, ClientDisconnect):
        raise HTTPException(400, 'The request has to be JSON such as {"text": "A good film."}') from None
    if not text.strip():
        raise HTTPException(400, "There is no text to classify.")
    if len(text) > LONGEST:
        raise HTTPException(413, f"The text has {len(text):,} characters; {LONGEST:,} are the most.")
    return text


def refusal(headers: Headers, local: bool) -> str:
    """Return why a request is refused that another page may have sent, "" if it is not.

    `local`: whether it came to the loopback, which names of other machines do not lead to, unless someone means harm.
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    if local and not is_local(host):
        return "This page is not there for other hosts."
    if origin is not None and origin.partition("://")[2] != host:
        return "This page is not there for other pages."
    return ""


def is_local(host: str) -> bool:
    """Return whether a Host header names this machine's loopback."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def application(models: Sequence["TrainedModel"], local: bool) -> ASGIApp:
    """Return the page and the route, for `uvicorn`."""

    def sending(name: str, kind: str) -> Callable[[Request], Response]:
        content = (PAGE / name).read_text(encoding="utf-8")
        if name == "page.css":
            content = f":root {{ --for: {BLUE}; --against: {VERMILION}; --full: {FULL}; }}\n{content}"
        return lambda request: Response(content, media_type=kind)

    files = [Route(f"/{path}", sending(*file)) for path, file in FILES.items()]
    inner = Starlette(routes=[*files, Route("/explain", Explain(models), methods=["POST"])])
    inner.router.redirect_slashes = False

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        if why := refusal(Headers(scope=scope), local):
            await PlainTextResponse(why, 403)(scope, receive, send)
        else:
            await inner(scope, receive, send)

    return outer


def listening(host: str, port: int) -> socket.socket:
    """Open a socket for the page. Raises InputError if `host` and `port` cannot be listened on."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
        return listener
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not the name of a host"
        raise InputError(
            f"Port {port} of {printable(host)} cannot be listened on ({why}). Name another --port or --host."
        ) from error


def serve(models: Sequence["TrainedModel"], listener: socket.socket) -> None:
    """Serve the page until the process is interrupted."""
    address, port = listener.getsockname()[:2]
    local = ip_address(address).is_loopback
    if not local:
        print(f"Warning: whoever can reach port {port} of this machine can use the models.", file=sys.stderr)
    shown = f"[{address}]" if ":" in address else address
    print(f"{len(models)} models on http://{shown}:{port}/ (Ctrl-C ends it)", flush=True)
    config = uvicorn.Config(
        application(models, local),
        headers=list(HEADERS.items()),
        server_header=False,
        proxy_headers=False,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
    )
    # There is nothing to save: outside of the main thread, the server leaves signals to end the process at once.
    thread = Thread(target=uvicorn.Server(config).run, args=([listener],), daemon=True)
    thread.start()
    thread.join()
