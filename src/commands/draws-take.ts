import * as v from 'valibot';
import { real, whole, type Schema } from '../json';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { upload } from '../engine/memory';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import { UserError } from '../errors';
import { Backbone } from '../model/backbone';
import { uploadBatch } from '../model/batch';
import { noAdaptation, type Adaptation } from '../model/generation/reader';
import { sequenceMeans } from '../model/heads';
import { languageLosses, nextTokens, uploadTargets } from '../model/language';
import { openModel } from '../model/open';
import { packSequences, rowsNeeded } from '../model/packing';
import { longestText } from '../model/shapes';
import { createDelta, type Delta } from '../petl/bank/delta';
import { mergeStated } from '../petl/bank/merged';
import { count } from '../petl/counts/count';
import { parseMethod, printMethod } from '../petl/design/written';
import { adaptationFor, adaptationOf } from '../petl/forms/adaptation';
import { drawInit } from '../petl/forms/init';
import { fitting } from '../training/room';
import { exportForeign, importForeign, type Library } from '../petl/formats/foreign';
import { computed, type Grid } from './forward';

/** Rows of texts and what a library computes on them, in double precision. */
interface DrawBatch {
  readonly inputs: Grid & { readonly decoderIds?: Grid['ids']; readonly labels?: Grid['ids'] };
  readonly outputs: readonly (readonly number[])[];
  /** How far the library's own single precision is from `outputs`. */
  readonly noise: number;
  readonly scale: number;
  readonly loss: number | null;
}

const rowsIn = v.array(v.array(whole));
const gridEntries = { ids: rowsIn, mask: rowsIn, decoderIds: v.optional(rowsIn) };
/** Texts as rows of ids with their masks; a decoder's beside them where the model has one. */
export const gridsIn: Schema<DrawBatch['inputs']> = v.looseObject(gridEntries) as unknown as Schema<
  DrawBatch['inputs']
>;
const batchIn = v.looseObject({
  inputs: v.looseObject({ ...gridEntries, labels: v.optional(v.array(v.array(v.number()))) }),
  outputs: v.array(v.array(v.number())),
  noise: real,
  scale: real,
  loss: v.nullable(real),
});
export const drawIn = v.looseObject({
  kind: v.picklist(['models', 'peft', 'adapters']),
  batches: v.array(batchIn),
  parameters: whole,
  trained: v.optional(whole),
}) as unknown as Schema<DrawCase>;

/** What the other side drew: see bench/interop/README.md. */
export interface DrawCase {
  readonly kind: 'models' | Library;
  readonly batches: readonly DrawBatch[];
  /** Elements of the base model as the library counts them. */
  readonly parameters: number;
  /** Elements that train, the head apart; absent where the library counts otherwise. */
  readonly trained?: number;
}

/** One comparison of a draw: within its bar, refused, or a fault. */
export interface DrawPart {
  readonly part: string;
  readonly gap?: number;
  readonly bar?: number;
  readonly ours?: unknown;
  readonly theirs?: unknown;
  readonly refused?: string;
  readonly fault?: string;
  readonly lossless?: boolean;
  readonly notes?: readonly string[];
  /** Where an adapter of ours waits for the other side. */
  readonly folder?: string;
}

/** Errors below 20 times the library's own rounding, or 2e-5 of the largest value, are rounding. */
const barOf = ({ noise, scale }: DrawBatch): number => Math.max(2e-5 * Math.max(1, scale), 20 * noise);

/** A model, its adapter and head: what computes. */
interface Side {
  readonly backbone: Backbone;
  readonly adaptation: Adaptation;
  readonly head: Tensors;
}

/**
 * Everything that a draw compares.
 * @param own a method of ours to hand over besides, in written form @param out takes what is written for the library
 */
export async function takeDraw(
  folder: string,
  made: DrawCase,
  { own, out = folder }: { readonly own?: string | undefined; readonly out?: string } = {},
): Promise<{ readonly parts: readonly DrawPart[]; readonly method?: string }> {
  const opened = await openModel(join(folder, 'model')).catch((error: unknown) => refusalOf(error));
  if (!('backbone' in opened)) return { parts: [{ part: 'model', ...opened }] };
  const { backbone } = opened;
  try {
    if (made.kind === 'models') return { parts: modelParts({ backbone, adaptation: noAdaptation, head: {} }, made) };
    const work: Work = { folder, out, backbone, made, library: made.kind };
    const taken = adapterParts(work);
    return own === undefined ? taken : { ...taken, parts: [...taken.parts, ownPart(work, own)] };
  } finally {
    backbone.dispose();
  }
}

