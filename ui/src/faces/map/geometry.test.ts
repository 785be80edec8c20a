import { describe, expect, it } from 'vitest';
import { boxOf, cellRing, circleRing, crown, graticule, queryBox } from './geometry';

const metres = (a: number[], b: number[]) => {
  const r = Math.PI / 180, [x1, y1] = a as [number, number], [x2, y2] = b as [number, number];
  const h = Math.sin((y2 - y1) * r / 2) ** 2 + Math.cos(y1 * r) * Math.cos(y2 * r) * Math.sin((x2 - x1) * r / 2) ** 2;
  return 2 * 6_371_008.8 * Math.asin(Math.sqrt(h));
};

describe('shapes', () => {
  it('draws a circle of the right radius anywhere', () => {
    for (const centre of [[36.8, -1.3], [0, 0], [179.99, 60], [12, -85]]) {
      for (const m of [200, 5000, 100_000]) {
        for (const corner of circleRing(centre[0]!, centre[1]!, m)) expect(metres(centre, corner)).toBeCloseTo(m, 0);
      }
    }
  });
  it('closes its rings', () => {
    for (const ring of [circleRing(1, 2, 300), cellRing(1, 2, 0.01)]) expect(ring[0]).toEqual(ring.at(-1));
  });
  it('keeps a cell on the globe at the poles', () => {
    expect(Math.max(...cellRing(10, 89.999, 1).map(([, y]) => y))).toBeLessThanOrEqual(90);
  });
  it('labels a hull at its upper edge', () => {
    const hull: GeoJSON.Polygon = { type: 'Polygon', coordinates: [[[0, 0], [2, 0], [2, 1], [0, 1], [0, 0]]] };
    expect(crown(hull)).toEqual([1, 1]);
    expect(boxOf(hull)).toEqual([0, 0, 2, 1]);
  });
});

describe('the box of a query', () => {
  it.each([
    ['pads', [10, 10, 20, 20], [7.5, 7.5, 22.5, 22.5]],
    ['stays on the globe', [0, 80, 10, 89], [-2.5, 77.75, 12.5, 90]],
    ['crosses 180°', [170, 0, 190, 10], [165, -2.5, -165, 12.5]],
    ['takes the world', [-200, -85, 200, 85], [-180, -90, 180, 90]],
    ['folds a far turn', [370, 0, 380, 10], [7.5, -2.5, 22.5, 12.5]],
  ])('%s', (_, box, want) => {
    queryBox(box as [number, number, number, number]).forEach((d, i) => expect(d).toBeCloseTo(want[i]!, 6));
  });
});

it('draws a graticule of some five lines whatever the span', () => {
  for (const span of [0.001, 0.3, 7, 90, 360]) {
    const { lines, step } = graticule([0, 0, span, span / 2]);
    expect(span / step).toBeLessThanOrEqual(8);
    expect(lines.length).toBeGreaterThan(4);
    expect(lines.length).toBeLessThan(60);
  }
});
