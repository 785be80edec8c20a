// The other side of `bench cluster`: supercluster with its default options,
// asked the way its readme asks it. Prints the figures as JSON.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {randomUUID} from 'node:crypto';
import Supercluster from 'supercluster';

const dir = process.argv[2];
const raw = readFileSync(join(dir, 'points'));
const queries = JSON.parse(readFileSync(join(dir, 'queries.json'), 'utf8'));

const features = [];
for (let at = 0; at < raw.length; at += 24) {
  features.push({
    type: 'Feature',
    geometry: {type: 'Point', coordinates: [raw.readDoubleLE(at), raw.readDoubleLE(at + 8)]},
    properties: {
      id: randomUUID(),
      status: raw[at + 16], severity: raw[at + 17], reports: raw[at + 18], independent_sources: raw[at + 19],
    },
  });
}

const now = () => Number(process.hrtime.bigint()) / 1e6;

let start = now();
const index = new Supercluster();
index.load(features);
const load_ms = now() - start;

const ask = (q) => {
  const found = index.getClusters(q.bbox, q.zoom);
  return [JSON.stringify({type: 'FeatureCollection', features: found}), found.length];
};
for (const q of queries.slice(0, Math.floor(queries.length / 10))) ask(q);

const query_ms = [];
let bytes = 0, count = 0;
for (const q of queries) {
  start = now();
  const [answer, n] = ask(q);
  query_ms.push(now() - start);
  bytes += answer.length; // all ASCII
  count += n;
}
console.log(JSON.stringify({load_ms, query_ms, bytes, features: count}));
