import { formWord } from '../experiments/store/words';
import type { ModelShape } from '../model/shape';
import { stacksOf } from '../model/shapes';
import { sites, type Site } from '../model/site';
import type { Method } from '../petl/design/types';
import { hasSite, placesOf } from '../petl/design/places';
import { unfrozenNames } from '../petl/forms/unfrozen';
import { axis, figure, gridColour, headRoom } from '../plots/figure';
import type { Data, Figure } from '../plots/figure';
import { textWidth } from '../plots/fonts';
import { keysBelow, type KeyGroup, type Keys } from '../plots/keys';
import { symbols } from '../plots/looks';
import { pixelsOf, sizeClass } from '../plots/size';
import { plain, wrapped } from '../plots/text';

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
    const second: Touch[] =
      method.passes.kind === 'once'
        ? []
        : [{ method: method.name, site: 'embedding', form: 'connector', reads: 'sequential' }];
    const own = [...new Set(unfrozenNames(method, shape).map(siteOfWeight))].map((site): Touch => ({
      method: method.name,
      site,
      form: 'own weights',
      reads: 'reads nothing',
    }));
    return [...changed, ...prompt, ...second, ...own];
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

export interface TouchMapOptions {
  readonly name?: string;
  /** Pixels, or a length on paper; as wide as it needs otherwise. */
  readonly width?: number | string;
}

/** Methods against sites: marker by functional form, colour by insertion form. */
export function touchMap(methods: readonly Method[], shape: ModelShape, options: TouchMapOptions = {}): Figure {
  const marks = touches(methods, shape);
  const columns = sites.filter((site) => shows(site, marks, shape));
  const wanted = options.width === undefined ? undefined : pixelsOf(options.width);
  const sizes = sizeClass(wanted ?? 940);
  const style = { size: sizes.tick, weight: 400 };
  const names = methods.map(({ name }) =>
    wanted === undefined ? [name] : wrapped(name.replace(/[+,]/g, '$& '), 0.34 * wanted, style),
  );
  const named = 1.8 * sizes.label;
  const left = named + (sizes.keysBelow ? 12 : 24) + Math.max(...names.flat().map((line) => textWidth(line, style)));
  const frame = {
    name: options.name ?? 'touch-map',
    title: 'What each method touches',
    subtitle: 'marker: functional form; colour: insertion form',
    width: wanted ?? Math.ceil(left + 62 * columns.length + 170),
    height: 0,
  };
  const keys = sizes.keysBelow ? keysBelow(keyGroups(marks, sizes.marks), frame.width, sizes) : keysBeside(marks);
  const [row, top] = [sizes.keysBelow ? 26 : 30, sizes.keysBelow ? headRoom(frame) : 78];
  const heads = named + (sizes.keysBelow ? 10 + Math.max(...columns.map((site) => textWidth(site, style))) : 62);
  const margin = { l: left, r: sizes.keysBelow ? 10 : 160, t: top, b: heads + keys.height };
  const height = Math.ceil((sizes.keysBelow ? top : 100) + row * methods.length + margin.b);
  const quiet = { showgrid: true, gridcolor: gridColour, ticks: '', showline: false, fixedrange: true } as const;
  const layout = {
    margin,
    xaxis: axis('site', {
      ...quiet,
      tickvals: [...columns.keys()],
      ticktext: columns,
      range: [-0.5, columns.length - 0.5],
      tickangle: sizes.keysBelow ? 90 : 30,
    }),
    yaxis: axis('method', {
      ...quiet,
      tickvals: [...names.keys()],
      ticktext: names.map((lines) => lines.map(plain).join('<br>')),
      range: [methods.length - 0.4, -0.6],
    }),
    ...keys.layout(height, margin),
  };
  return figure(
    { ...frame, height },
    {
      data: [...traces(marks, methods, { columns, scale: sizes.marks }), ...keys.data],
      layout,
      numbers: marks.map((mark) => ({ ...mark })),
    },
  );
}

/** Sites that the model has; `out`, whose h is that of its sub-layer, where a method names it. */
function shows(site: Site, marks: readonly Touch[], shape: ModelShape): boolean {
  if (site.endsWith('.out')) return marks.some((mark) => mark.site === site);
  return stacksOf(shape).some((stack) => hasSite(shape, stack, site));
}

function traces(
  marks: readonly Touch[],
  methods: readonly Method[],
  { columns, scale }: { readonly columns: readonly Site[]; readonly scale: number },
): Data[] {
  const looks = symbols(marks.map(({ form }) => form));
  return [
    {
      type: 'scatter',
      mode: 'markers',
      showlegend: false,
      hoverinfo: 'text',
      x: marks.map((mark) => columns.indexOf(mark.site) + aside(mark, marks)),
      y: marks.map(({ method }) => methods.findIndex(({ name }) => name === method)),
      text: marks.map(({ method, site, form, reads }) => `${method}: ${form} at ${site}, ${reads}`),
      marker: {
        size: 14 * scale,
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

/** Forms in grey, insertion forms as swatches. */
function keyGroups(marks: readonly Touch[], scale: number): readonly KeyGroup[] {
  const grey = '#5b6570';
  const forms = [...symbols(marks.map(({ form }) => form))].map(([name, symbol]) => ({
    name,
    group: 'forms',
    look: { mode: 'markers', marker: { symbol, size: 12 * scale, color: grey } },
  }));
  const insertions = (Object.keys(colours) as Insertion[])
    .filter((reads) => reads !== 'reads nothing' && marks.some((mark) => mark.reads === reads))
    .map((name) => ({
      name,
      group: 'insertion',
      look: { mode: 'lines', line: { color: colours[name], width: 9 * scale } },
    }));
  return [
    { title: 'functional form', entries: forms },
    { title: 'insertion form', entries: insertions },
  ].filter(({ entries }) => entries.length > 0);
}

/** One plain legend right of the map. */
function keysBeside(marks: readonly Touch[]): Pick<Keys, 'data' | 'layout' | 'height'> {
  const entry = (name: string, look: object): Data =>
    ({ type: 'scatter', x: [null], y: [null], name, hoverinfo: 'skip', ...look }) as Data;
  const data = keyGroups(marks, 1).flatMap(({ entries }) => entries.map(({ name, look }) => entry(name, look)));
  return { data, height: 0, layout: () => ({ legend: { x: 1.02, y: 1, font: { size: 12 } } }) };
}
