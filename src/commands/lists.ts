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
      `${tableText(methodTable(methods))}\n\nParts in brackets may be left out; a+b joins two methods. Counts: MiniLM, head apart.`,
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

function methodTable(methods: readonly MethodLine[]): Table {
  const columns = [
    { title: 'written form', align: 'left' },
    { title: 'form', align: 'left' },
    { title: 'site', align: 'left' },
    { title: 'example', align: 'left' },
    { title: 'trained', align: 'right' },
    { title: '%', align: 'right' },
  ] as const;
  return {
    columns,
    rows: methods.map(({ written, form, site, example, trained, share }) => [
      written,
      form,
      site,
      example,
      trained.toLocaleString('en'),
      Number(share.toPrecision(2)).toString(),
    ]),
  };
}
