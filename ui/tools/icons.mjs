// Writes icons/icons.json from an unpacked lucide-static package (ISC), every
// shape turned into one path on a 24 by 24 grid:
//   npm pack lucide-static@1.62.0 && tar xzf lucide-static-*.tgz
//   node tools/icons.mjs package/icons
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const from = process.argv[2];
const names = JSON.parse(readFileSync(new URL('../icons/names.json', import.meta.url)));

const n = (v) => +Number(v ?? 0).toFixed(3);
const attrs = (tag) => Object.fromEntries([...tag.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, k, v]) => [k, v]));

function circle(cx, cy, rx, ry = rx) {
  return `M${n(cx - rx)} ${n(cy)}a${n(rx)} ${n(ry)} 0 1 0 ${n(2 * rx)} 0a${n(rx)} ${n(ry)} 0 1 0 ${n(-2 * rx)} 0`;
}

function rect({ x = 0, y = 0, width, height, rx, ry }) {
  const w = +width, h = +height, r = Math.min(+(rx ?? ry ?? 0), w / 2, h / 2);
  if (!r) return `M${n(x)} ${n(y)}h${w}v${h}h${-w}z`;
  const arc = (dx, dy) => `a${r} ${r} 0 0 1 ${n(dx)} ${n(dy)}`;
  return `M${n(+x + r)} ${n(y)}h${n(w - 2 * r)}${arc(r, r)}v${n(h - 2 * r)}${arc(-r, r)}h${n(2 * r - w)}${arc(-r, -r)}v${n(2 * r - h)}${arc(r, -r)}z`;
}

// A path that begins with a relative move would move on from the path before it.
function absolute(d) {
  const number = String.raw`-?(?:\d+\.?\d*|\.\d+)`;
  const start = d.match(new RegExp(`^m\\s*(${number})[\\s,]*(${number})\\s*(?=(.?))`));
  if (!start) return d;
  const rest = d.slice(start[0].length);
  return `M${start[1]} ${start[2]}${/^[-\d.]/.test(rest) ? 'l' : ''}${rest}`;
}

function shape(kind, a) {
  switch (kind) {
    case 'path': return absolute(a.d);
    case 'circle': return circle(+a.cx, +a.cy, +a.r);
    case 'ellipse': return circle(+a.cx, +a.cy, +a.rx, +a.ry);
    case 'rect': return rect(a);
    case 'line': return `M${n(a.x1)} ${n(a.y1)}L${n(a.x2)} ${n(a.y2)}`;
    case 'polyline': return 'M' + a.points.trim().replace(/\s+/, ' ');
    case 'polygon': return 'M' + a.points.trim() + 'z';
    default: throw new Error(`no path for <${kind}>`);
  }
}

const icons = {};
for (const [name, source] of Object.entries(names)) {
  const svg = readFileSync(join(from, source + '.svg'), 'utf8');
  icons[name] = [...svg.matchAll(/<(path|circle|ellipse|rect|line|polyline|polygon)\s([^>]*)\/>/g)]
    .map(([, kind, rest]) => shape(kind, attrs(rest))).join('');
}
writeFileSync(new URL('../icons/icons.json', import.meta.url), JSON.stringify(icons, null, 1) + '\n');
