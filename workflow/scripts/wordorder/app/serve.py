"""A page on which the trained models classify a text."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import panel as pn

from wordorder.explain import explain, explanation_html
from wordorder.io.errors import InputError

if TYPE_CHECKING:
    from wordorder.app.load import TrainedModel

EXAMPLE = "That was an excellent movie, I loved it."
# In characters: each model is run once for each word, which is left out.
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
    """Return the class that a model predicts for a text, and the text with its words coloured, as HTML."""
    predicted, shown, probability, shuffled, pieces = explain(trained.probabilities, text)
    result = f"{escape(trained.classes[predicted])}, P({escape(trained.classes[shown])}) = {probability:.3f}"
    return (
        f'<div class="card"><h2><span>{escape(trained.variant)}</span><span>{result}</span></h2>'
        f'<div class="bar"><div style="width: {100 * probability:.1f}%"></div></div>'
        f"<p>{explanation_html(pieces)}</p><small>With the words shuffled: {shuffled:.3f}</small></div>"
    )


def page(models: Sequence["TrainedModel"]) -> pn.viewable.Viewable:
    """Return the page for one visitor."""
    text = pn.widgets.TextAreaInput(
        name="A text", value=EXAMPLE, max_length=LONGEST, rows=5, resizable="height", sizing_mode="stretch_width"
    )
    button = pn.widgets.Button(name="Classify", button_type="primary")
    cards = pn.pane.HTML("", stylesheets=[STYLE], sizing_mode="stretch_width")

    def classify(event: Any) -> None:
        # The limit of the widget is enforced by the browser, which need not be one.
        given = (text.value_input or text.value or "")[:LONGEST]
        if not given.strip():
            cards.object = "<p>There is no text to classify.</p>"
            return
        with button.param.update(disabled=True, name="Classifying"):
            done: list[str] = []
            for trained in models:
                done.append(card(trained, given))
                cards.object = f'<div class="cards">{"".join(done)}</div>'

    button.on_click(classify)
    head = pn.pane.HTML(
        "<h1>wordorder</h1><p>How the trained models classify a text. Blue words speak for the class whose probability "
        "is shown, orange ones against it; point at a word to see by how much.</p>",
        sizing_mode="stretch_width",
    )
    return pn.Column(head, text, button, cards, sizing_mode="stretch_width", max_width=1200, margin=(10, 20))


def serve(models: Sequence["TrainedModel"], host: str, port: int) -> None:
    """Serve the page until the process is interrupted. Raises InputError if `host` and `port` cannot be listened on."""
    # Bokeh, on which Panel is built, takes its colons for the one before the port.
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
