import type { Data } from './figure';
import { colours, rings, symbols } from './looks';
import { meanText, scoreText, shortNumber } from './scale';
import type { ScoreFormat } from './scale';
import { groupBy, type SummaryRow } from './summary';
import { plain } from './text';

/** One method in the parameter-score figure. `source` is empty for our own runs. */
export interface Point {
  readonly label: string;
  readonly form: string;
  readonly site: string;
  readonly insertion?: string;
  readonly composition?: string;
  /** Counted parameters in % of the backbone: where it stands. */
  readonly x: number;
  readonly share: number;
  readonly trained: number;
  readonly mean: number;
  readonly sd: number;
  readonly seeds: number;
  readonly scores: readonly number[];
  /** Seed and file of each score. */
  readonly runs?: SummaryRow['runs'];
  readonly source: string;
}

/** Means with spread, one trace for each form, site and origin. */
export function marks(points: readonly Point[], format: ScoreFormat, scale: number): Data[] {
  const looks = looksOf(points);
  return [...groupBy(points, (point) => JSON.stringify([point.form, point.site, symbolOf(point, looks)])).values()].map(
    (group): Data => {
      const { form, site, source } = group[0] as Point;
      const colour = looks.colour.get(site) ?? '#000000';
      const symbol = symbolOf(group[0] as Point, looks);
      const spread = group.map((point) => (point.seeds > 1 ? point.sd : 0));
      return {
        type: 'scatter',
        mode: 'markers',
        name: plain(`${form}, ${site}`),
        legendgroup: `site ${site}`,
        showlegend: false,
        x: group.map((point) => point.x),
        y: group.map((point) => point.mean),
        text: group.map((point) => hover(point, format)),
        hoverinfo: 'text',
        marker: {
          symbol,
          size: scale * sizeOf(form),
          color: colour,
          line: { color: source === '' ? '#ffffff' : colour, width: source === '' ? 1 : 1.8 },
        },
        ...(spread.some((value) => value > 0)
          ? { error_y: { type: 'data', array: spread, color: colour, thickness: 1.3, width: 3 } }
          : {}),
      } as Data;
    },
  );
}

/**
 * Points that differ in size alone, by share: the label without its sizes tells families apart, ours from published
 * ones.
 */
function familiesOf(points: readonly Point[]): readonly (readonly Point[])[] {
  const families = groupBy(points, ({ label, source }) => `${label.replace(sizes, '')} ${source}`);
  return [...families.values()].map((family) => [...family].sort((a, b) => a.x - b.x));
}

/** `r=8` of `LoRA r=8` and `lora:r=8,s=2`. */
const sizes = /(?<=^|[ :,])[lrm]=\d+/g;

/** Families of several sizes. */
export function joinedFamilies(points: readonly Point[]): readonly (readonly Point[])[] {
  return familiesOf(points).filter((family) => new Set(family.map(({ x }) => x.toPrecision(2))).size > 1);
}

/** A thin line through each family. */
export function connections(points: readonly Point[]): Data[] {
  const looks = looksOf(points);
  return joinedFamilies(points).map((family): Data => {
    const { site, source } = family[0] as Point;
    return {
      type: 'scatter',
      mode: 'lines',
      legendgroup: `site ${site}`,
      showlegend: false,
      hoverinfo: 'skip',
      x: family.map(({ x }) => x),
      y: family.map(({ mean }) => mean),
      line: { color: looks.colour.get(site) ?? '#000000', width: 1.3, dash: source === '' ? 'solid' : 'dot' },
      opacity: 0.6,
    } as Data;
  });
}

/** The whole name at the smallest of a family, sizes alone along its line. */
export function shortNames(points: readonly Point[]): ReadonlyMap<Point, string> {
  return new Map(
    familiesOf(points).flatMap((family) =>
      family.map(
        (point, i) => [point, i === 0 ? point.label : (point.label.match(sizes)?.join(', ') ?? point.label)] as const,
      ),
    ),
  );
}

/** Every seed as a faint dot under the means, which names its run. */
export function seedDots(points: readonly Point[], format: ScoreFormat, scale: number): Data[] {
  const looks = looksOf(points);
  return points
    .filter((point) => point.seeds > 1)
    .map(
      (point): Data =>
        ({
          type: 'scatter',
          mode: 'markers',
          legendgroup: `site ${point.site}`,
          showlegend: false,
          x: point.scores.map(() => point.x),
          y: [...point.scores],
          text: point.scores.map((_, i) => seedHover(point, i, format)),
          hoverinfo: 'text',
          marker: {
            symbol: 'circle',
            size: 4.5 * scale,
            color: looks.colour.get(point.site) ?? '#000000',
            opacity: 0.35,
          },
        }) as Data,
    );
}

