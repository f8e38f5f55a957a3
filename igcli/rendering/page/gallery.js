// Several photos as cards: search, order, and pictures that are unpacked while they are in view and freed afterwards.

class Gallery {
  constructor(report, look) {
    Object.assign(this, { report, look, rising: true });
    this.cards = report.photos.map((entry, number) => cardOf(entry, number));
    const judged = report.photos.some(({ truth }) => typeof truth?.correct === "boolean");
    if (judged) byId("sort").value = "correct";
    else byId("sort").querySelector("[value=correct]").remove();
    byId("cards").append(...this.cards.map(({ item }) => item));
    this.observer = new IntersectionObserver((seen) => seen.forEach((each) => this.see(each)), { rootMargin: "300px" });
    for (const card of this.cards) this.observer.observe(card.item);
    byId("search").addEventListener("input", () => this.arrange());
    byId("sort").addEventListener("change", () => this.arrange());
    byId("direction").addEventListener("click", () => {
      this.rising = !this.rising;
      byId("direction").textContent = this.rising ? "↑" : "↓";
      byId("direction").setAttribute("aria-label", `${this.rising ? "Rising" : "Falling"}; reverse the order`);
      this.arrange();
    });
    this.arrange();
  }

  /** Put the cards that fit the search in order. */
  arrange() {
    const wanted = plain(byId("search").value.trim());
    const key = byId("sort").value;
    const fitting = this.cards.filter(({ words }) => words.includes(wanted));
    fitting.sort((one, other) => compare(one.keys[key], other.keys[key], this.rising) || one.number - other.number);
    const shown = new Set(fitting);
    for (const card of this.cards) card.item.hidden = !shown.has(card);
    byId("cards").append(...fitting.map(({ item }) => item));
    const all = this.cards.length;
    byId("count").textContent = fitting.length === all ? `${all}` : `${fitting.length} of ${all}`;
    byId("nothing").hidden = fitting.length > 0;
    this.order = fitting.map(({ number }) => number);
  }

  see({ target, isIntersecting }) {
    const card = this.cards[Number(target.dataset.number)];
    if (isIntersecting) this.fill(card);
    else empty(card);
  }

  async fill(card) {
    const { number, item } = card;
    const entry = this.report.photos[number];
    const ticket = (card.ticket = Symbol("seen"));
    const blob = await photoBlob(number, entry);
    if (card.ticket !== ticket) return;
    const image = item.querySelector("img");
    card.address = URL.createObjectURL(blob);
    image.src = card.address;
    if (entry.maps.length) {
      const [field, photo, tables] = await Promise.all([mapOf(number, 0, entry), pixelsOf(blob), this.report.tables]);
      if (card.ticket !== ticket) return;
      const { style, percent } = this.look;
      const isSigned = this.report.styles.find(({ name }) => name === style).signed;
      const ceiling = field.ceiling(percent, isSigned);
      const table = tables[ceiling ? style : "blank"];
      const pixels = painted(photo, field.values(isSigned), { table, isSigned, ceiling });
      put(item.querySelector("canvas"), pixels, entry.width, entry.height);
    }
    item.dataset.state = "shown";
  }
}

/** Free a card's pictures. */
function empty(card) {
  card.ticket = null;
  if (card.address) URL.revokeObjectURL(card.address);
  card.address = null;
  card.item.querySelector("img").removeAttribute("src");
  Object.assign(card.item.querySelector("canvas"), { width: 1, height: 1 });
  delete card.item.dataset.state;
}

function cardOf(entry, number) {
  const item = byId("card").content.firstElementChild.cloneNode(true);
  const find = (kind) => item.querySelector(kind);
  const exact = exactnessOf(entry);
  const gap = exact?.relative_gap ?? null;
  const star = entry.split?.alpha_star ?? null;
  item.dataset.number = number;
  find("a").href = `#photo-${number + 1}`;
  find("canvas").hidden = !entry.maps.length;
  find(".tile-name bdi").textContent = entry.name;
  find(".tile-name").title = entry.name;
  find(".tile-label bdi").textContent = find(".tile-label").title = entry.target.label;
  find(".tile-probability").textContent = amountText(entry.target.amount, entry.score.kind);
  const facts = [gap === null ? null : `gap ${share(gap)}${exact.words}`, star === null ? null : `α* ${star.toFixed(2)}`];
  if (!isProbability(entry.score.kind)) facts.unshift(`${entry.score.kind} ${figure(entry.score.at_image)}`);
  if (entry.truth) {
    find(".tile").dataset.correct = entry.truth.correct === null ? "unknown" : entry.truth.correct ? "yes" : "no";
    find(".tile-truth").replaceChildren(...truthOf(entry.truth));
    find(".tile-truth").hidden = false;
  }
  find(".tile-facts").textContent = facts.filter(Boolean).join(" · ");
  const correct = typeof entry.truth?.correct === "boolean" ? Number(entry.truth.correct) : null;
  const keys = { order: number, correct, file: entry.name, label: entry.target.label, score: entry.score.at_image, gap, star };
  const words = plain([entry.name, entry.target.label, entry.top[0]?.[0] ?? "", entry.truth?.label ?? ""].join("\n"));
  return { item, number, keys, words, ticket: null, address: null };
}

/** Whether the prediction is right, as words. */
function truthOf({ label, correct }) {
  if (correct) return ["✓ predicted right"];
  return [correct === false ? "✗ predicted wrongly, it is " : "it is ", foreign(label)];
}

/** The completeness of the first map that promises it. */
const exactnessOf = (entry) => entry.maps.map(({ completeness }) => completeness).find(({ within_tolerance: within }) => within !== null);

const plain = (text) => text.normalize("NFKC").toLowerCase();

const collator = new Intl.Collator("en", { numeric: true });

/** Cards without the value come last, whichever the direction. */
function compare(one, other, rising) {
  if (one === null || other === null) return (one === null) - (other === null);
  const order = typeof one === "string" ? collator.compare(one, other) : one - other;
  return rising ? order : -order;
}
