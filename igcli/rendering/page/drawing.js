// What all plots share: axes with round numbers, lines and bands, as SVG that the style sheet colours.

/** Round numbers between two ends, `most` of them or fewer. */
function ticks(low, high, most = 5) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= rough * (1 - 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(10)));
}

/** The smallest and the largest number, ignoring those that are not there; 0 to 1 if there is none. */
function extent(numbers) {
  const present = numbers.filter((number) => number !== null && number !== undefined);
  if (!present.length) return [0, 1];
  const ends = present.reduce(([low, high], each) => [Math.min(low, each), Math.max(high, each)], [Infinity, -Infinity]);
  return ends[0] === ends[1] ? [ends[0] - 0.5, ends[1] + 0.5] : ends;
}

/** The width in pixels of the widest of some ticks. */
function widest(svg, texts) {
  const trials = texts.map((text) => element("svg:text", { text, class: "tick" }));
  svg.append(...trials);
  const widths = trials.map((trial) => trial.getComputedTextLength());
  for (const trial of trials) trial.remove();
  return Math.ceil(Math.max(0, ...widths));
}

/** An SVG with a rectangle in which numbers have places; `margins` are {left, right, top, bottom} in pixels. */
class Plot {
  constructor(svg, { height, margins, x, y }) {
    const width = Math.max(svg.clientWidth, 160);
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", height);
    Object.assign(this, { svg, x, y, left: margins.left, right: width - margins.right, top: margins.top });
    this.bottom = height - margins.bottom;
  }

  across(value) {
    return this.left + ((value - this.x[0]) / (this.x[1] - this.x[0])) * (this.right - this.left);
  }

  down(value, [low, high] = this.y) {
    return this.bottom - ((value - low) / (high - low)) * (this.bottom - this.top);
  }

  /** The number that lies at a place, within the ends. */
  valueAt(across) {
    const [low, high] = this.x;
    return clamp(low + ((across - this.left) / (this.right - this.left)) * (high - low), low, high);
  }

  add(tag, attributes, parent = this.svg) {
    const made = element(`svg:${tag}`, attributes);
    parent.append(made);
    return made;
  }

  text(x, y, text, kind = "tick", anchor = "middle") {
    return this.add("text", { x, y, text, class: kind, "text-anchor": anchor });
  }

  rule(x1, y1, x2, y2, kind) {
    return this.add("line", { x1, y1, x2, y2, class: kind });
  }

  axes({ xTicks, yTicks, xText = String, yText = String }) {
    for (const value of yTicks) {
      const y = this.down(value);
      this.rule(this.left, y, this.right, y, "grid");
      this.text(this.left - 8, y + 4, yText(value), "tick", "end");
    }
    for (const value of xTicks) this.text(this.across(value), this.bottom + 18, xText(value));
  }

  line(xs, ys, kind, range = this.y) {
    const points = xs.map((x, i) => [x, ys[i]]).filter(([, y]) => y !== null);
    const path = points.map(([x, y]) => `${this.across(x).toFixed(2)},${this.down(y, range).toFixed(2)}`);
    if (path.length === 1) {
      return this.add("circle", { cx: path[0].split(",")[0], cy: path[0].split(",")[1], r: 2.5, class: `${kind} point` });
    }
    return this.add("polyline", { points: path.join(" "), class: kind });
  }

  band(xs, lows, highs, kind) {
    const known = xs.map((_, i) => i).filter((i) => lows[i] !== null && highs[i] !== null);
    const corner = (i, values) => `${this.across(xs[i]).toFixed(2)},${this.down(values[i]).toFixed(2)}`;
    const points = [...known.map((i) => corner(i, lows)), ...known.reverse().map((i) => corner(i, highs))];
    return this.add("polygon", { points: points.join(" "), class: kind });
  }
}

/** Calls `draw` now and whenever the element's width changes. */
function drawnToFit(target, draw) {
  let width = -1;
  new ResizeObserver(() => {
    if (target.clientWidth === width || !target.clientWidth) return;
    width = target.clientWidth;
    requestAnimationFrame(draw); // not at once: what is drawn may change the size that is being observed
  }).observe(target);
}