/** What tells points apart: colour by modified site, symbol by functional form, and where needed two more. */
export interface PointLooks {
  readonly colour: ReadonlyMap<string, string>;
  readonly symbol: ReadonlyMap<string, string>;
  /** Insertion forms, where they alone tell two points apart: sequential ones have a dot inside. */
  readonly insertions: readonly string[];
  /** Symbol around the point of each composition, where it alone tells two points apart. */
  readonly rings: ReadonlyMap<string, string>;
}

export function looksOf(points: readonly Point[]): PointLooks {
  const forms = points.map(({ form, site }) => `${form} ${site}`);
  const inserted = points.map(({ insertion = '' }, i) => `${forms[i] ?? ''} ${insertion}`);
  const words = (of: readonly (string | undefined)[]): readonly string[] => [
    ...new Set(of.flatMap((word) => (word === undefined || word === '' ? [] : [word]))),
  ];
  return {
    colour: colours(points.map(({ site }) => site)),
    symbol: symbols(points.map(({ form }) => form)),
    insertions: areTold(points, forms, 'insertion') ? words(points.map(({ insertion }) => insertion)) : [],
    rings: areTold(points, inserted, 'composition')
      ? rings(words(points.map(({ composition }) => composition)))
      : new Map(),
  };
}

/** Whether some points that are alike in all else differ in this. */
function areTold(points: readonly Point[], alike: readonly string[], by: 'insertion' | 'composition'): boolean {
  const first = new Map<string, string | undefined>();
  return points.some(({ [by]: word }, i) => {
    const key = alike[i] ?? '';
    if (word === undefined || word === '') return false;
    if (!first.has(key)) first.set(key, word);
    return first.get(key) !== word;
  });
}

/** Rings around the points whose composition is not the plain one. */
export function ringMarks(points: readonly Point[], marks: number): Data[] {
  const looks = looksOf(points);
  const ringed = points.flatMap((point) => {
    const symbol = looks.rings.get(point.composition ?? '');
    return symbol === undefined || symbol === '' ? [] : [{ point, symbol }];
  });
  // By site, so that a site that is set apart keeps its rings and no others.
  return [...groupBy(ringed, ({ point }) => point.site).entries()].map(([site, own]): Data => {
    const color = looks.colour.get(site) ?? '#000000';
    return {
      type: 'scatter',
      mode: 'markers',
      legendgroup: `site ${site}`,
      showlegend: false,
      hoverinfo: 'skip',
      x: own.map(({ point }) => point.x),
      y: own.map(({ point }) => point.mean),
      marker: { symbol: own.map(({ symbol }) => symbol), size: 20 * marks, color, line: { width: 1.2, color } },
    } as Data;
  });
}

/** The symbol of a point: its form's, with a dot inside where it is sequential, hollow where it is published. */
export function symbolOf({ form, insertion, source }: Point, { symbol, insertions }: PointLooks): string {
  const dot = insertions.length > 0 && insertion === 'sequential' ? '-dot' : '';
  return `${symbol.get(form) ?? 'circle'}${source === '' ? '' : '-open'}${dot}`;
}

/** Plotly's symbols of one size differ in area. */
export function sizeOf(form: string): number {
  return form === 'mixed' ? 15 : form === 'adapter' ? 10.5 : 12;
}

export function hover(point: Point, format: ScoreFormat): string {
  const size =
    point.trained > 0
      ? `${shortNumber(point.trained)} parameters, ${shortNumber(point.x)}%`
      : `${shortNumber(point.x)}%`;
  if (point.source !== '')
    return `<b>${plain(point.label)}</b><br>${size}<br>${scoreText(point.mean, format)}<br>${point.source}`;
  const { runs = [], seeds } = point;
  const only = seeds === 1 && runs[0]?.run ? `<br>${runs[0].run}` : '';
  const numbers = runs.map(({ seed }) => seed).join(', ');
  const words =
    numbers === ''
      ? `${seeds} ${seeds === 1 ? 'seed' : 'seeds'}`
      : `${seeds} ${seeds === 1 ? 'seed' : 'seeds'}: ${numbers}`;
  return `<b>${plain(point.label)}</b><br>${size}<br>${meanText(point, format)} (${words})${only}`;
}

/** One seed of a method: its score and the file of its run. */
export function seedHover({ label, scores, runs = [] }: Point, i: number, format: ScoreFormat): string {
  const { seed, run = '' } = runs[i] ?? {};
  const name = seed === undefined ? plain(label) : `${plain(label)}, seed ${seed}`;
  return [`<b>${name}</b>`, scoreText(scores[i] ?? 0, format), run].filter((line) => line !== '').join('<br>');
}
