import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../engine/compile';
import { tf, type Tensor } from '../engine/tf';
import { loadBackbone, type Backbone } from './backbone';
import { uploadBatch, type Batch } from './batch';
import { decodeText, vocabularyLogits, type TextPair } from './decoder';
import { encode, plainForward, type Forward } from './encoder';
import { packSequences, rowsNeeded, type Packing } from './packing';
import type { SitePoint } from './site';

type Rows = readonly (readonly number[])[];
interface Case {
  readonly name: string; readonly ids: Rows; readonly mask: Rows; readonly decoderIds?: Rows; readonly decoderMask?: Rows;
  readonly hidden: { readonly encoder?: readonly Rows[]; readonly decoder?: readonly Rows[] }; readonly logits?: Rows;
}
interface Expected { readonly family: string; readonly cases: readonly Case[] }

const families = ['bert', 'roberta', 'distilbert', 'gpt2', 'llama', 'bart', 'mbart', 't5', 't5-v1-1'] as const;
const folderOf = (family: string): string => join(__dirname, 'fixtures', `tiny-${family}`);
const expectedOf = (family: string): Expected => JSON.parse(readFileSync(join(folderOf(family), 'expected.json'), 'utf8')) as Expected;

/** Real tokens of padded rows, packed with filler rows. */
function batchOf(ids: Rows, mask: Rows, align: Packing['align'] = 'start'): Batch {
  const sequences = ids.map((row, b) => row.filter((_, t) => mask[b]?.[t] === 1)).map((real) => ({ ids: real, types: real.map(() => 0) }));
  const length = ids[0]?.length ?? 0;
  return uploadBatch(packSequences(sequences, { length, size: rowsNeeded(sequences.map((s) => s.ids.length), length), prompt: 0, align }));
}

function pairOf(test: Case, decoderOnly: boolean, align?: Packing['align']): TextPair {
  const own = batchOf(test.ids, test.mask, align);
  return test.decoderIds === undefined || decoderOnly ? { target: own } : { source: own, target: batchOf(test.decoderIds, test.decoderMask ?? [], align) };
}

/** Largest absolute difference of the real rows. */
function difference(actual: Tensor | undefined, expected: Rows): number {
  const rows = (actual?.arraySync() ?? []) as number[][];
  return Math.max(...expected.flatMap((row, i) => row.map((value, j) => Math.abs(value - (rows[i]?.[j] ?? NaN)))));
}

describe.each(families)('tiny %s', (family) => {
  const { cases } = expectedOf(family);
  let model: Backbone;
  beforeAll(() => { model = loadBackbone(folderOf(family)); });
  afterAll(() => { model.dispose(); });

  /** Hidden states of every layer by stack, and logits. */
  function states(pair: TextPair): { hidden: Record<string, Tensor>; logits: Tensor[] } {
    const hidden: Record<string, Tensor> = {};
    const visit = ({ site, stack, layer, output }: SitePoint): Tensor => {
      if (site === 'embedding') hidden[`${stack}.0`] = output;
      if (site === 'block') hidden[`${stack}.${layer + 1}`] = output;
      return output;
    };
    const forward: Forward = { ...plainForward, visit };
    const classifier = model.shape.decoderLayers === 0;
    const last = classifier ? encode(model, pair.target, forward) : decodeText(model, pair, forward);
    hidden[classifier ? 'encoder.2' : 'decoder.2'] = last;
    return { hidden, logits: classifier ? [] : [vocabularyLogits(model, last)] };
  }

  it.each(cases.flatMap((test) => [[test.name, 'start', test], [test.name, 'end', test]] as const))('equals transformers, padding %s, grid aligned at its %s', (_, align, test) => {
    const pair = pairOf(test, model.shape.encoderLayers === 0, align);
    const run = compile((input: TextPair) => states(input), 'compiled');
    const { hidden, logits } = run(pair);
    for (const stack of ['encoder', 'decoder'] as const) {
      test.hidden[stack]?.forEach((rows, layer) => {
        // the encoder's own final norm shows in what the decoder makes of it
        if (stack === 'encoder' && layer === 2 && model.shape.norm.final) return;
        expect(difference(hidden[`${stack}.${layer}`], rows), `${stack} layer ${layer}`).toBeLessThan(2e-5);
      });
    }
    if (test.logits !== undefined) expect(difference(logits[0], test.logits)).toBeLessThan(2e-5);
    run.dispose();
    tf.dispose([hidden, logits, Object.values(pair.target), Object.values(pair.source ?? {})]);
  });
});
