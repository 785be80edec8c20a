// A growing byte buffer with the few encodings that our files use.
import { gzipSync } from 'node:zlib';

export class Bytes {
  constructor() {
    this.parts = [];
  }
  byte(v) {
    this.parts.push(v & 255);
    return this;
  }
  uvarint(v) {
    while (v >= 128) {
      this.parts.push((v % 128) | 128);
      v = Math.floor(v / 128);
    }
    this.parts.push(v);
    return this;
  }
  // Signed numbers zig-zag: 0, -1, 1, -2 …
  varint(v) {
    return this.uvarint(v < 0 ? -2 * v - 1 : 2 * v);
  }
  text(s) {
    const b = Buffer.from(s, 'utf8');
    this.uvarint(b.length);
    for (const c of b) this.parts.push(c);
    return this;
  }
  buffer() {
    return Buffer.from(this.parts);
  }
}

// gzip leaves no trace of time or system in its header.
export function gzip(buffer) {
  const out = gzipSync(buffer, { level: 9, memLevel: 9 });
  out.fill(0, 4, 8);
  out[9] = 255;
  return out;
}
