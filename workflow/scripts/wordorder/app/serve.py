"""A page on which the trained models judge a text."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import panel as pn

from wordorder.io.errors import InputError
from wordorder.explain import explain, explanation_html

if TYPE_CHECKING:
    from wordorder.app.load import TrainedModel

EXAMPLE = "That was an excellent movie, I loved it."
# Characters: each word is left out once, by each model.
LONGEST = 4000
STYLE = """
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 1rem; }
.card { border: 1px solid #e5e5e5; border-radius: 6px; padding: .75rem 1rem; }
.card h2 { font-size: 1rem; margin: 0 0 .25rem; }
.card h2 { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
.card h2 span { overflow-wrap: anywhere; }
.card p { line-height: 1.7; margin: .5rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.card span { border-radius: 3px; padding: 0 1px; }
.bar { height: 6px; border-radius: 3px; background: #e5e5e5; }
.bar div { height: 100%; border-radius: 3px; background: #0072b2; }
"""


def card(trained: "TrainedModel", text: str) -> str:
    """Return the verdict of a model on a text, with its words coloured, as HTML."""
    verdict, shown, probability, pieces = explain(trained.probabilities, text)
    said = f"{escape(trained.classes[verdict])}, P({escape(trained.classes[shown])}) = {probability:.3f}"
    return (
        f'<div class="card"><h2><span>{escape(trained.variant)}</span><span>{said}</span></h2>'
        f'<div class="bar"><div style="width: {100 * probability:.1f}%"></div></div>'
        f"<p>{explanation_html(pieces)}</p></div>"
    )


def page(models: Sequence["TrainedModel"]) -> pn.viewable.Viewable:
    """Return the page for one visitor."""
    text = pn.widgets.TextAreaInput(
        name="A text", value=EXAMPLE, max_length=LONGEST, rows=5, resizable="height", sizing_mode="stretch_width"
    )
    button = pn.widgets.Button(name="Judge", button_type="primary")
    cards = pn.pane.HTML("", stylesheets=[STYLE], sizing_mode="stretch_width")

    def judge(event=None):
        # The widget's limit is the browser's, and a visitor may have another browser.
        given = text.value_input[:LONGEST] if text.value_input else text.value[:LONGEST]
        if not given.strip():
            cards.object = "<p>There is no text to judge.</p>"
            return
        with button.param.update(disabled=True, name="Judging"):
            done: list[str] = []
            for trained in models:
                done.append(card(trained, given))
                cards.object = f'<div class="cards">{"".join(done)}</div>'

    button.on_click(judge)
    head = pn.pane.HTML(
        "<h1>wordorder</h1><p>What the trained models make of a text. Blue words speak for the class whose probability "
        "is shown, orange ones against it; the number is under the pointer.</p>",
        sizing_mode="stretch_width",
    )
    return pn.Column(head, text, button, cards, sizing_mode="stretch_width", max_width=1200, margin=(10, 20))


def serve(models: Sequence["TrainedModel"], host: str, port: int) -> None:
    """Serve the page until the process is interrupted. Raises InputError if `host` and `port` cannot be listened on."""
    # Bokeh, which Panel stands on, takes the colons for the port's.
    if ":" in host:
        raise InputError(f"--host {host}: the page cannot be served under an IPv6 address. Name one of IPv4.")
    loopback = host in ("127.0.0.1", "localhost")
    try:
        server = pn.serve(
            {"/": lambda: page(models)},
            address=host,
            port=port,
            # Elsewhere a visitor may come by any name of this machine.
            websocket_origin=[f"{host}:{port}", f"localhost:{port}"] if loopback else "*",
            title="wordorder",
            show=False,
            start=False,
            verbose=False,
        )
    except OSError as error:
        raise InputError(
            f"Port {port} of {host} cannot be listened on ({error.strerror}). Name another --port or --host."
        ) from error
    server.start()
    print(f"{len(models)} models on http://{host}:{port}/ (Ctrl-C ends it)", flush=True)
    server.io_loop.start()
