import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { tf } from '../../engine/tf';
import { tensorsHash } from '../../model/fingerprint';
import { openModel, type Model } from '../../model/open';
import { createDelta } from '../../petl/bank/delta';
import { loadDelta, saveDelta } from '../../petl/bank/store';
import { parseMethod, printMethod } from '../../petl/design/written';
import { importForeign } from '../../petl/formats/foreign';
import type { Random } from '../../random';
import { baseline, copies, Copy, copyOf, fixtures } from './copies';
import { mutateJson, pick, type JsonEdit } from './mutate';
import { judged, reading } from './reading';
import type { Target } from './target';
import { meaningOf, mutateSafetensors } from './tensors';

/** Fields of adapter_config.json that change numbers; another value must show or be refused. */
const tellingAdapter =
  /^(peft_type|r|lora_alpha|use_rslora|use_dora|alpha_pattern|rank_pattern|layers_to_transform|target_modules|feedforward_modules|num_virtual_tokens|projection_prng_key|architecture|alpha|scaling|non_linearity|is_parallel|mh_adapter|output_adapter|original_ln_before|original_ln_after|residual_before_ln|ln_before|ln_after|composition_mode|use_gating|phm_dim|phm_layer|shared_phm_rule|hidden_size|model_type|prefix_length|bias|init_lora_weights|init_r)$/;

const adapterFolders: readonly (readonly [string, string])[] = (
  [
    ['peft-bert-lora', 'bert'],
    ['peft-bert-ia3', 'bert'],
    ['peft-bert-adalora-pruned', 'bert'],
    ['peft-bert-vera-key', 'bert'],
    ['peft-bert-prompt', 'bert'],
    ['peft-gpt2-dora', 'gpt2'],
    ['peft-gpt2-pissa', 'gpt2'],
    ['peft-gpt2-ln', 'gpt2'],
    ['peft-llama-prefix', 'llama'],
    ['adapters-bart-pfeiffer', 'bart'],
    ['adapters-bert-unipelt', 'bert'],
    ['adapters-gpt2-compacter', 'gpt2'],
    ['adapters-gpt2-ia3', 'gpt2'],
    ['adapters-gpt2-lora', 'gpt2'],
    ['adapters-roberta-pfeiffer-deep-classifier', 'roberta'],
  ] as const
).map(([name, family]) => [fixtures('petl', 'formats', 'fixtures', name), family]);

const opened = new Map<string, Model>();

async function baseModel(family: string): Promise<Model> {
  const found = opened.get(family) ?? (await openModel(fixtures('model', 'fixtures', `tiny-${family}`)));
  opened.set(family, found);
  return found;
}

function readAdapter(folder: string, { backbone }: Model): string {
  const { delta, head, report } = importForeign(folder, backbone);
  const digest = `${printMethod(delta.method)} ${tensorsHash({ ...delta.variables, ...delta.constants })} ${tensorsHash(head)} ${report.notes.join()}`;
  delta.dispose();
  tf.dispose(head);
  return digest;
}

export const adapters: Target = {
  name: 'adapter folders',
  async run(random) {
    const [source, family] = pick(random, adapterFolders);
    const copy = copyOf(source);
    const model = await baseModel(family);
    const read = (): string => readAdapter(copy.folder, model);
    const before = await baseline(copy.folder, () => Promise.resolve(read()));
    const library = source.includes('peft-') ? 'adapter_model.safetensors' : 'adapter.safetensors';
    const { name, value, what, matters } =
      random() < 0.5 ? tensorEdit(copy, library, random) : configEdit(copy, random);
    return copy.with(name, value, async () =>
      judged(await reading(read), `${source} ${what}`, { same: (now) => now === before, matters }),
    );
  },
};

interface FileEdit {
  readonly name: string;
  readonly value: Uint8Array | string;
  readonly what: string;
  readonly matters: boolean;
}

function tensorEdit(copy: Copy, name: string, random: Random): FileEdit {
  const file = copy.read(name);
  const { what, value } = mutateSafetensors(file, random);
  return { name, value, what, matters: !isDeepStrictEqual(meaningOf(value), meaningOf(file)) };
}

function configEdit(copy: Copy, random: Random): FileEdit {
  const name = 'adapter_config.json';
  const before = new TextDecoder().decode(copy.read(name));
  const edit = mutateJson(before, random);
  const matters = edit.kind === 'value' && tellingAdapter.test(edit.path.at(-1) ?? '') && tells(before, edit);
  return { name, value: edit.value, what: edit.what, matters };
}

type Member = Readonly<Record<string, unknown>>;

/** Whether another value of a telling field says something else where it stands. */
function tells(before: string, { path, value }: JsonEdit): boolean {
  const memberOf = (text: string): Member =>
    path.slice(0, -1).reduce((at, key) => at[key] as Member, JSON.parse(text) as Member);
  const [old, now, key] = [memberOf(before), memberOf(value), path.at(-1) ?? ''];
  const [from, to] = [old[key], now[key]];
  switch (key) {
    case 'r':
    case 'use_rslora':
    case 'alpha_pattern':
      return old['peft_type'] !== 'ADALORA'; // it takes alpha / init_r
    case 'init_lora_weights':
      return !(typeof from === 'boolean' && typeof to === 'boolean'); // how what was trained since began
    case 'residual_before_ln':
      return old['original_ln_before'] === true;
    case 'alpha':
      return old['use_gating'] !== true; // the gate stands in its place
    case 'non_linearity':
      return String(from).toLowerCase() !== String(to).toLowerCase();
    default:
      return !(Array.isArray(from) && Array.isArray(to) && isDeepStrictEqual([...from].sort(), [...to].sort())); // sets of names
  }
}

/** Folders that this project saves. */
export const deltas: Target = {
  name: 'delta folders',
  async run(random) {
    const model = await baseModel('bert');
    const { backbone } = model;
    const hash = 'a'.repeat(64);
    const copy = copies.get('delta') ?? savedDelta(model, hash);
    const read = (): string => {
      const { delta, head } = loadDelta(copy.folder, backbone.shape, { hash });
      const digest = `${printMethod(delta.method)} ${tensorsHash({ ...delta.variables, ...delta.constants })}`;
      delta.dispose();
      tf.dispose(head);
      return digest;
    };
    const before = await baseline(copy.folder, () => Promise.resolve(read()));
    const edit = random() < 0.5 ? tensorEdit(copy, 'delta.safetensors', random) : recordEdit(copy, random);
    return copy.with(edit.name, edit.value, async () =>
      judged(await reading(read), edit.what, { same: (now) => now === before, matters: edit.matters }),
    );
  },
};

function savedDelta({ backbone }: Model, hash: string): Copy {
  const folder = mkdtempSync(join(tmpdir(), 'petl-fuzz-delta-'));
  const delta = createDelta(parseMethod('lora:r=2+pa-ffn:r=3,s=4'), backbone.shape, backbone.weights, 3);
  saveDelta(folder, delta, { name: 'tiny-bert', hash });
  delta.dispose();
  const copy = new Copy(folder);
  rmSync(folder, { recursive: true, force: true });
  copies.set('delta', copy);
  return copy;
}

function recordEdit(copy: Copy, random: Random): FileEdit {
  const edit: JsonEdit = mutateJson(new TextDecoder().decode(copy.read('petl.json')), random);
  const [first, second] = edit.path;
  const matters =
    edit.kind === 'value' &&
    (first === 'tensors' ||
      (first === 'base' && second === 'hash') ||
      (first === 'method' && second === 'modifications'));
  return { name: 'petl.json', value: edit.value, what: edit.what, matters };
}
