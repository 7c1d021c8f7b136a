import { formWord } from '../experiments/store/words';
import type { ModelShape } from '../model/shape';
import { stacksOf } from '../model/shapes';
import { sites, type Site } from '../model/site';
import type { Method } from '../petl/design/types';
import { hasSite, placesOf } from '../petl/design/places';
import { unfrozenNames } from '../petl/forms/unfrozen';
import { axis, figure, gridColour } from '../plots/figure';
import type { Data, Figure } from '../plots/figure';
import { textWidth } from '../plots/fonts';
import { symbols } from '../plots/looks';

/** One mark: a method changes h, or trains weights, at a site. */
export interface Touch {
  readonly method: string;
  readonly site: Site;
  readonly form: string;
  readonly reads: Insertion;
}
/** Parallel reads x, sequential reads h; a model's own weights and free prompt vectors read nothing. */
export type Insertion = 'parallel' | 'sequential' | 'reads nothing';

const colours: Readonly<Record<Insertion, string>> = {
  parallel: '#0072b2',
  sequential: '#d55e00',
  'reads nothing': '#5b6570',
};

/** Where methods touch a model, from their modifications and the weights that they train. */
export function touches(methods: readonly Method[], shape: ModelShape): readonly Touch[] {
  return methods.flatMap((method) => {
    const changed = method.modifications
      .filter((modification) => placesOf(modification, shape).length > 0)
      .map((modification): Touch => ({
        method: method.name,
        site: modification.site,
        form: formWord(modification),
        reads: modification.reads.startsWith('h') || modification.reads.startsWith('norm') ? 'sequential' : 'parallel',
      }));
    const prompt: Touch[] =
      method.prompt.kind === 'none'
        ? []
        : [{ method: method.name, site: 'embedding', form: 'prompt', reads: 'reads nothing' }];
    const own = [...new Set(unfrozenNames(method, shape).map(siteOfWeight))].map((site): Touch => ({
      method: method.name,
      site,
      form: 'own weights',
      reads: 'reads nothing',
    }));
    return [...changed, ...prompt, ...own];
  });
}

/**
 * The site whose h a weight of the model makes: `encoder.3.attn.out.bias` -> `attn`, which W_o ends, a norm -> the
 * sub-layer's end.
 */
export function siteOfWeight(name: string): Site {
  const part = name.replace(/^(encoder|decoder)\.\d+\./, '').replace(/\.(weight|bias|gain)$/, '');
  const known = sites.find((site) => site === part);
  if (known !== undefined && !known.endsWith('.out')) return known;
  if (part.startsWith('attn')) return 'attn';
  if (part.startsWith('cross')) return 'cross';
  return part.startsWith('ffn') ? 'block' : 'embedding';
}

/** Methods against sites: marker by functional form, colour by insertion form. */
export function touchMap(methods: readonly Method[], shape: ModelShape, name = 'touch-map'): Figure {
  const marks = touches(methods, shape);
  const columns = sites.filter((site) => shows(site, marks, shape));
  const rows = methods.map((method) => method.name);
  const left = 24 + Math.max(...rows.map((row) => textWidth(row, { size: 12, weight: 400 })));
  const frame = {
    name,
    title: 'What each method touches',
    subtitle: 'marker: functional form; colour: insertion form',
    width: Math.ceil(left + 62 * columns.length + 170),
    height: 100 + 30 * rows.length + 62,
  };
  const quiet = { showgrid: true, gridcolor: gridColour, ticks: '', showline: false, fixedrange: true } as const;
  const layout = {
    margin: { l: left, r: 160, t: 78, b: 62 },
    xaxis: axis('', {
      ...quiet,
      tickvals: [...columns.keys()],
      ticktext: columns,
      range: [-0.5, columns.length - 0.5],
      tickangle: 30,
    }),
    yaxis: axis('', { ...quiet, tickvals: [...rows.keys()], ticktext: rows, range: [rows.length - 0.4, -0.6] }),
    legend: { x: 1.02, y: 1, font: { size: 12 } },
  };
  return figure(frame, {
    data: [...traces(marks, rows, columns), ...keys(marks)],
    layout,
    numbers: marks.map((mark) => ({ ...mark })),
  });
}

/** Sites that the model has; `out`, whose h is that of its sub-layer, where a method names it. */
function shows(site: Site, marks: readonly Touch[], shape: ModelShape): boolean {
  if (site.endsWith('.out')) return marks.some((mark) => mark.site === site);
  return stacksOf(shape).some((stack) => hasSite(shape, stack, site));
}

function traces(marks: readonly Touch[], rows: readonly string[], columns: readonly Site[]): Data[] {
  const looks = symbols(marks.map(({ form }) => form));
  return [
    {
      type: 'scatter',
      mode: 'markers',
      showlegend: false,
      hoverinfo: 'text',
      x: marks.map((mark) => columns.indexOf(mark.site) + aside(mark, marks)),
      y: marks.map(({ method }) => rows.indexOf(method)),
      text: marks.map(({ method, site, form, reads }) => `${method}: ${form} at ${site}, ${reads}`),
      marker: {
        size: 14,
        symbol: marks.map(({ form }) => looks.get(form) ?? 'circle'),
        color: marks.map(({ reads }) => colours[reads]),
        line: { color: '#ffffff', width: 1 },
      },
    } as Data,
  ];
}

/** Weights that train where the method also changes h stand a little to the right. */
function aside({ method, site, form }: Touch, marks: readonly Touch[]): number {
  return form === 'own weights' &&
    marks.some((mark) => mark.method === method && mark.site === site && mark.form !== form)
    ? 0.3
    : 0;
}

/** The legend: forms in grey, insertion forms as swatches. */
function keys(marks: readonly Touch[]): Data[] {
  const entry = (name: string, more: object): Data =>
    ({ type: 'scatter', x: [null], y: [null], name, hoverinfo: 'skip', ...more }) as Data;
  const forms = [...symbols(marks.map(({ form }) => form))].map(([form, symbol]) =>
    entry(form, { mode: 'markers', marker: { symbol, size: 12, color: '#5b6570' } }),
  );
  const insertions = (Object.keys(colours) as Insertion[]).filter(
    (reads) => reads !== 'reads nothing' && marks.some((mark) => mark.reads === reads),
  );
  return [
    ...forms,
    ...insertions.map((reads) => entry(reads, { mode: 'lines', line: { color: colours[reads], width: 9 } })),
  ];
}
