import type { Data } from './figure';
import { colours, symbols } from './looks';
import { meanText, scoreText, shortNumber } from './scale';
import type { ScoreFormat } from './scale';
import { groupBy } from './summary';

/** One method in the parameter-score figure. `source` is empty for our own runs. */
export interface Point {
  readonly label: string;
  readonly form: string;
  readonly site: string;
  /** Trained parameters in % of the backbone. */
  readonly x: number;
  readonly share: number;
  readonly trained: number;
  readonly mean: number;
  readonly sd: number;
  readonly seeds: number;
  readonly scores: readonly number[];
  readonly source: string;
}

/** Means with spread, one trace for each form, site and origin. */
export function marks(points: readonly Point[], format: ScoreFormat): Data[] {
  const looks = looksOf(points);
  return [...groupBy(points, (point) => JSON.stringify([point.form, point.site, point.source !== ''])).values()].map(
    (group): Data => {
      const { form, site, source } = group[0] as Point;
      const colour = looks.colour.get(site) ?? '#000000';
      const symbol = (looks.symbol.get(form) ?? 'circle') + (source === '' ? '' : '-open');
      const spread = group.map((point) => (point.seeds > 1 ? point.sd : 0));
      return {
        type: 'scatter',
        mode: 'markers',
        name: `${form}, ${site}`,
        legendgroup: `site ${site}`,
        showlegend: false,
        x: group.map((point) => point.x),
        y: group.map((point) => point.mean),
        text: group.map((point) => hover(point, format)),
        hoverinfo: 'text',
        marker: {
          symbol,
          size: sizeOf(form),
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
 * Points that differ in size alone, by share: the label without its size tells families apart, ours from published
 * ones.
 */
function familiesOf(points: readonly Point[]): readonly (readonly Point[])[] {
  const families = groupBy(points, ({ label, source }) => `${label.replace(sizeOfLabel, '')} ${source}`);
  return [...families.values()].map((family) => [...family].sort((a, b) => a.x - b.x));
}

const sizeOfLabel = / [lrm]=\d+$/;

/** A thin line through each family. */
export function connections(points: readonly Point[]): Data[] {
  const looks = looksOf(points);
  return familiesOf(points)
    .filter((family) => family.length > 1)
    .map((family): Data => {
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
        (point, i) =>
          [point, i === 0 ? point.label : (sizeOfLabel.exec(point.label)?.[0].trim() ?? point.label)] as const,
      ),
    ),
  );
}

/** Every seed as a faint dot under the means. */
export function seedDots(points: readonly Point[]): Data[] {
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
          hoverinfo: 'skip',
          x: point.scores.map(() => point.x),
          y: [...point.scores],
          marker: { symbol: 'circle', size: 4.5, color: looks.colour.get(point.site) ?? '#000000', opacity: 0.35 },
        }) as Data,
    );
}

/** Keys of the two codes, and of hollow marks where there are any. Clicking a site hides its points. */
export function legend(points: readonly Point[]): Data[] {
  const looks = looksOf(points);
  // A blank line above a title sets groups apart; the gap between groups would also part the sites, each its own group.
  const forms = [...looks.symbol].map(([form, symbol], i) =>
    entry(
      form,
      { symbol, size: sizeOf(form), color: '#5b6570' },
      { legendgroup: 'forms', ...(i === 0 ? groupTitle('functional form') : {}) },
    ),
  );
  const sites = [...looks.colour].map(([site, color], i) =>
    swatch(site, color, i === 0 ? groupTitle(' <br>modified site') : {}),
  );
  const published = points.some((point) => point.source !== '');
  const hollow = entry(
    'published',
    { symbol: 'circle-open', size: 11, color: '#5b6570', line: { width: 1.8, color: '#5b6570' } },
    { legendgroup: 'origin', ...groupTitle(' <br>origin') },
  );
  return [...forms, ...sites, ...(published ? [hollow] : [])];
}

function looksOf(points: readonly Point[]): {
  readonly colour: ReadonlyMap<string, string>;
  readonly symbol: ReadonlyMap<string, string>;
} {
  return { colour: colours(points.map((point) => point.site)), symbol: symbols(points.map((point) => point.form)) };
}

/** Plotly's symbols of one size differ in area. */
function sizeOf(form: string): number {
  return form === 'mixed' ? 15 : form === 'adapter' ? 10.5 : 12;
}

function groupTitle(text: string): object {
  return { legendgrouptitle: { text, font: { size: 12.5, weight: 600 } } };
}

function entry(name: string, marker: object, more: object): Data {
  return { type: 'scatter', mode: 'markers', x: [null], y: [null], name, marker, hoverinfo: 'skip', ...more } as Data;
}

function swatch(site: string, color: string, more: object): Data {
  const group = { legendgroup: `site ${site}`, ...more };
  return {
    type: 'scatter',
    mode: 'lines',
    x: [null],
    y: [null],
    name: site,
    line: { color, width: 9 },
    hoverinfo: 'skip',
    ...group,
  } as Data;
}

function hover(point: Point, format: ScoreFormat): string {
  const size =
    point.trained > 0
      ? `${shortNumber(point.trained)} parameters, ${shortNumber(point.x)}%`
      : `${shortNumber(point.x)}%`;
  if (point.source !== '')
    return `<b>${point.label}</b><br>${size}<br>${scoreText(point.mean, format)}<br>${point.source}`;
  return `<b>${point.label}</b><br>${size}<br>${meanText(point, format)} (${point.seeds} ${point.seeds === 1 ? 'seed' : 'seeds'})`;
}
