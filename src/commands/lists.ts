import { formOf, siteOf } from '../experiments/store/words';
import { knownShapes } from '../model/shapes';
import { count } from '../petl/counts/count';
import { families, parseMethod } from '../petl/design/written';
import { tableText, type Table } from '../plots/table';
import { flag, print, printJson, type Input } from './command';

/** `petl methods`: every method family, with an example counted on MiniLM. */
export function methodsCommand(input: Input): number {
  const shape = knownShapes['minilm-l6'];
  if (shape === undefined) throw new Error('no shape minilm-l6');
  const methods = Object.entries(families).map(([family, { form, example }]) => {
    const method = parseMethod(example);
    const { trained, backbone: all } = count(method, shape);
    return {
      family,
      written: form,
      form: formOf(method),
      site: siteOf(method),
      example,
      trained,
      share: (100 * trained) / all,
    };
  });
  if (flag(input, 'json')) printJson(methods);
  else
    print(
      `${tableText(methodTable(methods))}\nCounts: MiniLM, head apart.\n\nHow each is written; parts in brackets may be left out, and a+b joins two methods.\n${methods.map(({ written }) => wrapped(written)).join('\n')}`,
    );
  return 0;
}

interface MethodLine {
  readonly written: string;
  readonly form: string;
  readonly site: string;
  readonly example: string;
  readonly trained: number;
  readonly share: number;
}

/** A written form, broken before its brackets where it is wider than a terminal. */
function wrapped(written: string, width = 96): string {
  return written
    .split(/(?=\[)/)
    .reduce(
      ({ text, column }, part) =>
        column + part.length <= width
          ? { text: text + part, column: column + part.length }
          : { text: `${text}\n      ${part}`, column: 4 + part.length },
      { text: '  ', column: 0 },
    ).text;
}

function methodTable(methods: readonly MethodLine[]): Table {
  const columns = [
    { title: 'example', align: 'left' },
    { title: 'form', align: 'left' },
    { title: 'site', align: 'left' },
    { title: 'trained', align: 'right' },
    { title: '%', align: 'right' },
  ] as const;
  return {
    columns,
    rows: methods.map(({ form, site, example, trained, share }) => [
      example,
      form,
      site,
      trained.toLocaleString('en'),
      Number(share.toPrecision(2)).toString(),
    ]),
  };
}
