// One photo: which map is shown, in which style, and the numbers next to it.

class Viewer {
  constructor(report) {
    this.report = report;
    this.look = { style: report.style, percent: report.percentile, opacity: 1, range: "frame", alike: Object.keys(report.ceilings).length > 0 };
    this.unsigned = this.isSigned ? report.styles.find(({ signed }) => !signed)?.name : report.style;
    this.path = new PathControl(() => this.choose("interior"));
    this.readout = new Readout([byId("map-frame"), byId("photo-frame")], () => this.painted);
    this.ticket = 0;
    this.wire();
  }

  get isSigned() {
    return this.styleOf(this.look.style).signed;
  }

  styleOf(name) {
    return this.report.styles.find((style) => style.name === name);
  }

  wire() {
    const { look } = this;
    const styles = this.report.styles.map(({ name }) => ({ value: name, text: titled(name) }));
    choices(byId("styles"), "style", styles, (style) => this.restyle(style));
    const signed = this.report.styles.find((style) => style.signed)?.name;
    byId("sign").parentElement.hidden = !signed || !this.unsigned;
    byId("sign").addEventListener("change", (event) => this.restyle(event.target.checked ? signed : this.unsigned));
    const percentile = byId("percentile");
    if (look.percent < Number(percentile.min)) percentile.min = Math.floor(look.percent);
    percentile.value = look.percent;
    percentile.addEventListener("input", () => this.relook({ percent: Number(percentile.value), alike: false }));
    byId("alike-line").hidden = !look.alike;
    byId("alike").addEventListener("change", (event) => this.relook({ alike: event.target.checked }));
    byId("opacity").addEventListener("input", (event) => this.relook({ opacity: Number(event.target.value) / 100 }));
    byId("ranges").addEventListener("change", (event) => this.relook({ range: event.target.value }));
    byId("dim").addEventListener("change", () => this.paint());
  }

  /** Show a photo of the report. */
  async open(number) {
    this.close();
    const entry = this.report.photos[number];
    Object.assign(this, { number, entry, fields: new Map(), film: null });
    describe(entry, this.report);
    const shown = entry.maps.map(({ method }, place) => ({ value: String(place), text: titled(method), hint: this.report.methods[method] }));
    if (entry.frames) shown.push({ value: "interior", text: "Interior gradients" });
    choices(byId("shown"), "shown", shown, (value) => {
      this.path.pause();
      this.choose(value);
    });
    byId("dim-line").hidden = !this.report.black;
    byId("viewer").classList.toggle("coarse", entry.width < 200);
    byId("viewer").style.setProperty("--shape", `${entry.width} / ${entry.height}`);
    this.path.show(entry);
    this.blob = photoBlob(number, entry);
    this.pixels = this.blob.then(pixelsOf);
    this.choose(shown[0]?.value);
    const blob = await this.blob;
    if (this.entry !== entry) return; // another photo was opened meanwhile
    this.address = URL.createObjectURL(blob);
    byId("photo").src = this.address;
    byId("photo").alt = `${entry.name}, as the model saw it`;
  }

  /** Free all that the photo took. */
  close() {
    if (this.entry) this.path.pause();
    if (this.address) URL.revokeObjectURL(this.address);
    byId("photo").removeAttribute("src");
    Object.assign(this, { entry: null, fields: null, film: null, painted: null, pixels: null, blob: null, address: null });
    this.ticket++;
  }

  /** Show a method's map, by its place, or the interior gradients at α. */
  choose(shown) {
    if (shown === "interior" && !this.entry.frames) {
      this.readout.refresh();
      return;
    }
    this.shown = shown;
    pick(byId("shown"), shown);
    this.paint();
  }

  restyle(style) {
    if (!this.styleOf(style).signed) this.unsigned = style;
    this.relook({ style });
  }

  relook(change) {
    Object.assign(this.look, change);
    this.paint();
  }

  /** The value at full brightness that all photos share; null where this photo has its own. */
  get sharedCeiling() {
    const method = this.entry.maps[Number(this.shown)]?.method;
    return (this.look.alike && this.report.ceilings[method]) || null;
  }

  /** The field to be painted now, in which style, and what is full brightness in it. */
  async subject() {
    const { look, number, entry, shown, isSigned } = this;
    if (shown !== "interior") {
      if (!this.fields.has(shown)) this.fields.set(shown, mapOf(number, Number(shown), entry));
      const field = await this.fields.get(shown);
      const own = field.ceiling(look.percent, isSigned);
      return { field, isSigned, style: look.style, ceiling: own && (this.sharedCeiling ?? own) };
    }
    // Interior gradients are kept by their size: they have no sign to show.
    this.film ??= Film.of(number, entry);
    const { path: { place }, unsigned: style } = this;
    const film = await this.film;
    const field = film.field(place);
    const ceiling = look.range === "frame" ? field.ceiling(look.percent) : film.sharedCeiling(look.percent);
    return { field, isSigned: false, style, ceiling: field.ceiling(100) ? ceiling : 0 };
  }

