import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { upload } from '../engine/memory';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { UserError } from '../errors';
import { readJson, type Schema } from '../json';
import { gridsIn } from './draws-take';
import type { Backbone } from '../model/backbone';
import { openModel } from '../model/open';
import { adaptationOf } from '../petl/forms/adaptation';
import { createDelta, type Delta } from '../petl/bank/delta';
import { exportForeign, importForeign, type Library } from '../petl/formats/foreign';
import { drawInit } from '../petl/forms/init';
import { parseMethod } from '../petl/design/written';
import { projectRoot } from '../project';
import { print, type Input } from './command';
import { computed, type Grid } from './forward';

/** What the other side wrote beside its adapter. */
interface Case {
  readonly library: Library;
  readonly family: string;
  readonly method: string;
  readonly model: string;
  readonly inputs: { readonly ids: Grid['ids']; readonly mask: Grid['mask']; readonly decoderIds?: Grid['ids'] };
  readonly outputs: readonly (readonly number[])[];
}

const caseIn = v.looseObject({
  library: v.picklist(['peft', 'adapters']),
  family: v.string(),
  method: v.string(),
  model: v.string(),
  inputs: gridsIn,
  outputs: v.array(v.array(v.number())),
}) as unknown as Schema<Case>;

/** Methods made here, written for each library; after ` | ` the head beside them, of one layer or two. */
const own: Readonly<Record<Library, readonly string[]>> = {
  peft: [
    'lora:r=4',
    'rslora:r=4',
    'dora:r=4',
    'pissa:r=4',
    'adalora:r=4',
    'vera:r=8',
    'ia3',
    'layernorm',
    'lora-ffn:r=4',
    'prefix:l=5',
    'prefix:l=5,positions=shifted',
    'prompt:l=5,positions=shifted',
    'lora:r=4 | linear',
    'lora:r=4 | tanh',
    'lora:r=4 | relu',
    'layernorm | tanh',
  ],
  adapters: [
    'houlsby:m=8,norms=frozen',
    'pfeiffer:r=8',
    'pa-ffn:r=8',
    'pa-ffn:r=8,s=4,reads=residual',
    'sa-ffn:r=8',
    'vlm:r=8',
    'mam:l=5,r=8',
    'prefix:l=5',
    'prefix:l=5,mlp=16',
    'unipelt:l=5,r=4,m=8',
    'compacter:r=8,n=2',
    'lora:r=4',
    'ia3:form=adapters',
    'pissa:r=4',
    'adalora:r=4',
    'vera:r=8',
    'pfeiffer:r=8 | linear',
    'pfeiffer:r=8 | tanh',
  ],
};

/**
 * `petl interop CASES OUT`: one JSON line for each case read, and one for each adapter written with `ours.json` beside
 * it.
 */
export async function interopCommand({ positionals, values }: Input): Promise<number> {
  const [source, out] = positionals as readonly [string, string];
  const only = typeof values['only'] === 'string' ? values['only'].split(',') : [];
  const cases = readdirSync(source)
    .filter((name) => existsSync(join(source, name, 'case.json')))
    .map((name) => ({
      name,
      made: readJson(join(source, name, 'case.json'), caseIn, 'have the other side make it anew'),
    }));
  for (const path of new Set(cases.map(({ made }) => made.model))) {
    const { backbone } = await openModel(join(projectRoot(), path));
    const mine = cases.filter(({ made }) => made.model === path);
    const first = mine[0] as (typeof mine)[number];
    for (const { name, made } of mine) takeOver({ folder: join(source, name), out: join(out, name), backbone }, made);
    const wanted = own[first.made.library].filter(
      (written) => only.length === 0 || only.some((word) => written.startsWith(word)),
    );
    for (const written of wanted)
      hand(
        { folder: written, out: join(out, `${first.made.family}-own-${written.replace(/[^\w]+/g, '-')}`), backbone },
        first.made,
      );
    backbone.dispose();
  }
  return 0;
}

interface Work {
  readonly folder: string;
  readonly out: string;
  readonly backbone: Backbone;
}

/** Theirs here: the difference of outputs; then ours there, from what was read. */
function takeOver({ folder, out, backbone }: Work, made: Case): void {
  const line = { library: made.library, family: made.family, method: made.method, direction: 'import' };
  try {
    const { delta, head, report } = importForeign(folder, backbone);
    const rows = outputsOf({ delta, head, backbone }, made);
    const padded = report.notes.some((note) => note.includes('padded rows'));
    print(JSON.stringify({ ...line, ...report, gap: gap(rows, made.outputs, padded ? firstRow(made) : rows.length) }));
    give({ folder: made.method, out, backbone }, made, { delta, head });
  } catch (error) {
    print(JSON.stringify({ ...line, refused: reasonOf(error) }));
  }
}

