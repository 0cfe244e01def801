// The page: newest sample by server-sent events, history by request, nothing from anywhere else.
import { Chart, COLOURS, Spark } from "./draw.js";

const $ = (id) => document.getElementById(id);
const NO_LOANS = 2 ** 32;
const LEVELS = ["info", "warning", "critical", "emergency"];
const SILENT_MS = 6000;
const RANGES = [["15 min", 900], ["1 h", 3600], ["6 h", 21600], ["1 day", 86400], ["7 days", 604800]];
const FINE_S = 7200;
const CARDS = [
  ["coverage", "Coverage", (v) => note("loans", v, "lent")],
  ["vault", "Vault", (v) => note("cash", v, "free")],
  ["open_interest", "Open interest", (v) => (v.open_markets === undefined ? "" : `${v.open_markets} open market${v.open_markets === 1 ? "" : "s"}${v.halted_markets ? `, ${v.halted_markets} halted` : ""}`)],
  ["volume", "Volume", (v) => note("escrow", v, "in escrow")],
  ["fees", "Fees", (v) => (v.fee === undefined ? "" : `${text(v.fee, "bp")} now`)],
  ["tps", "Transactions", (v) => (v.slots_per_s === undefined ? "" : `${v.slots_per_s.toFixed(2)} slots/s`)],
  ["rpc_latency", "Node", (v) => (v.rpc_up ? (v.rpc_healthy ? "healthy" : "unhealthy") : "does not answer")],
  ["keepers_on_duty", "Keepers on duty", (v) => (v.keepers_registry ? (v.keepers_suspended ? `${v.keepers_suspended} suspended` : "none suspended") : "no registry")],
];
const CHARTS = [
  ["Coverage", ["coverage", "coverage_folded"]],
  ["Vault and open interest", ["vault", "open_interest", "loans"]],
  ["Volume and fees", ["volume", "fees"]],
  ["Transactions a second", ["tps"]],
  ["Oracle age", ["feed_age"]],
  ["Node latency", ["rpc_latency"]],
];

let metrics = {};
let newest = null;
let heard = 0;
let range = Number(localStorage.getItem("range")) || 900;
const cards = new Map();
const charts = [];
const kept = new Map(); // metric -> [{ name, data: [times, values] }]
const sparks = new Map(); // metric -> [times, values]

// Numbers

// The numbers beside an axis, as many digits as tell them apart.
function tick(value, unit, step) {
  let digits = 0;
  while (digits < 6 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6) digits += 1;
  if (unit === "seconds" && value >= 120) return age(value);
  const number = Math.abs(value) >= 1e4
    ? value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 4 })
    : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return number + ({ seconds: " s", ms: " ms" }[unit] ?? "");
}

function text(value, unit) {
  if (value === null || value === undefined) return "–";
  const big = Math.abs(value) >= 1e6;
  const plain = (digits) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const compact = () => value.toLocaleString("en", { notation: "compact", maximumFractionDigits: 2 });
  switch (unit) {
    case "collateral": return big ? compact() : plain(2);
    case "ratio": return value >= NO_LOANS ? "no loans" : Math.abs(value) >= 1e4 ? compact() : value.toLocaleString("en", { maximumSignificantDigits: 4 });
    case "bp": return `${value.toFixed(2)} bp`;
    case "seconds": return age(value);
    case "ms": return `${plain(value < 100 ? 1 : 0)} ms`;
    case "per_s": return plain(value < 100 ? 1 : 0);
    default: return big ? compact() : value.toLocaleString("en", { maximumFractionDigits: 2 });
  }
}

function age(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

const unit = (metric) => metrics[metric]?.unit ?? "count";
const note = (metric, values, word) => (values[metric] === undefined ? "" : `${text(values[metric], unit(metric))} ${word}`);
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB");
const short = (address) => (address && address.length > 16 ? `${address.slice(0, 6)}…${address.slice(-5)}` : address);
const drawn = (metric, value) => (value === null || (unit(metric) === "ratio" && value >= NO_LOANS) ? null : value);

function make(tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content !== undefined) element.textContent = content;
  return element;
}

function put(element, content) {
  if (element.textContent !== content) element.textContent = content;
}

// Cards

function buildCards() {
  const known = new Set(CARDS.map(([metric]) => metric));
  const plain = Object.values(metrics).filter((each) => each.plugin && !each.labels.length && !known.has(each.name));
  const wanted = [...CARDS, ...plain.map((each) => [each.name, each.name.replaceAll("_", " "), () => each.says])];
  wanted.forEach(([metric, label, about], i) => {
    const card = make("article", "card");
    card.dataset.metric = metric;
    const parts = { value: make("p", "value", "–"), note: make("p", "note"), spark: make("div", "spark") };
    parts.spark.setAttribute("aria-hidden", "true");
    card.title = metrics[metric]?.says ?? "";
    card.append(make("p", "label", label), parts.value, parts.note, parts.spark);
    $("figures").append(card);
    cards.set(metric, { card, about, ...parts, line: new Spark(parts.spark, COLOURS[i % 4]) });
    sparks.set(metric, [[], []]);
  });
}

