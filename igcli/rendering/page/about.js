// The words and numbers about one photo: what the network said, how exact the map is, where the score saturates.

/** Fill in all that does not depend on the look. */
function describe(entry, report) {
  const { score, target } = entry;
  byId("name").firstElementChild.textContent = byId("name").title = entry.name;
  byId("verdict").title = target.label;
  const verdict = [element("b", {}, foreign(target.label)), ` ${amountText(target.amount, score.kind)}`];
  const truth = entry.truth ? ["; ", element("span", { class: entry.truth.correct === false ? "wrong" : null }, ...truthOf(entry.truth))] : [];
  const against = score.against ? [", and not ", foreign(score.against)] : [];
  byId("verdict").replaceChildren("explained for ", ...verdict, ...against, ...truth);
  byId("notes").replaceChildren(...[...entry.notes, score.note].filter(Boolean).map((text) => element("li", { text })));
  byId("notes").hidden = !byId("notes").children.length;
  byId("top").replaceChildren(...entry.top.map((each) => ranked(each, score.kind)));
  byId("numbers").replaceChildren(...rows(entry).map(([term, text, detail, state]) => {
    const row = element("div", {}, element("dt", { text: term }), element("dd", { class: state, text }));
    if (detail) row.append(element("dd", { class: "detail", text: detail }));
    return row;
  }));
  document.title = report.photos.length > 1 ? `${entry.name} – ${report.title}` : report.title;
}

function ranked([label, chance, explained], kind) {
  const bar = element("span", { class: "bar-fill" });
  bar.style.width = `${100 * clamp(chance, 0, 1)}%`;
  const item = element("li", { class: explained ? "explained" : null },
    element("span", { class: "ranking-label cut", title: label }, foreign(label)),
    element("span", { class: "ranking-chance", text: amountText(chance, kind) }),
    element("span", { class: "bar-track", "aria-hidden": "true", hidden: kind === "value" || null }, bar));
  if (explained) item.append(element("span", { class: "unseen", text: "(this class is explained)" }));
  return item;
}

/** Term, value, a smaller detail, and whether it is good or poor. */
function rows({ score, maps, split }) {
  const of = (value) => scoreText(value, score.kind);
  const kind = score.kind === "softmax" ? "Score" : `Score (${score.kind})`;
  const found = [
    [`${kind} at the photo`, of(score.at_image)],
    ["At the baseline", of(score.at_baseline), predictedThere(score.prediction_at_baseline)],
  ];
  for (const map of maps) found.push(...exactness(map, maps.length > 1));
  if (split) {
    const both = split.left_share === null ? "" : `left ${share(split.left_share)}, right ${share(split.right_share)} of the rise`;
    found.push(["α*", split.alpha_star.toFixed(2), both || `${Math.round(100 * split.phi)} % of the rise is passed there`]);
  }
  return found;
}

/** How informative the baseline is: its most probable class, and the entropy of the prediction. */
function predictedThere(found) {
  if (!found) return "";
  const bits = found.entropy_bits === null ? ""
    : `; entropy ${figure(found.entropy_bits)} bits, ${Math.round(100 * found.entropy_share)} % of the most there can be`;
  return `predicted there: \u2068${found.label}\u2069 ${probability(found.probability)}${bits}`;
}

function exactness({ method, completeness, total, steps, evaluations }, named) {
  const name = named ? `, ${titled(method).toLowerCase()}` : "";
  if (completeness.sums_to === "mean rise") {
    return [[`Gap of the mean${name}`, share(completeness.relative_gap),
      `over ${steps} samples, each from one of the baselines; map sums to ${figure(total)}, off by ${figure(completeness.gap)}`]];
  }
  if (completeness.within_tolerance === null) return [];
  const good = completeness.within_tolerance;
  const gap = share(completeness.relative_gap);
  const whose = completeness.words ? `${gap}${completeness.words}: ` : "";
  const effort = `${steps} steps, ${evaluations} gradients`;
  return [
    [`Completeness gap${name}`, `${gap} ${good ? "✓" : "!"}`,
      `${whose}${good ? "within" : "above"} the tolerance; map sums to ${figure(total)}, off by ${figure(completeness.gap)}; ${effort}`,
      good ? "good" : "poor"],
  ];
}
