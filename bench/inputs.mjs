// What both sides of the benchmark read: batches of real text and the initial values of what trains.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { randomStream } from './random.mjs';
import { writeSafetensors } from './safetensors.mjs';

const { Tokenizer } = createRequire(import.meta.url)('@huggingface/tokenizers');
const width = 384;
const layers = 6;

/** `mam:l=16,r=64` -> { name: 'mam', options: { l: 16, r: 64 } } */
export function readMethod(written) {
  const [name, rest = ''] = written.split(':');
  const pairs = rest
    .split(',')
    .filter(Boolean)
    .map((pair) => pair.split('='));
  return { name, options: Object.fromEntries(pairs.map(([key, value]) => [key, Number(value)])) };
}

/** Token ids of the movie snippets, one after the other. */
export function textStream(modelFolder, snippets) {
  const read = (name) => JSON.parse(readFileSync(join(modelFolder, name), 'utf8'));
  const tokenizer = new Tokenizer(read('tokenizer.json'), read('tokenizer_config.json'));
  const lines = readFileSync(snippets, 'utf8').split('\n').slice(0, 2500);
  return lines.flatMap((line) =>
    [...tokenizer.encode(line.split('\t')[2] ?? '', { add_special_tokens: false }).ids].map(Number),
  );
}

/**
 * Rows of [CLS] text [SEP], padded to `tokens`. Lengths are uniform in [tokens / 2, tokens], one from each equal part
 * of the range:
 * every batch has short and long rows, as the trainer deals them. The last row is full.
 */
export function makeBatches(stream, { tokens, batch, batches, classes, seed }) {
  const random = randomStream(seed);
  const made = {};
  let at = 0;
  for (let k = 0; k < batches; k++) {
    const ids = new Int32Array(batch * tokens);
    const mask = new Int32Array(batch * tokens);
    for (let row = 0; row < batch; row++) {
      const low = Math.floor(tokens / 2);
      const length =
        row === batch - 1 ? tokens : low + Math.floor(((row + random.uniform()) / batch) * (tokens - low + 1));
      if (at + length > stream.length) at = 0;
      ids.set([101, ...stream.slice(at, at + length - 2), 102], row * tokens);
      mask.fill(1, row * tokens, row * tokens + length);
      at += length - 2;
    }
    const labels = Int32Array.from({ length: batch }, () => Math.floor(random.uniform() * classes));
    made[`ids.${k}`] = { shape: [batch, tokens], data: ids };
    made[`mask.${k}`] = { shape: [batch, tokens], data: mask };
    made[`labels.${k}`] = { shape: [batch], data: labels };
  }
  return made;
}

/** Names as `specsOf` in src/petl/forms/variables.ts makes them, and `head.weight` [384, classes], `head.bias`. */
export function initialValues(method, classes, seed) {
  const { name, options } = readMethod(method);
  const random = randomStream(seed);
  const tensor = (shape, draw) => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, draw),
  });
  const zero = () => 0;
  const normal = (std) => () => std * random.normal();
  const kaiming = (fanIn) => () => (2 * random.uniform() - 1) / Math.sqrt(fanIn);
  const made = {};
  const bottleneck = (place, r, down, up, bias) => {
    made[`${place}.bottleneck.down`] = tensor([width, r], down);
    made[`${place}.bottleneck.up`] = tensor([r, width], up);
    if (!bias) return;
    made[`${place}.bottleneck.down.bias`] = tensor([r], zero);
    made[`${place}.bottleneck.up.bias`] = tensor([width], zero);
  };
  for (let i = 0; i < layers; i++) {
    if (name === 'lora')
      for (const site of ['query', 'value'])
        bottleneck(`encoder.${i}.attn.${site}`, options.r, kaiming(width), zero, false);
    if (name === 'houlsby')
      for (const site of ['attn', 'ffn'])
        bottleneck(`encoder.${i}.${site}`, options.m, normal(0.01), normal(0.01), true);
    if (name === 'pa-ffn' || name === 'mam') bottleneck(`encoder.${i}.ffn`, options.r, kaiming(width), zero, true);
    if (name === 'prefix' || name === 'mam') {
      for (const part of ['keys', 'values'])
        made[`encoder.${i}.attn.heads.prefix.${part}`] = tensor([options.l, width], normal(0.02));
    }
  }
  made['head.weight'] = tensor([width, classes], normal(0.02));
  made['head.bias'] = tensor([classes], zero);
  return made;
}

/** Writes one cell's file; returns the lengths of each batch's rows. */
export function writeInputs(path, stream, cell) {
  const batches = makeBatches(stream, { ...cell, seed: 1000 + cell.tokens });
  writeSafetensors(path, { ...batches, ...initialValues(cell.method, cell.classes, 7) });
  return Array.from({ length: cell.batches }, (_, k) => {
    const { data } = batches[`mask.${k}`];
    return Array.from({ length: cell.batch }, (_, row) =>
      data.subarray(row * cell.tokens, (row + 1) * cell.tokens).reduce((a, b) => a + b, 0),
    );
  });
}
