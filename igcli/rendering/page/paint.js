// The maps as colours: what scaling.py and styles.py compute, again, number for number. Where NumPy rounds to single
// precision, so does Math.fround here; a clamped array rounds half to even, as np.rint does.

const f32 = Math.fround;

/** A map: importance and signed sum (both H·W, in `unit`), and how they are scaled. */
class Field {
  constructor(importance, signed, unit) {
    Object.assign(this, { importance, signed, unit, sorted: {} });
  }

  values(isSigned) {
    return isSigned ? this.signed : this.importance;
  }

  sizes(isSigned) {
    return (this.sorted[isSigned] ??= Float64Array.from(this.values(isSigned), Math.abs).sort());
  }

  isBlank(isSigned) {
    return this.sizes(isSigned).at(-1) === 0;
  }

  /** The value shown at full brightness: the percentile of the absolute values, or their maximum where it is 0. */
  ceiling(percent, isSigned) {
    const sizes = this.sizes(isSigned);
    return percentileOf((rank) => sizes[rank], sizes.length, percent) || sizes.at(-1);
  }
}

/** np.percentile, method "linear", of `count` numbers of which `at(rank)` is the one of that rank. */
function percentileOf(at, count, percent) {
  const place = (count - 1) * (percent / 100);
  const low = at(Math.floor(place));
  const high = at(Math.min(Math.floor(place) + 1, count - 1));
  const part = place - Math.floor(place);
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

// Each writes one pixel's colour: (out, i, photo, strength, colours), i being the place of its red.
const PAINTS = {
  lit(out, i, photo, strength) {
    for (let c = 0; c < 3; c++) out[i + c] = f32(photo[i + c] * strength);
  },
  heat(out, i, photo, strength, { heat }) {
    const opacity = f32(f32(0.95) * strength);
    const entry = 3 * entryOf(f32(f32(0.3) + f32(f32(0.7) * strength)));
    const ground = f32(grey(photo, i, f32(0.55)) * f32(1 - opacity));
    for (let c = 0; c < 3; c++) out[i + c] = f32(ground + f32(heat[entry + c] * opacity));
  },
  signed(out, i, photo, strength, { diverging }) {
    const entry = 3 * entryOf(f32(f32(strength + 1) / 2));
    const ground = f32(grey(photo, i, f32(0.3)) * f32(1 - Math.abs(strength)));
    for (let c = 0; c < 3; c++) out[i + c] = f32(ground + diverging[entry + c]);
  },
  map(out, i, photo, strength, { heat }) {
    const entry = 3 * entryOf(strength);
    for (let c = 0; c < 3; c++) out[i + c] = heat[entry + c];
  },
};

const DIM = f32(0.35);

/** The photo's luma (Rec. 601) at a share of its brightness. */
function grey(photo, i, level) {
  const luma = f32(
    f32(f32(photo[i] * f32(0.299)) + f32(photo[i + 1] * f32(0.587))) + f32(photo[i + 2] * f32(0.114)),
  );
  return f32(luma * level);
}

const rounded = new Uint8ClampedArray(1);

function entryOf(share) {
  rounded[0] = f32(share * 255);
  return rounded[0];
}

/** A photo painted with a map.
 *
 * look: {style, isSigned, ceiling, opacity}; the ceiling is in the map's own unit, or 0 for a blank map.
 */
function painted(photo, values, look, colours) {
  const out = new Uint8ClampedArray(photo.length);
  const { ceiling, opacity } = look;
  const paint = PAINTS[look.style];
  for (let p = 0, i = 0; i < photo.length; p++, i += 4) {
    if (ceiling) paint(out, i, photo, f32(clamp(values[p], -ceiling, ceiling) / ceiling), colours);
    else for (let c = 0; c < 3; c++) out[i + c] = f32(photo[i + c] * DIM);
    if (opacity < 1) for (let c = 0; c < 3; c++) out[i + c] = photo[i + c] * (1 - opacity) + out[i + c] * opacity;
    out[i + 3] = 255;
  }
  return out;
}

/** The colours of a style from nothing to full, as one row of pixels: over a middle grey where a photo shines through. */
function keyOf(look, colours, width) {
  const photo = new Uint8ClampedArray(4 * width).fill(look.style === "lit" ? 255 : 96);
  const values = Float64Array.from({ length: width }, (_, x) => {
    const part = x / (width - 1);
    return look.isSigned ? 2 * part - 1 : part;
  });
  return painted(photo, values, { ...look, ceiling: 1, opacity: 1 }, colours);
}

function put(canvas, pixels, width, height) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  // Painted by the processor alone: a canvas on the graphics card would be uploaded anew for every picture.
  canvas.getContext("2d", { willReadFrequently: true }).putImageData(new ImageData(pixels, width, height), 0, 0);
}
