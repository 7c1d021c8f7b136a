import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { upload } from '../engine/memory';
import type { Tensors } from '../engine/tf';
import { messageOf, recordOf, whole } from '../json';
import { uploadBatch } from '../model/batch';
import { openSafetensors } from '../model/checkpoint/safetensors';
import { commonGrids, commonRows, packSequences } from '../model/packing';
import { labelledBatch, type LabelledBatch } from '../training/labelled';
import type { Setup } from './bench-messages';

const headerIn = recordOf(v.looseObject({ data_offsets: v.tuple([whole, whole]) }));

/** The benchmark's batches. */
export function batchesOf(setup: Setup): readonly LabelledBatch[] {
  const part = integers(setup.file);
  return Array.from({ length: setup.batches }, (_, k) => batchOf(part, k, setup));
}

/** Values that both sides start from, by name. */
export function startValues(path: string): Tensors {
  const file = openSafetensors(path);
  const given = file.tensors.filter(({ name }) => !/^(ids|mask|labels)\./.test(name));
  const values = Object.fromEntries(
    given.map(({ name, shape, read }) => [name, upload(read(0, shape[0] ?? 1), shape)] as const),
  );
  file.close();
  return values;
}

/** The int32 tensors of a safetensors file by name; checkpoints hold none that a model reads. */
function integers(path: string): (name: string) => Int32Array {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const header = messageOf(bytes.toString('utf8', 8, start), headerIn);
  return (name) => {
    const {
      data_offsets: [from, to],
    } = header[name] ?? { data_offsets: [0, 0] };
    return new Int32Array(bytes.buffer.slice(bytes.byteOffset + start + from, bytes.byteOffset + start + to));
  };
}

/** Sequences cut to the real tokens of each row. */
function batchOf(
  part: (name: string) => Int32Array,
  k: number,
  { batch, tokens, work, batches }: Setup,
): LabelledBatch {
  const cut = (n: number): readonly { readonly ids: Int32Array }[] => {
    const [ids, mask] = [part(`ids.${n}`), part(`mask.${n}`)];
    return Array.from({ length: batch }, (_, b) => {
      const length = mask.subarray(b * tokens, (b + 1) * tokens).reduce((a, m) => a + m, 0);
      return { ids: ids.subarray(b * tokens, b * tokens + length) };
    });
  };
  // One N and one set of grids for all batches, as in training: one program.
  const counts = Array.from({ length: batches }, (_, n) => cut(n).map((s) => s.ids.length));
  const lengths = work === 'same' ? [tokens] : commonGrids(counts, tokens);
  const size = work === 'same' ? batch * tokens : commonRows(counts, lengths, 32);
  const labels = part(`labels.${k}`);
  const inputs = uploadBatch(packSequences(cut(k), { lengths, size, prompt: 0 }));
  return labelledBatch(inputs, labels);
}
