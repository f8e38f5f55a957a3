// The maps as colours: each style is a table of 256 colours, which style_tables.py samples from the style itself.

const LEVELS = 256;
const STEPS = 64; // of a table, to one step of a colour
const ENTRY = 12; // numbers of a level: the colour over black, and what full red, green and blue of the photo add

/** A map: importance and signed sum, H·W each. */
class Field {
  constructor(importance, signed = importance) {
    Object.assign(this, { importance, signed, sorted: {} });
  }

  values(isSigned) {
    return isSigned ? this.signed : this.importance;
  }

  /** The value shown at full brightness: the percentile of the absolute values, or their maximum where it is 0. */
  ceiling(percent, isSigned = false) {
    const sizes = (this.sorted[isSigned] ??= Float64Array.from(this.values(isSigned), Math.abs).sort());
    const place = (sizes.length - 1) * (percent / 100);
    const low = sizes[Math.floor(place)];
    const high = sizes[Math.ceil(place)];
    return low + (high - low) * (place - Math.floor(place)) || sizes.at(-1);
  }
}

/** The tables of the styles in the report's order, and `blank`, of a map without importance. */
async function tablesOf(styles) {
  const numbers = new Int16Array((await inflated("style.tables")).buffer);
  const names = [...styles.map(({ name }) => name), "blank"];
  const size = LEVELS * ENTRY;
  return Object.fromEntries(names.map((name, place) => [name, numbers.subarray(place * size, (place + 1) * size)]));
}

/** A photo painted with a map; a ceiling of 0 is that of a blank map. */
function painted(photo, values, { table, isSigned, ceiling, opacity = 1 }) {
  const out = new Uint8ClampedArray(photo.length);
  const low = isSigned ? -1 : 0;
  for (let p = 0, i = 0; i < photo.length; p++, i += 4) {
    const strength = ceiling ? clamp(values[p] / ceiling, low, 1) : 0;
    const at = ENTRY * Math.round(((strength - low) / (1 - low)) * (LEVELS - 1));
    for (let c = 0, t = at; c < 3; c++, t++) {
      const added = photo[i] * table[t + 3] + photo[i + 1] * table[t + 6] + photo[i + 2] * table[t + 9];
      out[i + c] = photo[i + c] * (1 - opacity) + ((table[t] + added / 255) / STEPS) * opacity;
    }
    out[i + 3] = 255;
  }
  return out;
}

/** The colours of a style from nothing to full, as one row of pixels, over a photo of middle grey; of a style that lets
 * the photo through at full strength, over white. */
function keyOf(table, isSigned, width) {
  const visible = table[ENTRY * (LEVELS - 1) + 3] > 0.5 * 255 * STEPS;
  const photo = new Uint8ClampedArray(4 * width).fill(visible ? 255 : 96);
  const values = Float64Array.from({ length: width }, (_, x) => (isSigned ? (2 * x) / (width - 1) - 1 : x / (width - 1)));
  return painted(photo, values, { table, isSigned, ceiling: 1 });
}

function put(canvas, pixels, width, height) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  // Painted by the processor alone: a canvas on the graphics card would be uploaded again for every picture.
  canvas.getContext("2d", { willReadFrequently: true }).putImageData(new ImageData(pixels, width, height), 0, 0);
}