function modelParts(side: Side, made: DrawCase): readonly DrawPart[] {
  const { shape } = side.backbone;
  const { backbone } = count(parseMethod('head'), shape);
  return [
    ...outputParts('outputs', side, made),
    ...lossParts(side, made),
    { part: 'count', ours: backbone, theirs: made.parameters },
  ];
}

function outputParts(part: string, side: Side, { batches }: DrawCase): readonly DrawPart[] {
  return batches.map((batch) => {
    try {
      return { part, gap: gapOf(rowsOf(side, batch), batch.outputs), bar: barOf(batch) };
    } catch (error) {
      return { part, ...refusalOf(error) };
    }
  });
}

function lossParts(side: Side, { batches }: DrawCase): readonly DrawPart[] {
  return batches.flatMap((batch): readonly DrawPart[] => {
    if (batch.loss === null) return [];
    try {
      return [{ part: 'loss', gap: Math.abs(lossOf(side, batch) - batch.loss), bar: barOf(batch) }];
    } catch (error) {
      return [{ part: 'loss', ...refusalOf(error) }];
    }
  });
}

/** A row for each real token, or for each text where there is a head. */
function rowsOf(side: Side, { inputs: { ids, mask, decoderIds } }: DrawBatch): readonly (readonly number[])[] {
  const target =
    decoderIds === undefined ? undefined : { ids: decoderIds, mask: decoderIds.map((row) => row.map(() => 1)) };
  const { values, shape } = computed({ ...side, model: side }, { ids, mask }, target);
  if (shape.length === 2) return values as number[][];
  return (values as (number[] | null)[][]).flat().filter((row): row is number[] => row !== null);
}

/** Mean loss of next tokens, by the path that trains. */
function lossOf({ backbone, adaptation }: Side, { inputs: { ids, mask, decoderIds, labels } }: DrawBatch): number {
  const texts = ids.map((row, b) => row.filter((_, t) => mask[b]?.[t] === 1));
  const room = (longestText(backbone.shape) ?? Infinity) + 1; // the last token is not read
  const goals = fitting(
    decoderIds === undefined
      ? texts.filter((row) => row.length > 1)
      : decoderIds.map((row, b) => [...row, labels?.[b]?.at(-1) ?? 0]),
    (row) => row.length,
    room,
  );
  const read = decoderIds === undefined ? adaptation.prompt : 0;
  const target = packed(
    goals.map((row) => row.slice(0, -1)),
    read,
  );
  const source = decoderIds === undefined ? undefined : uploadBatch(packed(texts, adaptation.prompt));
  const sequences = goals.map((row) => ({ ids: row, from: 1 }));
  const size = sequences.reduce((sum, row) => sum + row.ids.length - 1, 0);
  const learned = { target: uploadBatch(target), ...uploadTargets(nextTokens(sequences, target, size)) };
  const batch = source === undefined ? learned : { source, ...learned };
  const loss = tf.tidy(() => {
    const { frozen, forward } = adaptation.apply(backbone, adaptation.tensors, sequenceMeans(batch));
    return tf.mean(languageLosses(frozen, batch, forward, 0)).dataSync()[0] ?? NaN;
  });
  disposeTree(learned);
  if (source !== undefined) disposeTree(source);
  return loss;
}

function packed(rows: readonly (readonly number[])[], prompt: number): ReturnType<typeof packSequences> {
  const lengths = rows.map((row) => row.length + prompt);
  const length = Math.max(...lengths);
  return packSequences(
    rows.map((row) => ({ ids: row, types: row.map(() => 0) })),
    { lengths: [length], size: rowsNeeded(lengths, [length]), prompt },
  );
}

function gapOf(ours: readonly (readonly number[])[], theirs: readonly (readonly number[])[]): number {
  if (ours.length !== theirs.length || ours[0]?.length !== theirs[0]?.length) return Infinity;
  let most = 0;
  ours.forEach((row, i) => {
    row.forEach((value, j) => {
      const gap = Math.abs(value - (theirs[i]?.[j] ?? NaN));
      most = gap <= most ? most : Number.isNaN(gap) ? Infinity : gap;
    });
  });
  return most;
}

interface Work {
  readonly folder: string;
  readonly out: string;
  readonly backbone: Backbone;
  readonly made: DrawCase;
  readonly library: Library;
}

