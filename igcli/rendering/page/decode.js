// From the page's data blocks to pictures and numbers; the other half of packing.py.

/** Resolves when a block has arrived whole, which the last one can only be known to have when all has. */
const arrival = (() => {
  const isWhole = (id) => document.readyState !== "loading" || Boolean(byId(id)?.nextElementSibling);
  let waiting = [];
  const look = () => {
    waiting = waiting.filter(({ id, done }) => !isWhole(id) || done());
  };
  new MutationObserver(look).observe(document.body, { childList: true });
  document.addEventListener("DOMContentLoaded", look);
  return (id) => new Promise((done) => {
    waiting.push({ id, done });
    look();
  });
})();

/** The bytes of a block. */
async function bytesOf(id) {
  await arrival(id);
  const text = atob(byId(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

async function inflated(id) {
  const stream = new Blob([await bytesOf(id)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The photo's file, to be shown or decoded. */
async function photoBlob(number, entry) {
  return new Blob([await bytesOf(`${number}.photo`)], { type: entry.type });
}

/** The photo's pixels, RGBA, as they are in the file: no colour management. */
async function pixelsOf(blob) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = element("canvas", { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height).data;
}

/** A method's map: importance and signed sum, in units of `unit`. */
async function mapOf(number, place, entry) {
  const { coding, unit } = entry.maps[place];
  const bytes = await inflated(`${number}.map.${place}`);
  const values = coding === "float32" ? fromPlanes(bytes) : fromRoots(bytes);
  const count = values.length / 2;
  return new Field(values.subarray(0, count), values.subarray(count), unit);
}

function fromPlanes(bytes) {
  const count = bytes.length / 4;
  const joined = new Uint8Array(bytes.length);
  for (let plane = 0; plane < 4; plane++) {
    for (let i = 0; i < count; i++) joined[4 * i + plane] = bytes[plane * count + i];
  }
  return new Float32Array(joined.buffer);
}

function fromRoots(bytes) {
  const half = bytes.length / 2;
  const signed = new Int8Array(bytes.buffer);
  return Float32Array.from(bytes, (level, i) => {
    const root = i < half ? level / 255 : signed[i] / 127;
    return root * Math.abs(root);
  });
}

/** The interior gradients of a photo: levels, and what they stand for. */
class Film {
  static async of(number, entry) {
    return new Film(await inflated(`${number}.frames`), entry);
  }

  constructor(bytes, { frames, width, height }) {
    Object.assign(this, { frames, width, height, levels: bytes, size: frames.width * frames.height });
    // Each frame is stored as its difference from the one before, modulo 256.
    for (let i = this.size; i < bytes.length; i++) bytes[i] += bytes[i - this.size];
    this.counts = frames.alphas.map((_, place) => this.countsOf(place));
  }

  countsOf(place) {
    const counts = new Uint32Array(256);
    for (let i = place * this.size; i < (place + 1) * this.size; i++) counts[this.levels[i]]++;
    return counts;
  }

  value(place, level) {
    return this.frames.tops[place] * (level / this.frames.levels) ** 2;
  }

  /** One frame's importance at the photo's size. */
  field(place) {
    const values = Float64Array.from({ length: 256 }, (_, level) => this.value(place, level));
    const importance = new Float64Array(this.width * this.height);
    for (let y = 0, i = 0; y < this.height; y++) {
      const row = place * this.size + Math.floor((y * this.frames.height) / this.height) * this.frames.width;
      for (let x = 0; x < this.width; x++, i++) {
        importance[i] = values[this.levels[row + Math.floor((x * this.frames.width) / this.width)]];
      }
    }
    return new Field(importance, importance, 1);
  }

  /** What is shown at full brightness: of one frame, or of all together. */
  ceiling(percent, place) {
    if (place !== null) return this.ceilingOf([place], percent);
    this.shared ??= new Map();
    if (!this.shared.has(percent)) this.shared.set(percent, this.ceilingOf([...this.counts.keys()], percent));
    return this.shared.get(percent);
  }

  ceilingOf(places, percent) {
    const steps = places.flatMap((place) =>
      Array.from(this.counts[place], (count, level) => ({ count, value: this.value(place, level) })),
    );
    const present = steps.filter((step) => step.count).sort((a, b) => a.value - b.value);
    const at = (rank) => present[present.findIndex((step) => (rank -= step.count) < 0)].value;
    return percentileOf(at, places.length * this.size, percent) || present.at(-1).value;
  }
}
