// The marks as pictures for the map, drawn when first needed: shape and colour
// say how bad, fill says how sure.
import { shapes, type Truth } from '../../components/marks';
import type { Severity } from '../../lib/types';

export interface Palette {
  land: string; water: string; lake: string; line: string; lineStrong: string; grid: string; label: string; labelQuiet: string; halo: string;
  surface: string; ink: string; ink3: string; cluster: string; clusterInk: string; clusterEdge: string;
  edge: Record<Severity, string>; fill: Record<Severity, string>;
}

export function paletteOf(dark: boolean): Palette {
  return dark ? {
    land: '#121820', water: '#080c11', lake: '#080c11', line: '#2b3746', lineStrong: '#4a5868', grid: '#19212b', label: '#8d99a6', labelQuiet: '#6d7a88', halo: '#0d1218',
    surface: '#161d26', ink: '#e6ebf0', ink3: '#8f9ba8', cluster: '#3b4653', clusterInk: '#f1f4f7', clusterEdge: '#8f9ba8',
    edge: { low: '#f0d27a', normal: '#f8a45c', life_safety: '#ff8a7d' }, fill: { low: '#d9b44a', normal: '#ee8a3a', life_safety: '#f2564a' },
  } : {
    land: '#f4f2ec', water: '#d5e0e5', lake: '#d5e0e5', line: '#d3cec1', lineStrong: '#a8a292', grid: '#e9e6dc', label: '#5d6268', labelQuiet: '#83878b', halo: '#f9f8f4',
    surface: '#ffffff', ink: '#1d2329', ink3: '#666d74', cluster: '#5a6169', clusterInk: '#ffffff', clusterEdge: '#ffffff',
    edge: { low: '#8a6500', normal: '#b04c05', life_safety: '#a3121b' }, fill: { low: '#f0c94f', normal: '#e8741e', life_safety: '#b8151f' },
  };
}

const size = 52; // device pixels; drawn at half that
const ratio = 2;

function canvas(width: number, height = width): CanvasRenderingContext2D {
  const element = document.createElement('canvas');
  element.width = width;
  element.height = height;
  const context = element.getContext('2d');
  if (!context) throw new Error('this browser draws no canvas');
  return context;
}

function hatch(c: CanvasRenderingContext2D, colour: string, width: number, height: number) {
  c.strokeStyle = colour;
  c.lineWidth = 5;
  c.beginPath();
  for (let x = -height - 11; x < width + 11; x += 11) { c.moveTo(x - 8, height + 8); c.lineTo(x + height + 8, -8); }
  c.stroke();
}

function mark(severity: Severity, truth: Truth, p: Palette): ImageData {
  const c = canvas(size);
  c.translate(4, 4);
  c.scale((size - 8) / 24, (size - 8) / 24);
  const path = new Path2D(shapes[severity]);
  c.lineJoin = 'round';
  c.lineWidth = 5;
  c.strokeStyle = p.halo;
  c.stroke(path);
  c.fillStyle = truth === 'verified' ? p.fill[severity] : p.surface;
  c.fill(path);
  if (truth === 'probable') {
    c.save();
    c.clip(path);
    c.setTransform(1, 0, 0, 1, 0, 0);
    hatch(c, p.fill[severity], size, size);
    c.restore();
  }
  c.lineWidth = 2.2;
  c.strokeStyle = truth === 'refuted' ? p.ink3 : p.edge[severity];
  c.stroke(path);
  return c.getImageData(0, 0, size, size);
}

/** The token of a blurred incident: a square with the severity's shape inside. */
function cell(severity: Severity, truth: Truth, p: Palette): ImageData {
  const c = canvas(size);
  c.lineWidth = 4;
  c.strokeStyle = p.edge[severity];
  c.fillStyle = p.surface;
  c.fillRect(5, 5, size - 10, size - 10);
  c.strokeRect(5, 5, size - 10, size - 10);
  c.translate(13, 13);
  c.scale((size - 26) / 24, (size - 26) / 24);
  const path = new Path2D(shapes[severity]);
  if (truth === 'verified') { c.fillStyle = p.fill[severity]; c.fill(path); }
  if (truth === 'probable') {
    c.save();
    c.clip(path);
    c.setTransform(1, 0, 0, 1, 0, 0);
    hatch(c, p.fill[severity], size, size);
    c.restore();
  }
  c.lineWidth = 3;
  c.lineJoin = 'round';
  c.strokeStyle = p.edge[severity];
  c.stroke(path);
  return c.getImageData(0, 0, size, size);
}

function pattern(severity: Severity, p: Palette): ImageData {
  const c = canvas(22);
  hatch(c, p.fill[severity], 22, 22);
  return c.getImageData(0, 0, 22, 22);
}

/** The plate behind a hotspot's count; its middle stretches with the text. */
function plate(severity: Severity, p: Palette): ImageData {
  const c = canvas(56, 44);
  c.beginPath();
  c.roundRect(3, 3, 50, 38, 19);
  c.fillStyle = p.surface;
  c.fill();
  c.lineWidth = 4.5;
  c.strokeStyle = p.edge[severity];
  c.stroke();
  return c.getImageData(0, 0, 56, 44);
}

type Picture = [ImageData, { pixelRatio: number; stretchX?: [number, number][]; stretchY?: [number, number][]; content?: [number, number, number, number] }];

/** Draws a picture by its name, as the style asks for it: kind|severity|truth. */
export function picture(name: string, dark: boolean): Picture | null {
  const [kind, severity = '', truth = ''] = name.split('|');
  const p = paletteOf(dark);
  if (!(severity in p.edge)) return null;
  const how = severity as Severity;
  switch (kind) {
    case 'mark': return [mark(how, truth as Truth, p), { pixelRatio: ratio }];
    case 'cell': return [cell(how, truth as Truth, p), { pixelRatio: ratio }];
    case 'hatch': return [pattern(how, p), { pixelRatio: ratio }];
    case 'plate': return [plate(how, p), { pixelRatio: ratio, stretchX: [[22, 34]], stretchY: [[20, 24]], content: [14, 7, 42, 37] }];
    default: return null;
  }
}
