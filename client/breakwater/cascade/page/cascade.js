"use strict";
const by = (id) => document.getElementById(id);
const amount = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

function cell(row, text, name) {
  const made = row.insertCell();
  made.textContent = text;
  if (name) made.className = name;
}

function fill(table, rows, draw) {
  const body = by(table).tBodies[0];
  body.replaceChildren();
  rows.forEach((each) => draw(body.insertRow(), each));
}

function frame(ms) {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}

function head(id, names) {
  const row = document.createElement("tr");
  names.forEach((name) => {
    const made = document.createElement("th");
    made.textContent = name;
    row.append(made);
  });
  by(id).tHead.replaceChildren(row);
}

function choose(symbols) {
  const list = by("chosen");
  if (list.options.length !== symbols.length) {
    const before = list.value;
    list.replaceChildren(...symbols.map((each) => new Option(each.symbol, each.symbol)));
    if (before) list.value = before;
  }
  return symbols.find((each) => each.symbol === list.value);
}

function show(view) {
  const total = Object.values(view.events).reduce((sum, each) => sum + each, 0);
  by("state").textContent = `${new Date(view.time_ms).toLocaleTimeString()}, ${total.toLocaleString()} events`;
  const sorted = [...view.symbols].sort((a, b) => b.risk - a.risk || a.symbol.localeCompare(b.symbol));
  head("symbols", ["symbol", "level", "risk", "regime", "price", ...view.frames_ms.map((ms) => `$/s in ${frame(ms)}`)]);
  fill("symbols", sorted, (row, each) => {
    cell(row, each.symbol);
    cell(row, each.level, each.level);
    cell(row, each.risk.toFixed(2));
    cell(row, each.regime);
    cell(row, each.price ? each.price.toPrecision(6) : "");
    each.velocity.forEach((x) => cell(row, amount.format(x)));
  });
  head("heat", ["symbol", ...view.exchanges]);
  fill("heat", sorted, (row, each) => {
    cell(row, each.symbol);
    each.heat.forEach((n) => cell(row, n || "", n ? `h${Math.min(4, 1 + Math.floor(Math.log10(n) * 1.5))}` : ""));
  });
  const chosen = choose(sorted);
  if (chosen) {
    fill("motion", view.frames_ms, (row, ms) => {
      const i = view.frames_ms.indexOf(ms);
      cell(row, frame(ms));
      for (const x of [chosen.velocity[i], chosen.acceleration[i], chosen.jerk[i]]) cell(row, amount.format(x));
    });
    by("pairs").textContent = chosen.pairs
      .map((p) => (p.lead_ms >= 0 ? `${p.first} leads ${p.second}` : `${p.second} leads ${p.first}`)
        + ` by ${Math.abs(p.lead_ms)} ms (correlation ${p.correlation})`).join("; ");
  }
  fill("signals", [...view.signals].reverse(), (row, each) => {
    cell(row, new Date(each.time_ms).toLocaleTimeString());
    cell(row, each.symbol);
    cell(row, each.level, each.level);
    cell(row, `${(100 * each.confidence).toFixed(1)} %`);
    cell(row, each.regime);
    cell(row, each.reasons.map((reason) => reason.feature).join(", "));
  });
}

by("theme").addEventListener("click", () => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
  document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
  localStorage.setItem("theme", document.documentElement.dataset.theme);
});
const kept = localStorage.getItem("theme");
if (kept) document.documentElement.dataset.theme = kept;

const stream = new EventSource("/events");
stream.onmessage = (message) => show(JSON.parse(message.data));
stream.onerror = () => { by("state").textContent = "the server does not answer"; };
