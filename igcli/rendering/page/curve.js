// The score and the mean importance over α, with a cursor that can be dragged and the split into left and right.

const CURVE_MARGINS = { top: 26, bottom: 26 }; // those to the sides have room for the ticks

/** A curve's value between its points, joined by straight lines. */
function readOff(xs, ys, x) {
  const after = xs.findIndex((each) => each >= x);
  if (after <= 0) return after === 0 ? ys[0] : ys.at(-1);
  const part = (x - xs[after - 1]) / (xs[after] - xs[after - 1]);
  return ys[after - 1] + part * (ys[after] - ys[after - 1]);
}

/** Where an axis of scores begins and ends: 0 is on it, and for probabilities it ends at 1. */
function scoreRange({ curve, score }) {
  if (isProbability(score.kind)) return [0, 1];
  const [low, high] = extent([0, ...curve.scores]);
  return [Math.min(low, 0), Math.max(high, 0)];
}

class PathCurve {
  /** `onAlpha` is called with the α that the reader points at. */
  constructor(svg, onAlpha) {
    Object.assign(this, { svg, alpha: 1 });
    const point = (event) => {
      event.preventDefault();
      onAlpha(this.plot.valueAt(event.clientX - svg.getBoundingClientRect().left));
    };
    svg.addEventListener("pointerdown", (event) => {
      if (!this.entry || event.button) return;
      svg.setPointerCapture(event.pointerId);
      point(event);
    });
    svg.addEventListener("pointermove", (event) => svg.hasPointerCapture(event.pointerId) && point(event));
    drawnToFit(svg, () => this.entry && this.draw());
  }

  show(entry) {
    this.entry = entry;
    if (this.svg.clientWidth) this.draw();
    byId("curve-said").textContent = this.said();
  }

  draw() {
    const { curve, score, split } = this.entry;
    const height = matchMedia("(max-width: 560px)").matches ? 160 : 220;
    const y = scoreRange(this.entry);
    const yTicks = ticks(...y, 4);
    const yText = (value) => (isProbability(score.kind) ? `${Math.round(100 * value)} %` : figure(value));
    this.most = curve.importance ? Math.max(...curve.importance) || 1 : null;
    const left = widest(this.svg, yTicks.map(yText)) + 16;
    const right = Math.max(widest(this.svg, curve.importance ? [figure(this.most)] : []) + 12, 34);
    this.plot = new Plot(this.svg, { height, margins: { ...CURVE_MARGINS, left, right }, x: [0, 1], y });
    const { plot } = this;
    // The slider lies under the plot, its thumb under the cursor.
    byId("alpha").style.setProperty("--left", `${left}px`);
    byId("alpha").style.setProperty("--right", `${right}px`);
    if (split) this.drawSplit(split);
    plot.axes({ xTicks: [0, 0.2, 0.4, 0.6, 0.8, 1], yTicks, yText });
    plot.text(plot.right + 18, plot.bottom + 18, "α", "axis-label", "start");
    if (curve.importance) {
      plot.line(curve.alphas, curve.importance, "line importance", [0, this.most]);
      plot.text(plot.right + 8, plot.top + 4, figure(this.most), "tick importance-text", "start");
      plot.text(plot.right + 8, plot.bottom + 4, "0", "tick importance-text", "start");
    }
    plot.line(curve.alphas, curve.scores, "line score");
    this.cursor = plot.rule(0, plot.top, 0, plot.bottom, "cursor");
    this.importanceDot = curve.importance && plot.add("circle", { r: 5, class: "dot importance" });
    this.scoreDot = plot.add("circle", { r: 5, class: "dot score" });
    this.move(this.alpha);
  }

  drawSplit({ alpha_star: star, left_share: left, right_share: right }) {
    const { plot } = this;
    const x = plot.across(star);
    plot.add("rect", { x: plot.left, y: plot.top, width: x - plot.left, height: plot.bottom - plot.top, class: "rise" });
    plot.rule(x, plot.top - 6, x, plot.bottom, "split");
    const mark = `α* ${star.toFixed(2)}`;
    const text = plot.text(x, plot.top - 11, left === null ? mark : `left ${share(left)} · ${mark} · right ${share(right)}`, "tick split-text");
    // The words stand over the mark, but inside the drawing; the shares, which are among the numbers too, give way.
    if (text.getComputedTextLength() > this.svg.clientWidth - 4) text.textContent = mark;
    const half = text.getComputedTextLength() / 2 + 2;
    text.setAttribute("x", clamp(x, half, this.svg.clientWidth - half));
  }

  move(alpha) {
    this.alpha = alpha;
    if (!this.cursor) return;
    const { plot, entry } = this;
    const x = plot.across(alpha);
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    const place = (dot, values, range) => {
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", plot.down(readOff(entry.curve.alphas, values, alpha), range));
    };
    place(this.scoreDot, entry.curve.scores, plot.y);
    if (this.importanceDot) place(this.importanceDot, entry.curve.importance, [0, this.most]);
  }

  /** The curve in words. */
  said() {
    const { score, split, target } = this.entry;
    const ends = `The ${score.kind} score of ${target.label} is ${scoreText(score.at_baseline, score.kind)} at the baseline `
      + `and ${scoreText(score.at_image, score.kind)} at the photo.`;
    return split ? `${ends} At α = ${split.alpha_star.toFixed(2)} it has made ${Math.round(100 * split.phi)} % of its rise.` : ends;
  }
}
