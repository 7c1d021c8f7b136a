import { shapeNamed } from '../experiments/store/counts';
import { count } from '../petl/counts/count';
import { demandFit } from '../petl/design/valid';
import { parseMethod, printMethod } from '../petl/design/written';
import { flag, print, printJson, textOf, wholeOf, type Input } from './command';

/** `petl count`: parameters of a method on a model, in closed form. */
export function countCommand(input: Input): number {
  const model = textOf(input, 'model', 'minilm-l6');
  const method = parseMethod(textOf(input, 'method'));
  const classes = wholeOf(input, 'classes', { least: 0, most: 1_000_000, fallback: 2 });
  const shape = shapeNamed(model);
  demandFit(method, shape);
  const { backbone, trained, used, stored, head, paper, share } = count(method, shape, classes);
  const counts = { model, method: printMethod(method), backbone, trained, used, stored, head, paper, share };
  if (flag(input, 'json')) printJson(counts);
  else print(table(counts, classes));
  return 0;
}

function table(counts: Readonly<Record<string, string | number>>, classes: number): string {
  const { model = '', method = '', backbone = 0, ...parts } = counts;
  const share = (value: number): string => `${((100 * value) / Number(backbone)).toPrecision(3)}%`;
  const meaning: Readonly<Record<string, string>> = {
    trained: 'elements with gradient, the head apart',
    used: 'of them reached by the loss of this model',
    stored: 'in the saved file',
    head: `a linear head of ${classes} classes`,
    paper: "as the method's source counts",
  };
  const lines = Object.keys(meaning).map((key) => {
    const value = Number(parts[key]);
    return `${key.padEnd(8)} ${value.toLocaleString('en').padStart(13)}  ${share(value).padStart(8)}  ${meaning[key] ?? ''}`;
  });
  return [`${method} on ${model}: ${Number(backbone).toLocaleString('en')} parameters`, ...lines].join('\n');
}
