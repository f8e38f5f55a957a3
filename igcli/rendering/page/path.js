// The way from the baseline to the photo: slider, play and pause, and the numbers at the place reached.

const FRAMES_A_SECOND = 12;

class PathControl {
  /** `onMove(place)` is called on every move by the reader or by playing, with an index into the points. */
  constructor(onMove) {
    Object.assign(this, { onMove, slider: byId("alpha"), place: 0, timer: null });
    this.curve = new PathCurve(byId("curve"), (alpha) => this.byHand(this.nearest(alpha)));
    this.slider.addEventListener("input", () => this.byHand(this.nearest(Number(this.slider.value))));
    this.slider.addEventListener("keydown", (event) => this.key(event));
    byId("play").addEventListener("click", () => (this.timer === null ? this.play() : this.pause()));
  }

  /** A photo's path, from its end. */
  show(entry) {
    this.pause();
    this.entry = entry;
    this.alphas = (entry.frames ?? entry.curve).alphas;
    this.digits = alphaDigits(this.alphas);
    byId("score-name").textContent = entry.score.kind === "softmax" ? "score" : `${entry.score.kind} score`;
    byId("now-importance-line").hidden = !entry.curve.importance;
    byId("path-foot").hidden = !entry.frames;
    const endsOnly = !entry.frames && !entry.curve.importance && this.alphas.length === 2;
    byId("path-title").closest("section").hidden = endsOnly; // no path was followed: a line between them would be made up
    byId("play").hidden = this.alphas.length < 2;
    this.curve.show(entry);
    this.move(this.alphas.length - 1);
  }

  get alpha() {
    return this.alphas[this.place];
  }

  get alphaText() {
    return this.alpha.toFixed(this.digits);
  }

  nearest(alpha) {
    const distances = this.alphas.map((each) => Math.abs(each - alpha));
    return distances.indexOf(Math.min(...distances));
  }

  byHand(place) {
    this.pause();
    this.move(place);
    this.onMove(place);
  }

  key(event) {
    const last = this.alphas.length - 1;
    const far = Math.max(1, Math.round(last / 10));
    const moves = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -far, PageUp: far, Home: -last, End: last };
    const move = moves[event.key];
    if (move === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.byHand(clamp(this.place + move, 0, last));
  }

  move(place) {
    this.place = place;
    const { entry, alpha } = this;
    const { alphas, scores, importance } = entry.curve;
    const score = scoreText(readOff(alphas, scores, alpha), entry.score.kind);
    this.slider.value = alpha;
    this.slider.setAttribute("aria-valuetext", `α ${this.alphaText}, score ${score}`);
    byId("now-alpha").textContent = this.alphaText;
    byId("now-score").textContent = score;
    byId("now-importance").textContent = importance ? figure(readOff(alphas, importance, alpha)) : "";
    this.curve.move(alpha);
  }

  play() {
    const last = this.alphas.length - 1;
    if (this.place === last) this.step(0);
    this.timer = setInterval(() => (this.place < last ? this.step(this.place + 1) : this.pause()), 1000 / FRAMES_A_SECOND);
    this.dress("Pause", "M4 3h3v10H4zM9 3h3v10H9z");
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.dress("Play", "M4 2.5v11l9-5.5z");
  }

  step(place) {
    this.move(place);
    this.onMove(place);
  }

  dress(name, icon) {
    byId("play").setAttribute("aria-label", name);
    byId("play-icon").setAttribute("d", icon);
  }
}