function showCards(sample) {
  const levels = new Map();
  for (const alert of sample.alerts) {
    if (LEVELS.indexOf(alert.severity) > LEVELS.indexOf(levels.get(alert.metric))) levels.set(alert.metric, alert.severity);
  }
  for (const [metric, card] of cards) {
    const value = sample.values[metric];
    const shown = text(value, unit(metric)) + (metric === "tps" && value !== undefined ? " /s" : "");
    put(card.value, shown);
    put(card.note, card.about(sample.values));
    card.card.dataset.level = levels.get(metric) ?? "";
    if (value !== undefined) push(sparks.get(metric), sample.time_s, drawn(metric, value), 900);
    card.line.set(...sparks.get(metric));
  }
}

function push([times, values], at, value, seconds) {
  if (times.length && at <= times[times.length - 1]) return;
  times.push(at);
  values.push(value);
  let old = 0;
  while (times[old] < at - seconds) old += 1;
  times.splice(0, old);
  values.splice(0, old);
}

// Alerts

let bannerKey = "";

function showBanner(sample) {
  const key = JSON.stringify(sample.alerts.map((each) => [each.rule, each.labels, each.since_s]));
  if (key === bannerKey) return;
  if (bannerKey) loadLog();
  bannerKey = key;
  const banner = $("banner");
  banner.dataset.worst = sample.worst ?? "none";
  document.title = sample.worst ? `${sample.alerts.length} ${sample.worst} · Breakwater` : "Breakwater monitor";
  if (!sample.alerts.length) {
    banner.replaceChildren(make("p", "calm", "All quiet: no alert holds."));
    return;
  }
  const list = make("ul");
  for (const alert of sample.alerts) {
    const row = make("li", alert.severity);
    const says = make("span", "says", alert.says);
    const labels = Object.entries(alert.labels).map(([name, value]) => `${name} ${short(value)}`);
    const facts = [...labels, `${alert.metric.replaceAll("_", " ")} ${text(alert.value, unit(alert.metric))}`];
    says.append(make("span", "about", ` ${facts.join(", ")}`));
    row.dataset.rule = alert.rule;
    row.append(make("span", "level", alert.severity), says, make("time", "", `since ${clock(alert.since_s)}`));
    list.append(row);
  }
  banner.replaceChildren(list);
}

async function loadLog() {
  const { alerts } = await get("/v1/alerts");
  rows("log", ["Alert", "Severity", "Fired", "Held"], alerts.slice(0, 50).map((each) => [
    { text: `${each.says}${Object.values(each.labels).map((v) => ` ${short(v)}`).join("")}`, className: "text" },
    { tag: each.severity, level: each.severity },
    { text: new Date(each.fired_s * 1000).toLocaleString("en-GB", { dateStyle: "short", timeStyle: "medium" }) },
    each.cleared_s === null ? { tag: "holds", level: each.severity } : { text: age(each.cleared_s - each.fired_s) },
  ]), "Nothing has fired yet.");
}

// Tables

function rows(id, names, found, empty) {
  const table = $(id);
  const key = JSON.stringify(found);
  if (table.dataset.key === key) return;
  table.dataset.key = key;
  table.replaceChildren();
  if (!found.length) {
    const cell = table.insertRow().insertCell();
    cell.className = "soft text";
    cell.textContent = empty;
    return;
  }
  const head = table.createTHead().insertRow();
  names.forEach((name, i) => {
    const cell = make("th", found[0][i].className === "text" ? "text" : "", name);
    cell.scope = "col";
    head.append(cell);
  });
  const body = table.createTBody();
  for (const cells of found) {
    const row = body.insertRow();
    for (const each of cells) {
      const cell = row.insertCell();
      cell.className = each.className ?? "";
      if (each.title) cell.title = each.title;
      if (each.tag) cell.append(make("span", `tag ${each.level}`, each.tag));
      else cell.textContent = each.text ?? "–";
    }
  }
}

function showTables({ feeds, keepers, programs }) {
  const states = { fresh: "good", stale: "warning", "on duty": "good", silent: "emergency", suspended: "emergency", leaving: "info" };
  rows("feeds", ["Feed", "Price", "Age", "Limit", "Markets", "State"], feeds.map((each) => [
    { text: each.feed }, { text: each.price === null ? null : Number(each.price).toLocaleString("en", { maximumFractionDigits: 8 }) },
    { text: each.age_s === null ? null : age(each.age_s) }, { text: age(each.max_age_s) }, { text: String(each.markets) },
    { tag: each.state, level: states[each.state] ?? "" },
  ]), "There is no feed.");
  rows("keepers", ["Keeper", "Silent", "Allowed", "Done", "Failed", "State"], keepers.map((each) => [
    { text: short(each.keeper), title: each.keeper, className: "mono" }, { text: `${each.silent_slots ?? "–"} slots` },
    { text: `${each.allowed_slots ?? "–"} slots` }, { text: String(each.completed) }, { text: String(each.failed) },
    { tag: each.state, level: states[each.state] },
  ]), "No keeper is registered.");
  rows("programs", ["Program", "Address", "Authority", "Bytes"], programs.map((each) => [
    { text: each.program }, { text: short(each.address), title: each.address, className: "mono" },
    !each.deployed ? { tag: "not there", level: "emergency" } : each.authority ? { tag: short(each.authority), level: "emergency", title: each.authority } : { tag: "nobody", level: "good" },
    each.matches ? { tag: "the manifest's", level: "good", title: each.sha256 } : { tag: "others", level: "emergency", title: each.sha256 ?? "" },
  ]), "The node does not answer.");
}

