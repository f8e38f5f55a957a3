// Numbers as words, and elements that hold text from outside. Text only ever enters the page through textContent.

const byId = (id) => document.getElementById(id);

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** An element with text or children: element("li", {class: "a", text: name}, child, ...). */
function element(tag, options = {}, ...children) {
  const made = tag.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4))
    : document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "text") made.textContent = value;
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** A name from outside, kept from reversing the words around it. */
const foreign = (text) => element("bdi", { text });

const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** A number with three digits: 0.0123, 12.3, 1.23 × 10⁻⁷; a dash for none. */
function figure(value, { plus = false } = {}) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : plus ? "+" : "";
  if (size >= 1e-3 && size < 1e5) return sign + Number(size.toPrecision(3)).toString();
  const [digits, exponent] = size.toExponential(2).split("e");
  const raised = [...exponent.replace("+", "")].map((digit) => SUPERSCRIPTS[digit]).join("");
  return `${sign}${Number(digits)} × 10${raised}`;
}

/** A share as a percentage with three digits: 12.3 %, 0.0123 %. */
const share = (value, options) => `${figure(value * 100, options)} %`;

/** A probability as a percentage that never claims a false 0 or 100. */
function probability(value) {
  if (value > 0 && value < 0.0005) return "< 0.1 %";
  if (value < 1 && value >= 0.9995) return "> 99.9 %";
  return `${(100 * value).toFixed(1)} %`;
}

/** A score: a percentage if it is a probability. */
const scoreText = (value, kind) => (isProbability(kind) ? probability(value) : figure(value));

/** What follows a label: its probability, or the number that a regression estimates. */
const amountText = (value, kind) => (kind === "value" ? figure(value) : probability(value));

const isProbability = (kind) => report.probabilities.includes(kind);

/** A method's or a style's name as a title: Heat, viridis. */
const titled = (name) => (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll("-", " ").replace(":", ", ");

/** α with as many digits as distinguish the points. */
function alphaDigits(alphas) {
  for (let digits = 2; digits < 6; digits++) {
    if (new Set(alphas.map((alpha) => alpha.toFixed(digits))).size === alphas.length) return digits;
  }
  return 6;
}