  async paint() {
    this.dress();
    if (this.shown === undefined) return;
    const ticket = ++this.ticket;
    byId("map-frame").setAttribute("aria-busy", "true");
    const [subject, photo, tables] = await Promise.all([this.subject(), this.pixels, this.report.tables]);
    if (ticket !== this.ticket) return; // something else is wanted by now
    const { field, isSigned, style, ceiling } = subject;
    const { entry, look, shown } = this;
    const { width, height } = entry;
    const table = tables[ceiling ? style : "blank"];
    put(byId("map"), painted(photo, field.values(isSigned), { table, isSigned, ceiling, opacity: look.opacity }), width, height);
    put(byId("key"), keyOf(table, isSigned, 256), 256, 1);
    const map = entry.maps[Number(shown)];
    const complete = map !== undefined && map.completeness.within_tolerance !== null && map.completeness.sums_to === "rise";
    const place = map === undefined ? "the importance at this α" : "the map's importance";
    this.painted = { field, isSigned, width, height, rise: complete ? entry.score.at_image - entry.score.at_baseline : null, place };
    label(this, { isSigned, style, ceiling });
    this.readout.refresh();
    byId("map-frame").setAttribute("aria-busy", "false");
  }

  /** Bring the controls in line with the look. */
  dress() {
    const { look, unsigned, shown } = this;
    const interior = shown === "interior";
    const style = interior ? unsigned : look.style;
    for (const input of byId("styles").querySelectorAll("input")) {
      input.checked = input.value === style;
      input.disabled = interior && this.styleOf(input.value).signed;
    }
    byId("sign").checked = !interior && this.isSigned;
    byId("sign").disabled = interior;
    byId("ranges").disabled = !interior;
    say("percentile", this.sharedCeiling ? "as in all photos" : `${Number(look.percent.toFixed(3))}`);
    byId("alike").checked = look.alike;
    byId("alike").disabled = interior;
    say("opacity", `${Math.round(100 * look.opacity)} %`);
    const dimmed = interior && this.report.black && byId("dim").checked;
    byId("photo").style.filter = dimmed ? `brightness(${this.path.alpha})` : "";
    byId("photo-title").textContent = dimmed ? `The photo at α = ${this.path.alphaText}` : "What the model saw";
  }
}

function say(slider, text) {
  byId(`${slider}-said`).textContent = text;
  byId(slider).setAttribute("aria-valuetext", text);
}

/** What the painted map is, and what its colours mean. */
function label({ shown, entry, path, report, look, sharedCeiling }, { isSigned, style, ceiling }) {
  const clipped = sharedCeiling || look.percent !== 100;
  const method = entry.maps[Number(shown)]?.method;
  byId("map-title").textContent = method ? titled(method) : `Gradients at α = ${path.alphaText}`;
  const summary = method ? report.methods[method] : "";
  byId("map-summary").textContent = summary ? `${summary.charAt(0).toUpperCase()}${summary.slice(1)}`.replace(/\.?$/, ".") : "";
  byId("map-frame").setAttribute("aria-label", `${byId("map-title").textContent} of ${entry.name} for ${entry.target.label}`);
  byId("map").dataset.shown = method ?? `interior ${path.place}`;
  byId("key-low").textContent = isSigned ? `${clipped ? "≤ " : ""}${figure(-ceiling)}` : "0";
  byId("key-middle").textContent = isSigned ? "0" : "";
  byId("key-high").textContent = clipped ? `≥ ${figure(ceiling)}` : figure(ceiling);
  byId("legend").textContent = ceiling
    ? report.styles.find(({ name }) => name === style).legend
    : "This map is zero everywhere: there is nothing to see in it but the dimmed photo.";
}

/** Radio buttons in a fieldset; `onPick` is called with the value that the reader picks. */
function choices(fieldset, name, options, onPick) {
  const labels = options.map(({ value, text, hint }) =>
    element("label", { title: hint }, element("input", { type: "radio", name, value }), element("span", { text })),
  );
  fieldset.replaceChildren(fieldset.querySelector("legend"), ...labels);
  fieldset.hidden = !options.length;
  fieldset.onchange = (event) => onPick(event.target.value);
}

function pick(fieldset, value) {
  for (const input of fieldset.querySelectorAll("input")) input.checked = input.value === value;
}
