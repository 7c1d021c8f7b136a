// The bank of tasks as it was measured.
import { existsSync, readFileSync } from 'node:fs';
import { at, tableMarkdown } from './lab.mjs';

const read = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);
const column = (title, c) => ({ title, align: c === 0 ? 'left' : 'right' });

/** A mixed batch against ten models in memory, what stands on disk, and the span map. */
export function bank() {
  const made = read(at('results', 'bench', 'bank.json'));
  const spans = read(at('results', 'bench', 'spans.json'));
  return [
    made === undefined ? 'Not measured yet: `node bench/bank.mjs --out results/bench/bank.json`.' : measured(made),
    spans === undefined
      ? 'Not measured yet: `node bench/spans.mjs --out results/bench/spans.json`.'
      : `The span map of ${spans.layers} layers over ${spans.examples} examples, ${spans.spans} scores of each, takes ${spans.seconds.toFixed(0)} seconds (wanted: below 120).`,
  ].join('\n\n');
}

function measured({ bank: one, models: ten, tasks, texts, bytes, method, machine, smaller }) {
  const sides = tableMarkdown({
    columns: ['', 'examples a second', 'memory MB', 'of that tensors', 'seconds to load'].map(column),
    rows: [
      ['one bank', one],
      [`${tasks} models`, ten],
    ].map(([name, side]) => [
      name,
      side.perSecond.toFixed(0),
      side.mb.toFixed(0),
      side.tensorMb.toFixed(0),
      side.loadSeconds.toFixed(1),
    ]),
  });
  const [speed, memory, tensors] = [one.perSecond / ten.perSecond, one.mb / ten.mb, one.tensorMb / ten.tensorMb];
  const share = bytes.tasks / tasks / bytes.model;
  return [
    sides,
    `${texts} texts of ${tasks} tasks, mixed, on ${machine.threads} cores (${machine.cpu}). The bank is ${speed.toFixed(2)} times as fast (wanted: 0.9) in ${memory.toFixed(2)} of the memory and ${tensors.toFixed(2)} of the tensors (one model in place of ${tasks}: ${(1 / tasks).toFixed(2)}, and the adapters of all, here \`${method}\`; with \`${smaller.method}\` it is ${(smaller.bank.tensorMb / smaller.models.tensorMb).toFixed(2)} of the tensors and ${(smaller.bank.mb / smaller.models.mb).toFixed(2)} of the memory, ${(smaller.bank.perSecond / smaller.models.perSecond).toFixed(2)} times as fast). The rest of the memory is what a process has once on either side: steps as compiled, the tokenizer, what a pass needs.`,
    `On disk a task of \`${method}\` takes ${(100 * share).toFixed(1)}% of the model's file, head and notes included: one model and ${tasks} tasks are ${(1 + tasks * share).toFixed(2)} models, where as many fine-tuned copies are ${tasks}.`,
  ].join('\n\n');
}
