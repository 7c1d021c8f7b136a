// The span map of a 6-layer model on 2,000 examples, every span of layers left out once:
//   node bench/spans.mjs [--examples N] [--out FILE]
import { load, option, report } from './bank-work.mjs';
import { machine } from './host.mjs';

const examples = Number(option('examples', 2000));
const method = 'houlsby:m=32';

const { openModel } = load('model/open.js');
const { createDelta } = load('petl/bank/delta.js');
const { parseMethod } = load('petl/design/written.js');
const { examplesOf } = load('tasks/pinned.js');
const { taskNamed } = load('tasks/registry.js');
const { defaultTraining } = load('experiments/store/settings.js');
const { newHead } = load('training/kinds/pooled.js');
const { spanMap } = load('training/spans.js');

const task = taskNamed('sentiment');
const { test } = await examplesOf(task);
const model = await openModel('minilm-l6');
const { backbone } = model;
const parsed = parseMethod(method);
const delta = createDelta(parsed, backbone.shape, backbone.weights, 1);
const own = { variables: { ...delta.variables, ...newHead(backbone.shape.width, 2, 1) }, constants: delta.constants };
const training = { ...defaultTraining, maxLength: 40, batch: 32 };
const start = performance.now();
const { layers, spans } = spanMap(
  model,
  { method: parsed, training, engine: 'compiled' },
  own,
  test.slice(0, examples),
);
const seconds = (performance.now() - start) / 1000;
report({
  machine: machine(),
  method,
  task: task.name,
  examples: Math.min(examples, test.length),
  layers,
  spans: spans.length,
  seconds,
});