// Charts

function buildCharts() {
  for (const [seconds, label] of RANGES.map(([name, s]) => [s, name])) {
    const button = make("button", "", label);
    button.type = "button";
    button.setAttribute("aria-pressed", String(seconds === range));
    button.addEventListener("click", () => {
      range = seconds;
      localStorage.setItem("range", seconds);
      for (const each of $("ranges").children) each.setAttribute("aria-pressed", String(each === button));
      loadCharts();
    });
    $("ranges").append(button);
  }
  for (const [title, names] of CHARTS) {
    const panel = make("article", "panel chart");
    const head = make("div", "head");
    const keys = make("span", "keys");
    const plot = make("div", "plot");
    keys.className = "head";
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", `${title} over time`);
    head.append(make("h2", "", title), keys);
    panel.append(head, plot);
    $("charts").append(panel);
    charts.push({ names, chart: new Chart(plot, keys, (v, step) => (step === undefined ? text(v, unit(names[0])) : tick(v, unit(names[0]), step))) });
  }
}

const seriesName = (metric, labels) => Object.values(labels).map(short).join(" ") || metric.replaceAll("_", " ");

async function loadCharts() {
  const names = charts.flatMap((each) => each.names);
  const found = await Promise.all(names.map((name) => get(`/v1/history?metric=${name}&seconds=${range}`)));
  found.forEach(({ metric, series }) => {
    kept.set(metric, series.map((each) => ({
      name: seriesName(metric, each.labels), data: [each.times, each.values.map((v) => drawn(metric, v))],
    })));
  });
  showCharts();
}

function extendCharts(sample) {
  if (range > FINE_S) return;
  const readings = Object.entries(sample.values).map(([metric, value]) => ({ metric, labels: {}, value }));
  for (const { metric, labels, value } of [...readings, ...sample.series]) {
    if (!kept.has(metric) || value === null) continue;
    const name = seriesName(metric, labels);
    let series = kept.get(metric).find((each) => each.name === name);
    if (!series) {
      series = { name, data: [[], []] };
      kept.get(metric).push(series);
    }
    push(series.data, sample.time_s, drawn(metric, value), range);
  }
  showCharts();
}

function showCharts() {
  for (const { names, chart } of charts) {
    chart.set(names.flatMap((name) => kept.get(name) ?? []).filter((each) => each.data[0].length));
  }
}

// Connection

async function get(path) {
  const answer = await fetch(path);
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function link(state, words) {
  $("link").dataset.state = state;
  put($("link"), words);
}

function show(sample) {
  newest = sample;
  heard = Date.now();
  link(sample.complete ? "live" : "down", sample.complete ? "live" : "node down");
  put($("engine"), sample.engine);
  if (sample.slot !== null) put($("slot"), sample.slot.toLocaleString("en"));
  if (sample.chain_time_s !== null) put($("chain-time"), `${new Date(sample.chain_time_s * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`);
  showBanner(sample);
  showCards(sample);
  extendCharts(sample);
  if (sample.complete) showTables(sample.tables);
}

function connect() {
  const source = new EventSource("/events");
  source.addEventListener("sample", (event) => show(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    link("down", "reconnecting");
    if (source.readyState === EventSource.CLOSED) setTimeout(() => get("/v1/metrics").then(connect, connect), 2000);
  });
  setInterval(() => {
    if (heard && Date.now() - heard > SILENT_MS) link("down", "no news");
  }, 1000);
}

function redraw() {
  for (const { line } of cards.values()) line.draw();
  for (const { chart } of charts) chart.draw();
}

function theme() {
  const kind = localStorage.getItem("theme");
  if (kind) document.documentElement.dataset.theme = kind;
  $("theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", dark ? "light" : "dark");
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

async function start() {
  theme();
  for (const each of (await get("/v1/metrics")).metrics) metrics[each.name] = each;
  buildCards();
  buildCharts();
  const past = await Promise.all([...cards.keys()].map((name) => get(`/v1/history?metric=${name}&seconds=900`)));
  past.forEach(({ metric, series }) => {
    if (series.length) sparks.set(metric, [series[0].times, series[0].values.map((v) => drawn(metric, v))]);
  });
  for (const { line } of cards.values()) line.draw();
  await Promise.all([loadCharts(), loadLog()]);
  new ResizeObserver(() => {
    for (const { line } of cards.values()) line.resize();
    for (const { chart } of charts) chart.resize();
  }).observe($("charts"));
  setInterval(() => { if (range > FINE_S) loadCharts(); }, 60000);
  connect();
}

start().catch((error) => link("down", String(error.message ?? error)));
