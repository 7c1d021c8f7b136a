import type { Cell, Figure, Layout } from './figure';

/** A figure as Plotly draws it for a reader who has a mouse: with a switch of its scale, its words and its numbers. */
export interface Interactive {
  readonly data: Figure['data'];
  readonly layout: Partial<Layout>;
  readonly config: object;
}

/** Rows of a figure beyond which it does not carry them: curves of every step of a long training. */
const most = 400;

export function interactive(figure: Figure): Interactive {
  const { data, layout, name } = figure;
  const numbers = figure.numbers.length > most ? {} : numbersOf(figure);
  const meta = { name, words: wordsOf(figure), ...numbers };
  return {
    data,
    layout: { ...layout, meta, ...scaleSwitch(layout) } as Partial<Layout>,
    config: { displaylogo: false, responsive: false, toImageButtonOptions: { format: 'svg', filename: name } },
  };
}

export function numbersOf({ numbers }: Figure): {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
} {
  const columns = [...new Set(numbers.flatMap((line) => Object.keys(line)))];
  return { columns, rows: numbers.map((line) => columns.map((column) => line[column] ?? '')) };
}

/** What stands for a number that a figure is about, the first that it has. */
const values = ['mean', 'gap', 'middle', 'value', 'score'];

/** A figure in words: its heading, and from where to where its numbers go. */
export function wordsOf(figure: Figure): string {
  const { title, layout, numbers } = figure;
  const subtitle = typeof layout.title === 'object' ? (layout.title.subtitle?.text ?? '') : '';
  const first = numbers[0] ?? {};
  const column = values.find((name) => typeof first[name] === 'number') ?? lastNumber(first);
  const heading = [title, plainWords(subtitle)].filter((text) => text !== '').join('. ');
  if (column === undefined) return numbers.length > 0 ? `${heading}. ${numbers.length} rows.` : `${heading}.`;
  const sorted = numbers
    .filter((row) => typeof row[column] === 'number' && Number.isFinite(row[column]))
    .sort((a, b) => Number(a[column]) - Number(b[column]));
  const [low, high] = [sorted[0], sorted[sorted.length - 1]];
  if (low === undefined || high === undefined) return `${heading}.`;
  return `${heading}. ${numbers.length} rows, ${column} from ${ends(low, column)} to ${ends(high, column)}.`;
}

function ends(row: Readonly<Record<string, Cell>>, column: string): string {
  const names = Object.values(row).filter((cell) => typeof cell === 'string' && cell !== '');
  const name = names.slice(0, 2).join(', ');
  return `${Number(Number(row[column]).toPrecision(4))}${name === '' ? '' : ` (${name})`}`;
}

function lastNumber(row: Readonly<Record<string, Cell>>): string | undefined {
  return Object.keys(row)
    .reverse()
    .find((name) => typeof row[name] === 'number');
}

function plainWords(text: string): string {
  return text
    .replace(/<[^>]*>/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&#36;/g, '$')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
    .trim();
}

interface LogAxis {
  readonly type?: string;
  readonly range?: readonly number[];
  readonly tickmode?: string;
  readonly title?: { readonly text?: string };
}

/** Buttons for logarithms and plain numbers where an axis has logarithms. */
function scaleSwitch(layout: Partial<Layout>): Partial<Layout> {
  const axes = Object.entries(layout).filter(
    ([key, of]) => /^xaxis\d*$/.test(key) && (of as LogAxis).type === 'log',
  ) as [string, LogAxis][];
  if (axes.length === 0) return {};
  const to = (type: 'log' | 'linear'): object =>
    Object.fromEntries(
      axes.flatMap(([key, { range = [0, 1], tickmode = 'auto', title }]) => [
        [`${key}.title.text`, type === 'log' ? (title?.text ?? '') : (title?.text ?? '').replace(/ \(log\)$/, '')],
        [`${key}.type`, type],
        [`${key}.range`, type === 'log' ? [...range] : [0, 10 ** (range[1] ?? 1)]],
        [`${key}.tickmode`, type === 'log' ? tickmode : 'auto'],
      ]),
    );
  const button = (label: 'log' | 'linear'): object => ({ label, method: 'relayout', args: [to(label)] });
  return {
    updatemenus: [
      {
        type: 'buttons',
        direction: 'right',
        buttons: [button('log'), button('linear')],
        showactive: true,
        x: 1,
        xanchor: 'right',
        y: 1,
        yanchor: 'bottom',
        pad: { b: 4, r: 0 },
        font: { size: 11 },
        bgcolor: '#ffffff',
        bordercolor: '#c3ccd5',
      },
    ],
  } as unknown as Partial<Layout>;
}
