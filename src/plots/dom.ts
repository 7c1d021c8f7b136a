import { readFileSync } from 'node:fs';
import type { DOMWindow } from 'jsdom';
import { ownBox, pageBox } from './boxes';
import type { Box } from './boxes';

type PlotlyModule = typeof import('plotly.js-dist-min');
export interface PlotlyWindow {
  readonly window: DOMWindow;
  readonly plotly: PlotlyModule;
}

interface Spot {
  readonly x: number;
  readonly y: number;
}

let opened: PlotlyWindow | undefined;

/**
 * Plotly in a page without a browser (about a second, once per process). Text is measured with the font that draws it.
 */
export function plotlyWindow(): PlotlyWindow {
  if (opened) return opened;
  const { JSDOM } = require('jsdom') as typeof import('jsdom');
  const { window } = new JSDOM('<!doctype html><body></body>', {
    runScripts: 'outside-only',
    pretendToBeVisual: false,
  });
  window.URL.createObjectURL = () => '';
  window.HTMLCanvasElement.prototype.getContext = () => null;
  answerLayout(window);
  window.eval(readFileSync(require.resolve('plotly.js-dist-min/plotly.min.js'), 'utf8'));
  opened = { window, plotly: window['Plotly'] as PlotlyModule };
  return opened;
}

/** jsdom lays nothing out: what Plotly asks about drawn text and lines is answered here. */
function answerLayout(window: DOMWindow): void {
  const svg = window.SVGElement.prototype as SVGElement & {
    getBBox?: () => Box;
    getComputedTextLength?: () => number;
    getTotalLength?: () => number;
    getPointAtLength?: (at: number) => Spot;
  };
  svg.getBBox = function (this: SVGElement) {
    return ownBox(this);
  };
  svg.getBoundingClientRect = function (this: SVGElement) {
    return pageBox(this) as DOMRect;
  };
  svg.getComputedTextLength = function (this: SVGElement) {
    return ownBox(this).width;
  };
  svg.getTotalLength = function (this: SVGElement) {
    return lineOf(this).length;
  };
  svg.getPointAtLength = function (this: SVGElement, at: number) {
    return lineOf(this).point(at);
  };
}

/** Plotly asks for the length of one kind of path, the line from a label to its point: `M x,y L x,y`. */
function lineOf(path: SVGElement): { readonly length: number; readonly point: (at: number) => Spot } {
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = (path.getAttribute('d')?.match(/-?[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
  const length = Math.hypot(x1 - x0, y1 - y0);
  const share = (at: number): number => (length > 0 ? at / length : 0);
  return { length, point: (at) => ({ x: x0 + (x1 - x0) * share(at), y: y0 + (y1 - y0) * share(at) }) };
}
