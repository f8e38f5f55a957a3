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

/** The number that a level of the square root stands for. */
const valueOf = (level, levels, top) => (top * level * Math.abs(level)) / levels ** 2;

/** A method's map. */
async function mapOf(number, place, entry) {
  const { levels, top } = entry.maps[place];
  const packed = new Int16Array((await inflated(`${number}.map.${place}`)).buffer);
  const values = Float64Array.from(packed, (level) => valueOf(level, levels, top));
  return new Field(values.subarray(0, values.length / 2), values.subarray(values.length / 2));
}

/** The interior gradients of a photo. */
class Film {
  static async of(number, entry) {
    return new Film(await inflated(`${number}.frames`), entry);
  }

  constructor(bytes, { frames, width, height }) {
    Object.assign(this, { frames, width, height, levels: bytes, size: frames.width * frames.height });
    // Each frame is stored as its difference from the one before, modulo 256.
    for (let i = this.size; i < bytes.length; i++) bytes[i] += bytes[i - this.size];
  }

  value(i) {
    return valueOf(this.levels[i], this.frames.levels, this.frames.tops[Math.floor(i / this.size)]);
  }

  /** One frame's importance at the photo's size. */
  field(place) {
    const { width, height, frames } = this;
    const importance = new Float64Array(width * height);
    for (let y = 0, i = 0; y < height; y++) {
      const row = place * this.size + Math.floor((y * frames.height) / height) * frames.width;
      for (let x = 0; x < width; x++, i++) importance[i] = this.value(row + Math.floor((x * frames.width) / width));
    }
    return new Field(importance);
  }

  /** What is shown at full brightness in all frames together. */
  sharedCeiling(percent) {
    this.all ??= new Field(Float64Array.from(this.levels, (_, i) => this.value(i)));
    return this.all.ceiling(percent);
  }
}
