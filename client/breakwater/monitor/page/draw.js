// Charts over uPlot: one that is a line without anything else, and one with axes and names.

const paint = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const COLOURS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6"];

function fill(colour) {
  return (plot) => {
    const box = plot.bbox;
    const shade = plot.ctx.createLinearGradient(0, box.top, 0, box.top + box.height);
    shade.addColorStop(0, colour + "38");
    shade.addColorStop(1, colour + "00");
    return shade;
  };
}

// A flat line is drawn in the middle, and a line near zero does not look like a mountain.
function around(_, low, high) {
  if (low === null || high === null) return [0, 1];
  const margin = Math.max((high - low) * 0.12, Math.abs(high) * 0.002, 1e-6);
  return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
}

// 24 hours; a date where the steps are days, seconds where they are seconds.
function moment(seconds, step) {
  const at = new Date(seconds * 1000);
  if (step >= 86400) return at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  const second = step < 60 ? { second: "2-digit" } : {};
  return at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...second });
}

const box = (element) => ({ width: Math.max(40, element.clientWidth), height: Math.max(20, element.clientHeight) });

export class Spark {
  constructor(element, colour) {
    this.element = element;
    this.colour = colour;
    this.data = [[], []];
  }

  draw() {
    this.plot?.destroy();
    const stroke = paint(this.colour);
    this.plot = new uPlot({
      ...box(this.element), padding: [3, 0, 0, 0], legend: { show: false }, cursor: { show: false }, select: { show: false },
      axes: [{ show: false }, { show: false }], scales: { y: { range: around } },
      series: [{}, { stroke, fill: fill(stroke), width: 1.6, points: { show: false } }],
    }, this.data, this.element);
  }

  set(times, values) {
    this.data = [times, values];
    this.plot?.setData(this.data);
  }

  resize() { this.plot?.setSize(box(this.element)); }
}

export class Chart {
  // `series`: [{ name, data: [times, values] }]; `keys` is where names go. `show` turns a value into text, and
  // with the step of an axis into the text beside it.
  constructor(element, keys, show) {
    this.element = element;
    this.keys = keys;
    this.show = show;
    this.series = [];
  }

  draw() {
    this.plot?.destroy();
    this.plot = undefined;
    this.keys.replaceChildren();
    if (!this.series.length) return;
    const soft = paint("--soft");
    const grid = { stroke: paint("--grid"), width: 1 };
    const axis = { stroke: soft, grid, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const lines = this.series.map((each, i) => {
      const stroke = paint(COLOURS[i % COLOURS.length]);
      const one = this.series.length === 1;
      return { label: each.name, stroke, width: 2, fill: one ? fill(stroke) : undefined, points: { show: false }, spanGaps: true };
    });
    this.labels = lines.map((line) => {
      const key = document.createElement("span");
      const mark = document.createElement("i");
      key.className = "key";
      mark.style.background = line.stroke;
      key.append(mark, document.createElement("span"));
      this.keys.append(key);
      return key.lastChild;
    });
    this.plot = new uPlot({
      ...box(this.element), padding: [8, 8, 0, 0], legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: "breakwater" }, points: { size: 7 } },
      axes: [
        { ...axis, size: 26, space: 76, values: (_, all, _axis, _space, step) => all.map((v) => moment(v, step)) },
        { ...axis, size: 58, space: 34, values: (_, all, _axis, _space, step) => all.map((v) => this.show(v, step)) },
      ],
      scales: { y: { range: around } },
      series: [{}, ...lines],
      hooks: { setCursor: [() => this.name()] },
    }, this.joined(), this.element);
    this.name();
  }

  joined() { return uPlot.join(this.series.map((each) => each.data)); }

  // The values under the pointer, or the newest.
  name() {
    const at = this.plot?.cursor.idx;
    this.series.forEach((each, i) => {
      const column = this.plot.data[i + 1];
      let value = at === null || at === undefined ? undefined : column[at];
      if (value === undefined || value === null) value = column.findLast((v) => v !== null && v !== undefined);
      this.labels[i].textContent = `${each.name} ${value === undefined ? "–" : this.show(value)}`;
    });
  }

  set(series) {
    const same = series.length === this.series.length && series.every((each, i) => each.name === this.series[i].name);
    this.series = series;
    if (!same || !this.plot) {
      this.draw();
    } else {
      this.plot.setData(this.joined());
      this.name();
    }
  }

  resize() { this.plot?.setSize(box(this.element)); }
}