/** Ours there: a method made here, with random values in all its tensors. */
function hand(work: Work, made: Case): void {
  const { shape, weights } = work.backbone;
  const [written, layers] = work.folder.split(' | ') as [string, string | undefined];
  try {
    if (layers !== undefined && shape.decoderLayers > 0) return; // classifiers read encoders
    const delta = createDelta(parseMethod(written), shape, weights, 1);
    const shaken = Object.entries(delta.variables).map(
      ([name, x]) =>
        [
          name,
          tf.add(x, tf.tensor(drawInit({ kind: 'normal', std: spread(shape.width) }, x.shape, 7, name), x.shape)),
        ] as const,
    );
    delta.assign(Object.fromEntries(shaken));
    give(work, made, { delta, head: layers === undefined ? {} : newHead(layers, shape.width) });
  } catch (error) {
    print(
      JSON.stringify({
        library: made.library,
        family: made.family,
        method: work.folder,
        direction: 'export',
        refused: reasonOf(error),
      }),
    );
  }
}

/** Random values as large as keeps a model's rounding errors far below the bar: smaller in wider models. */
const spread = (width: number): number => 0.2 * Math.min(1, 32 / width);

/** A head of three classes: `linear`, or with a layer before it that is named by its activation. */
function newHead(layers: string, width: number): Tensors {
  const drawn = (name: string, shape: readonly number[]): readonly [string, Tensor] => [
    name,
    upload(drawInit({ kind: 'normal', std: 1 / Math.sqrt(width) }, shape, 9, name), shape),
  ];
  const hidden =
    layers === 'linear' ? [] : [drawn(`head.${layers}.weight`, [width, width]), drawn(`head.${layers}.bias`, [width])];
  return Object.fromEntries([...hidden, drawn('head.weight', [width, 3]), drawn('head.bias', [3])]);
}

/** A delta and the head beside it. */
interface Given {
  readonly delta: Delta;
  readonly head: Tensors;
}

function give({ folder, out, backbone }: Work, made: Case, { delta, head }: Given): void {
  const line = { library: made.library, family: made.family, method: folder, direction: 'export' };
  try {
    const report = exportForeign(out, delta, { library: made.library, model: backbone, name: made.model, head });
    const crossed = report.notes.some((note) => note.includes('head stays behind')) ? {} : head;
    const rows = outputsOf({ delta, head: crossed, backbone }, made);
    const padded = report.notes.some((note) => note.includes('padded rows'));
    const classes = crossed['head.bias']?.size ?? 0;
    writeFileSync(
      join(out, 'ours.json'),
      JSON.stringify({
        family: made.family,
        classes,
        inputs: padded ? alone(made.inputs) : made.inputs,
        outputs: padded ? rows.slice(0, firstRow(made)) : rows,
      }),
    );
    print(JSON.stringify({ ...line, ...report, folder: out }));
  } catch (error) {
    print(JSON.stringify({ ...line, refused: reasonOf(error) }));
  } finally {
    delta.dispose();
    tf.dispose(head);
  }
}

/** The first text, which has no padding. */
function alone({ ids, mask, decoderIds }: Case['inputs']): Case['inputs'] {
  return { ids: ids.slice(0, 1), mask: mask.slice(0, 1), ...(decoderIds && { decoderIds: decoderIds.slice(0, 1) }) };
}

function firstRow({ inputs: { mask, decoderIds } }: Case): number {
  return (decoderIds?.[0] ?? mask[0]?.filter((m) => m === 1) ?? []).length;
}

/** A row for each real token, or for each text where there is a head. */
function outputsOf(
  { delta, head, backbone }: Given & { readonly backbone: Backbone },
  { inputs: { ids, mask, decoderIds } }: Case,
): readonly (readonly number[])[] {
  const target =
    decoderIds === undefined ? undefined : { ids: decoderIds, mask: decoderIds.map((row) => row.map(() => 1)) };
  const { values, shape } = computed(
    { model: { backbone }, adaptation: adaptationOf(delta), head },
    { ids, mask },
    target,
  );
  if (shape.length === 2) return values as number[][];
  return (values as (number[] | null)[][]).flat().filter((row): row is number[] => row !== null);
}

function gap(ours: readonly (readonly number[])[], theirs: readonly (readonly number[])[], count: number): number {
  if (ours.length !== theirs.length) return Infinity;
  return Math.max(
    ...ours
      .slice(0, count)
      .map((row, i) => Math.max(...row.map((value, j) => Math.abs(value - (theirs[i]?.[j] ?? NaN))))),
  );
}

function reasonOf(error: unknown): string {
  if (error instanceof UserError) return error.message;
  return `fault: ${error instanceof Error ? (process.env['PETL_DEBUG'] === undefined ? error.message : (error.stack ?? '')) : String(error)}`;
}
