// The tables and curves of an evaluation.

const CHART_MARGINS = { right: 16, top: 12, bottom: 40 }; // that to the left has room for the ticks
const DASHES = 6; // kinds of line that the style sheet distinguishes

function showEvaluation({ tables, charts }) {
  const section = byId("evaluation");
  section.hidden = !tables.length && !charts.length;
  section.append(...tables.map(tableOf));
  if (!charts.length) return;
  const grid = element("div", { class: "charts" });
  section.append(grid);
  for (const chart of charts) grid.append(chartOf(chart));
}

function tableOf({ title, columns, rows, note }) {
  const head = element("tr", {}, ...columns.map((name) => element("th", { scope: "col" }, foreign(name))));
  const body = rows.map((row) => element("tr", {}, ...row.map((value, place) => cellOf(value, place))));
  const table = element("table", {}, element("caption", {}, foreign(title)), element("thead", {}, head), element("tbody", {}, ...body));
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": title }, table);
  return element("div", { class: "card table" }, scroll, ...(note ? [element("p", { class: "muted small", text: note })] : []));
}

function cellOf(value, place) {
  const { text, detail, best } = typeof value === "object" && value !== null ? value : { text: value, detail: "", best: false };
  const cell = element(place ? "td" : "th", place ? {} : { scope: "row" });
  const words = typeof text === "string" ? text : figure(text);
  cell.append(best ? element("b", { class: "best" }, foreign(words)) : foreign(words));
  if (best) cell.append(element("span", { class: "unseen", text: " (best)" }));
  if (detail) cell.append(element("small", { text: detail }));
  return cell;
}

function chartOf(chart) {
  const svg = element("svg:svg", { role: "img", "aria-label": `${chart.title}: ${chart.series.map(({ name }) => name).join(", ")}` });
  const key = element("ul", { class: "chart-key" }, ...chart.series.map(({ name }, place) => {
    const sample = element("svg:svg", { width: 26, height: 8, "aria-hidden": "true" },
      element("svg:line", { x1: 0, y1: 4, x2: 26, y2: 4, class: `line ${kindOf(place)}` }));
    return element("li", {}, sample, foreign(name));
  }));
  drawnToFit(svg, () => drawChart(svg, chart));
  const parts = [element("h3", {}, foreign(chart.title)), svg, key];
  return element("div", { class: "card chart" }, ...parts);
}

const kindOf = (place) => `series series-${place % DASHES}`;

function drawChart(svg, { series, x_label: xLabel, y_label: yLabel }) {
  const x = extent(series.flatMap((each) => each.x));
  const y = extent([0, ...series.flatMap((each) => [...each.y, ...(each.low ?? []), ...(each.high ?? [])])]);
  const text = (value) => figure(value);
  const left = widest(svg, ticks(...y).map(text)) + 34;
  const plot = new Plot(svg, { height: 260, margins: { ...CHART_MARGINS, left }, x, y });
  plot.axes({ xTicks: ticks(...x), yTicks: ticks(...y), xText: text, yText: text });
  for (const [place, each] of series.entries()) {
    if (each.low && each.high) plot.band(each.x, each.low, each.high, `band ${kindOf(place)}`);
  }
  for (const [place, each] of series.entries()) plot.line(each.x, each.y, `line ${kindOf(place)}`);
  plot.text((plot.left + plot.right) / 2, plot.bottom + 34, xLabel, "axis-label");
  const upright = plot.text(0, 0, yLabel, "axis-label");
  upright.setAttribute("transform", `translate(15 ${(plot.top + plot.bottom) / 2}) rotate(-90)`);
}
