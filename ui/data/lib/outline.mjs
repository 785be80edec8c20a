// Writes outline.json: coasts and borders of the world for a small static map,
// {"scale":50,"coast":[[x,y,dx,dy,…],…],"border":[…]}. The first pair of a line
// is its start, the others are steps, all in 1/scale of a degree, lon before lat.
const SCALE = 50;

export async function buildOutline({ admin1, shape }) {
  const slim = { type: 'FeatureCollection', features: admin1.features.map((f) => ({
    type: 'Feature', geometry: f.geometry, properties: { owner: f.properties.adm0_a3 },
  })) };
  const out = await shape({ 'a.json': slim }, [
    '-i a.json name=a',
    '-dissolve owner name=land',
    '-filter-islands min-area=1500km2',
    '-simplify visvalingam interval=25000',
    '-lines name=lines',
    '-o lines.json format=geojson precision=0.001',
  ].join(' '));
  const lines = JSON.parse(out['lines.json']).features.filter((f) => f.geometry);
  const of = (kind) => lines.filter((f) => (f.properties.TYPE === 'inner') === (kind === 'border'))
    .flatMap((f) => (f.geometry.type === 'LineString' ? [f.geometry.coordinates] : f.geometry.coordinates))
    .map(steps).filter((l) => l.length >= 4);
  return Buffer.from(JSON.stringify({ scale: SCALE, coast: of('coast'), border: of('border') }) + '\n');
}

function steps(line) {
  const out = [];
  let px = 0, py = 0;
  for (const [lon, lat] of line) {
    const x = Math.round(lon * SCALE), y = Math.round(lat * SCALE);
    if (out.length > 0 && x === px && y === py) continue;
    out.push(x - px, y - py);
    [px, py] = [x, y];
  }
  return out;
}
