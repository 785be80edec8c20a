// Writes a PMTiles v3 archive (https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md)
// of gzipped vector tiles, clustered in the order of the Hilbert curve, equal
// tiles stored once.
import { createHash } from 'node:crypto';
import { Bytes, gzip } from './bytes.mjs';

const HEADER = 127, ROOT_LIMIT = 16384 - HEADER, LEAF = 2048;

export function tileId(z, x, y) {
  let id = (4 ** z - 1) / 3;
  for (let s = 2 ** z / 2; s >= 1; s /= 2) {
    const rx = (x & s) > 0 ? 1 : 0, ry = (y & s) > 0 ? 1 : 0;
    id += s * s * ((3 * rx) ^ ry);
    if (ry === 0) {
      if (rx === 1) [x, y] = [s - 1 - (x & (s - 1)), s - 1 - (y & (s - 1))];
      [x, y] = [y, x];
    }
  }
  return id;
}

// tiles: [{z, x, y, data}] with data uncompressed and not empty.
export function writePmtiles(tiles, metadata, { minZoom, maxZoom, centreZoom }) {
  const sorted = tiles.map((t) => ({ ...t, id: tileId(t.z, t.x, t.y) })).sort((a, b) => a.id - b.id);
  const entries = [], blobs = [], known = new Map();
  let offset = 0;
  for (const t of sorted) {
    const key = createHash('sha256').update(t.data).digest('hex');
    let blob = known.get(key);
    if (!blob) {
      const bytes = gzip(t.data);
      blob = { offset, length: bytes.length };
      known.set(key, blob);
      blobs.push(bytes);
      offset += bytes.length;
    }
    const last = entries.at(-1);
    if (last && last.offset === blob.offset && last.id + last.run === t.id) last.run++;
    else entries.push({ id: t.id, run: 1, ...blob });
  }
  const { root, leaves } = directories(entries);
  const meta = gzip(Buffer.from(JSON.stringify(metadata)));
  const data = Buffer.concat(blobs);
  const head = header({ root, meta, leaves, data, tiles: sorted.length, entries: entries.length, blobs: blobs.length, minZoom, maxZoom, centreZoom });
  return Buffer.concat([head, root, meta, leaves, data]);
}

function directories(entries) {
  const root = directory(entries);
  if (root.length <= ROOT_LIMIT) return { root, leaves: Buffer.alloc(0) };
  const leaves = [], pointers = [];
  let offset = 0;
  for (let i = 0; i < entries.length; i += LEAF) {
    const leaf = directory(entries.slice(i, i + LEAF));
    pointers.push({ id: entries[i].id, run: 0, offset, length: leaf.length });
    leaves.push(leaf);
    offset += leaf.length;
  }
  return { root: directory(pointers), leaves: Buffer.concat(leaves) };
}

function directory(entries) {
  const out = new Bytes().uvarint(entries.length);
  let last = 0;
  for (const e of entries) {
    out.uvarint(e.id - last);
    last = e.id;
  }
  for (const e of entries) out.uvarint(e.run);
  for (const e of entries) out.uvarint(e.length);
  entries.forEach((e, i) => {
    const before = entries[i - 1];
    out.uvarint(before && e.offset === before.offset + before.length ? 0 : e.offset + 1);
  });
  return gzip(out.buffer());
}

function header({ root, meta, leaves, data, tiles, entries, blobs, minZoom, maxZoom, centreZoom }) {
  const h = Buffer.alloc(HEADER);
  h.write('PMTiles', 0);
  h[7] = 3;
  let at = 8, offset = HEADER;
  for (const part of [root, meta, leaves, data]) {
    h.writeBigUInt64LE(BigInt(offset), at);
    h.writeBigUInt64LE(BigInt(part.length), at + 8);
    offset += part.length;
    at += 16;
  }
  for (const n of [tiles, entries, blobs]) {
    h.writeBigUInt64LE(BigInt(n), at);
    at += 8;
  }
  // clustered; directories and tiles gzipped; Mapbox vector tiles
  h.set([1, 2, 2, 1, minZoom, maxZoom], at);
  at += 6;
  for (const v of [-180, -85.0511287, 180, 85.0511287]) {
    h.writeInt32LE(Math.round(v * 1e7), at);
    at += 4;
  }
  h[at] = centreZoom;
  return h;
}
