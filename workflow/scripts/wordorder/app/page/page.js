"use strict";

const [form, field, status, cards] = ["form", "#text", "#status", "#cards"].map((each) => document.querySelector(each));
let asking = new AbortController();

// Whatever a text or a class is called, it is shown as text: nothing here is made from HTML.
function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function word([piece, effect]) {
  if (effect === null) return piece;
  const made = element("span", piece, { title: (effect < 0 ? "" : "+") + effect.toFixed(2) });
  made.style.setProperty("--side", effect > 0 ? "var(--for)" : "var(--against)");
  made.style.setProperty("--effect", Math.abs(effect));
  return made;
}

function card({ model, label, shown, probability, shuffled, words }) {
  const [made, head, bar, text] = [
    element("article", "", { class: "card" }), element("h2"), element("div", "", { class: "bar" }), element("p"),
  ];
  head.append(element("bdi", model), element("bdi", `${label}, P(${shown}) = ${probability.toFixed(3)}`));
  bar.append(element("div"));
  bar.firstChild.style.width = `${100 * probability}%`;
  text.append(...words.map(word));
  made.append(head, bar, text, element("small", `With the words shuffled: ${shuffled.toFixed(3)}`));
  return made;
}

async function* lines(stream) {
  const decoder = new TextDecoder();
  let rest = "";
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    const found = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = found.pop();
    yield* found;
  }
}

async function classify(signal) {
  const answer = await fetch("explain", { method: "POST", body: JSON.stringify({ text: field.value }), signal });
  if (!answer.ok) return await answer.text();
  for await (const line of lines(answer.body)) {
    const { error, ...judged } = JSON.parse(line);
    if (error) return error;
    cards.append(card(judged));
  }
  return "";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  asking.abort();
  const { signal } = (asking = new AbortController());
  cards.replaceChildren();
  status.textContent = "Classifying …";
  let ending;
  try {
    ending = await classify(signal);
  } catch {
    ending = "The answer broke off. Is the server still running?";
  }
  if (!signal.aborted) status.textContent = ending;
});
