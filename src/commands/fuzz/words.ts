import { isAbsolute, relative } from 'node:path';
import { knownShapes } from '../../model/shapes';
import { whyInvalid } from '../../petl/design/valid';
import { families, parseMethod, printMethod } from '../../petl/design/written';
import { specsOf } from '../../petl/forms/variables';
import { sizeOf } from '../../petl/forms/spec';
import { unfrozenNames } from '../../petl/forms/unfrozen';
import { count } from '../../petl/counts/count';
import { resultsFolder, runId, runPath, runSpec, type RunFields } from '../../experiments/store/spec';
import { weightShapes } from '../../model/shapes';
import type { ModelShape } from '../../model/shape';
import { mutateJson, mutateText, pick } from './mutate';
import { judged, reading } from './reading';
import type { Target } from './target';

const shape = (name: string): ModelShape => knownShapes[name] as ModelShape;

/** Written forms of methods: refused, or a value that prints and counts as itself. */
export const methodStrings: Target = {
  name: 'method strings',
  async run(random) {
    const valid = pick(random, Object.values(families)).example;
    const before = printMethod(parseMethod(valid));
    const { what, value } = mutateText(
      random() < 0.3 ? `${valid}+${pick(random, Object.values(families)).example}` : valid,
      random,
    );
    const model = shape(pick(random, ['minilm-l6', 'bart-large', 'roberta-base']));
    const read = await reading(() => {
      const method = parseMethod(value);
      const printed = printMethod(method);
      const again = printMethod(parseMethod(printed));
      if (printed !== again) throw new Error(`prints as ${printed}, and that as ${again}`);
      if (whyInvalid(method, model) !== undefined) return printed;
      const { trained } = count(method, model);
      const weights = weightShapes(model);
      const held = [
        ...specsOf(method, model)
          .filter((spec) => spec.trained)
          .map((spec) => spec.shape),
        ...unfrozenNames(method, model).map((name) => weights[name] ?? []),
      ].reduce((sum, size) => sum + sizeOf(size), 0);
      if (trained !== held && held < Number.MAX_SAFE_INTEGER) throw new Error(`counts ${trained}, holds ${held}`);
      return printed;
    });
    return judged(read, `${JSON.stringify(value)} from ${valid}, ${what}`, {
      same: (printed) => printed === before,
      matters: what === 'number' && /\d/.test(valid) && plainNumber(value) !== plainNumber(valid),
    });
  },
};

/** The first number as it is meant: 007 is 7. */
const plainNumber = (text: string): number => Number(/\d+(\.\d+)?(e-?\d+)?/.exec(text)?.[0] ?? NaN);

const fields: RunFields = {
  study: 'fuzz',
  method: 'lora:r=4',
  model: 'minilm-l6',
  task: 'sentiment',
  seed: 1,
  tier: 'quick',
  training: { examples: 100, epochs: 1, batch: 32, learningRate: 1e-3, dropout: 0.1, maxLength: 64, labelSmoothing: 0 },
};

/** What a notebook gives `runSpec`: refused, or a run of its own in the results' folder. */
export const notebookParameters: Target = {
  name: 'notebook parameters',
  async run(random) {
    const edit = mutateJson(JSON.stringify(fields), random);
    const before = runPath(runSpec(fields));
    const parsed = parsedJson(edit.value);
    if (parsed === undefined) return { kind: 'refused', detail: 'not JSON' };
    const odd = oddNumber(random);
    const read = await reading(() => {
      const spec = runSpec(withOddNumber(parsed, odd) as RunFields);
      const path = runPath(spec);
      const inside = relative(resultsFolder(), path);
      if (inside.startsWith('..') || isAbsolute(inside)) throw new Error(`would write to ${path}`);
      if (!runId(spec).endsWith('.jsonl') && /[/\\\0]/.test(runId(spec)))
        throw new Error(`the id ${runId(spec)} is no file name`);
      return path;
    });
    const known = [...Object.keys(fields), ...Object.keys(fields.training ?? {})];
    return judged(read, edit.what, {
      same: (path) => path === before,
      matters: edit.kind === 'value' && known.includes(edit.path.at(-1) ?? '') && odd?.[0] !== edit.path[0],
    });
  },
};

function parsedJson(text: string): unknown {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** JSON has no NaN and no undefined; a notebook has. */
function oddNumber(random: () => number): readonly [string, unknown] | undefined {
  if (random() > 0.1) return undefined;
  return [
    pick(random, ['seed', 'tier', 'task', 'model']),
    pick(random, [NaN, Infinity, undefined, -0, Symbol.iterator.toString(), 1n]),
  ];
}

const withOddNumber = (value: unknown, odd: readonly [string, unknown] | undefined): unknown =>
  odd === undefined || typeof value !== 'object' || value === null ? value : { ...value, [odd[0]]: odd[1] };
