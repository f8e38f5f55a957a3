// The value under the pointer, and what it and its surroundings add to the score. The arrow keys move the mark too.

const AROUND = 7; // pixels to each side of the mark

class Readout {
  /** `source()` returns what is painted now: {field, isSigned, width, height, rise, place}, or null. */
  constructor(frames, source) {
    Object.assign(this, { frames, source, at: null });
    for (const frame of frames) {
      frame.addEventListener("pointermove", (event) => this.follow(event, frame));
      frame.addEventListener("pointerdown", (event) => this.follow(event, frame));
      frame.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.clear());
      frame.addEventListener("keydown", (event) => this.step(event));
      frame.addEventListener("blur", () => this.clear());
    }
    this.clear();
  }

  follow(event, frame) {
    const shown = this.source();
    if (!shown) return;
    const box = frame.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * shown.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * shown.height);
    this.point(clamp(x, 0, shown.width - 1), clamp(y, 0, shown.height - 1));
  }

  step(event) {
    const shown = this.source();
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Escape") this.clear();
    if (!move || !shown) return;
    event.preventDefault();
    const [x, y] = this.at ?? [shown.width >> 1, shown.height >> 1];
    const far = event.shiftKey ? 10 : 1;
    this.point(clamp(x + far * move[0], 0, shown.width - 1), clamp(y + far * move[1], 0, shown.height - 1));
  }

  point(x, y) {
    this.at = [x, y];
    this.refresh();
  }

  clear() {
    this.at = null;
    this.refresh();
  }

  /** Say what lies under the mark, of whatever is painted now. */
  refresh() {
    const shown = this.at && this.source();
    for (const frame of this.frames) frame.querySelector(".spot").hidden = !shown;
    if (!shown) {
      byId("reading").textContent = "Point at a picture to read its values.";
      return;
    }
    const [x, y] = this.at;
    for (const frame of this.frames) {
      const { style } = frame.querySelector(".spot");
      style.left = `${(100 * (x + 0.5)) / shown.width}%`;
      style.top = `${(100 * (y + 0.5)) / shown.height}%`;
    }
    byId("reading").textContent = this.said(shown, x, y);
  }

  said({ field, isSigned, width, height, rise, place }, x, y) {
    // A map that adds up to the score's rise has shares of it; any other has shares of its own importance.
    const adds = rise !== null;
    const values = adds ? field.signed : field.values(isSigned);
    const whole = adds ? rise : field.importance.reduce((sum, each) => sum + each, 0);
    const of = adds ? "of the score's rise" : `of ${place}`;
    const value = values[y * width + x];
    let around = 0;
    for (let row = Math.max(y - AROUND, 0); row <= Math.min(y + AROUND, height - 1); row++) {
      for (let column = Math.max(x - AROUND, 0); column <= Math.min(x + AROUND, width - 1); column++) {
        around += values[row * width + column];
      }
    }
    const options = { plus: adds || isSigned };
    const part = (number) => (whole ? share(number / whole, options) : "–");
    const side = 2 * AROUND + 1;
    return `x ${x}, y ${y}: ${figure(value, options)}, ${part(value)} ${of}; the ${side} × ${side} pixels around: ${part(around)}`;
  }
}