/** Theirs here, merged, and back to them. */
function adapterParts(work: Work): { readonly parts: readonly DrawPart[]; readonly method?: string } {
  const { folder, backbone, made } = work;
  let taken: ReturnType<typeof importForeign>;
  try {
    taken = importForeign(join(folder, 'adapter'), backbone);
  } catch (error) {
    return { parts: [{ part: 'import', ...refusalOf(error) }] };
  }
  const { delta, head, report } = taken;
  try {
    const side = { backbone, adaptation: adaptationOf(delta), head };
    const outputs = outputParts('import', side, made).map((part) => ({ ...part, ...report }));
    const parts = [
      ...outputs,
      ...(report.lossless && !averages(delta) ? lossParts(side, made) : []),
      ...countParts(delta, made),
      ...mergeParts(side, delta, made),
      backPart(work, 'export', { delta, head }),
    ];
    return { parts, method: printMethod(delta.method) };
  } finally {
    delta.dispose();
    tf.dispose(head);
  }
}

/** Gates that average over a sequence see the last token, which a packed target leaves out. */
function averages({ method, shape }: Delta): boolean {
  const gated = method.modifications.some(
    ({ composition }) => composition.kind === 'inputGate' && composition.per === 'sequence',
  );
  return gated && shape.encoderLayers === 0;
}

function countParts({ method, shape, variables }: Delta, { trained }: DrawCase): readonly DrawPart[] {
  const held = Object.values(variables).reduce((sum, { size }) => sum + size, 0);
  const counted = count(method, shape).trained;
  return [
    { part: 'own count', ours: counted, theirs: held },
    ...(trained === undefined ? [] : [{ part: 'count', ours: counted, theirs: trained }]),
  ];
}

/** The merged model under what could not be merged computes what the unmerged one does. */
function mergeParts(side: Side, delta: Delta, made: DrawCase): readonly DrawPart[] {
  try {
    const { backbone } = side;
    const { weights, changed, rest } = mergeStated(backbone, delta);
    const merged = {
      backbone: new Backbone(backbone.folder, backbone.shape, { weights, files: [] }),
      adaptation: { ...adaptationFor(rest, backbone.shape), tensors: side.adaptation.tensors },
      head: side.head,
    };
    const parts = made.batches.map((batch) => ({
      part: 'merge',
      gap: gapOf(rowsOf(merged, batch), rowsOf(side, batch)),
      bar: barOf(batch),
    }));
    tf.dispose(changed.map((name) => weights[name] as Tensor));
    return parts;
  } catch (error) {
    return [{ part: 'merge', ...refusalOf(error) }];
  }
}

/** Writes a delta for the library, with our outputs beside it. */
function backPart(
  { folder, out: where, backbone, made, library }: Work,
  name: string,
  { delta, head }: { readonly delta: Delta; readonly head: Tensors },
): DrawPart {
  const out = join(where, name);
  try {
    mkdirSync(out, { recursive: true });
    const report = exportForeign(out, delta, { library, model: backbone, name: join(folder, 'model'), head });
    const crossed = report.notes.some((note) => note.includes('head stays behind')) ? {} : head;
    const side = { backbone, adaptation: adaptationOf(delta), head: crossed };
    const single = report.notes.some((note) => note.includes('padded rows'));
    const batches = made.batches.map((batch) => rowsOf(side, single ? firstOf(batch) : batch));
    writeFileSync(
      join(out, 'ours.json'),
      JSON.stringify({ classes: crossed['head.bias']?.size ?? 0, single, batches }),
    );
    return { part: name, ...report, folder: out };
  } catch (error) {
    return { part: name, ...refusalOf(error) };
  }
}

/** The first text, which has no padding then. */
function firstOf(batch: DrawBatch): DrawBatch {
  const { ids, mask, decoderIds } = batch.inputs;
  const real = (ids[0] ?? []).filter((_, t) => mask[0]?.[t] === 1);
  const inputs = { ids: [real], mask: [real.map(() => 1)], ...(decoderIds && { decoderIds: decoderIds.slice(0, 1) }) };
  return { ...batch, inputs };
}

/** Ours there: a method made here, with random values in all its tensors. */
function ownPart(work: Work, written: string): DrawPart {
  try {
    const { shape, weights } = work.backbone;
    const delta = createDelta(parseMethod(written), shape, weights, 1);
    try {
      delta.assign(
        Object.fromEntries(
          Object.entries(delta.variables).map(([name, x]) => {
            const noise = upload(drawInit({ kind: 'normal', std: 0.2 }, x.shape, 7, name), x.shape);
            return [name, tf.tidy(() => tf.add(x, noise))];
          }),
        ),
      );
      return backPart(work, 'own', { delta, head: {} });
    } finally {
      delta.dispose();
    }
  } catch (error) {
    return { part: 'own', ...refusalOf(error) };
  }
}

/** A clear refusal, or a fault of ours with its trail. */
export function refusalOf(error: unknown): { readonly refused: string } | { readonly fault: string } {
  if (error instanceof UserError) return { refused: error.message };
  return { fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
