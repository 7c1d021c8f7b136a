import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  existsSync,
  readdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { live } from '../../engine/memory';
import { tf, type Tensor } from '../../engine/tf';
import { UserError } from '../../errors';
import type { Backbone } from '../../model/backbone';
import { count } from '../counts/count';
import { createDelta, weightsWith, type Delta } from './delta';
import { readDeltaRecord, loadDelta, saveDelta } from './store';
import { perturbed } from '../testing/tiny';
import { tinyModel } from '../testing/fixtures';
import type { Modification } from '../design/types';
import { parseMethod } from '../design/written';

const base = { name: 'tiny-bert', hash: 'abc123abc123abc123' };
let model: Backbone;
let folder: string;
beforeAll(() => {
  model = tinyModel('bert');
  folder = mkdtempSync(join(tmpdir(), 'petl-store-'));
});
afterAll(() => {
  model.dispose();
  rmSync(folder, { recursive: true });
});

function trained(written: string): Delta {
  const delta = createDelta(parseMethod(written), model.shape, model.weights, 8);
  delta.assign(perturbed(delta.variables, 0.1, 4));
  return delta;
}

const changed = (change: (modification: Modification) => object): { readonly method: object } => {
  const method = parseMethod('lora:r=2');
  return { method: { ...method, modifications: method.modifications.map(change) } };
};
const changedForm = (form: object): object => changed((m) => ({ ...m, form: { ...m.form, ...form } }));
const changedComposition = (composition: object): object =>
  changed((m) => ({ ...m, composition: { ...m.composition, ...composition } }));

describe('what is refused', () => {
  const saved = (name: string): string => {
    const at = join(folder, name);
    const delta = trained('lora:r=2');
    saveDelta(at, delta, base);
    delta.dispose();
    return at;
  };
  const refuses = (at: string, message: RegExp, hash = base.hash): void => {
    const before = live().tensors;
    expect(() => loadDelta(at, model.shape, { hash })).toThrow(UserError);
    expect(() => loadDelta(at, model.shape, { hash })).toThrow(message);
    expect(live().tensors).toBe(before);
  };

  it('another base', () => {
    refuses(saved('base'), /trained on tiny-bert \(weights abc123abc123\), not on this model \(ffff\)/, 'ffff');
  });
  it('no record', () => {
    refuses(join(folder, 'nowhere'), /holds no petl.json/);
  });
  it('a damaged record', () => {
    const at = saved('damaged');
    writeFileSync(join(at, 'petl.json'), '{');
    refuses(at, /petl.json is not JSON: it is damaged/);
  });
  it('a record of another version', () => {
    const at = saved('newer');
    writeFileSync(join(at, 'petl.json'), JSON.stringify({ ...readDeltaRecord(at), format: 'petl-lab delta 9' }));
    refuses(at, /format "petl-lab delta 9"/);
  });
  it('a record that was changed by a letter', () => {
    const at = saved('changed');
    const path = join(at, 'petl.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"value": 16', '"value": 17'));
    refuses(at, /changed after it was saved: its checksum does not fit/);
  });
  it.each([
    ['no base', { base: false }, /"base" should be Object, not false/],
    ['no stacks', { method: { ...parseMethod('lora:r=2'), modifications: [{ site: 'ffn' }] } }, /has no field/],
    ['unknown factors', changedForm({ factors: { kind: 'ense' } }), /factors: kind must be dense or phm/],
    ['an unknown scale', changedComposition({ scale: { kind: 'FIXED', value: 2 } }), /scale: kind must be fixed/],
    ['an unknown activation', changedForm({ activation: 'rulu' }), /form must be relu or .*, not rulu/],
    [
      'a layer of none',
      { method: { ...parseMethod('lora:r=2'), unfrozen: [{ kind: 'topLayers', k: -1 }] } },
      /k must be/,
    ],
    ['other shapes than the file', { tensors: {} }, /does not match petl.json/],
  ])('%s', (name, edit, message) => {
    const at = saved(name);
    writeFileSync(join(at, 'petl.json'), JSON.stringify({ ...readDeltaRecord(at), ...edit }));
    refuses(at, message);
  });
  it('a file cut off', () => {
    const at = saved('cut');
    truncateSync(join(at, 'delta.safetensors'), 900);
    refuses(at, /delta.safetensors is not what was saved/);
  });
  it('one changed bit of a number', () => {
    const at = saved('bit');
    const path = join(at, 'delta.safetensors');
    const bytes = readFileSync(path);
    bytes[bytes.length - 5]! ^= 1;
    writeFileSync(path, bytes);
    refuses(at, /delta.safetensors is not what was saved: its SHA-256 is not the one in petl.json; copy the whole/);
    // a record from before there were digests says nothing of them
    const { sha256, ...older } = readDeltaRecord(at);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    writeFileSync(join(at, 'petl.json'), JSON.stringify(older));
    loadDelta(at, model.shape, base).delta.dispose();
  });
  it("another adapter's tensors of the same shapes", () => {
    const [one, other] = [saved('one'), join(folder, 'other')];
    const delta = trained('lora:r=2');
    delta.assign(perturbed(delta.variables, 0.2, 5));
    saveDelta(other, delta, base);
    delta.dispose();
    copyFileSync(join(other, 'delta.safetensors'), join(one, 'delta.safetensors'));
    refuses(one, /is not what was saved/);
  });
  it('another rank than the record says', () => {
    const at = saved('rank');
    const record = readDeltaRecord(at);
    writeFileSync(join(at, 'petl.json'), JSON.stringify({ ...record, method: parseMethod('lora:r=3') }));
    refuses(at, /has shape \[32,2\], the method needs \[32,3\]/);
  });
  it('missing and unknown tensors', () => {
    const at = saved('missing');
    writeFileSync(
      join(at, 'petl.json'),
      JSON.stringify({ ...readDeltaRecord(at), method: parseMethod('lora-ffn:r=2') }),
    );
    refuses(
      at,
      /8 tensors missing \(encoder.0.ffn.up.bottleneck.down\), 8 unknown \(encoder.0.attn.query.bottleneck.down\)/,
    );
  });

  it('NaN, before anything is written', () => {
    const delta = trained('lora:r=2');
    const [name] = Object.keys(delta.variables) as [string];
    delta.assign({ ...delta.variables, [name]: tf.mul(delta.variables[name] as Tensor, NaN) });
    const at = join(folder, 'nan');
    expect(() => saveDelta(at, delta, base)).toThrow(/Nothing was saved .* holds NaN/);
    expect(existsSync(at)).toBe(false);
    delta.dispose();
  });

  it('leaves no half-written file', () => {
    expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).includes('partial'))).toEqual([]);
  });
});

it('rows of new tokens are counted, saved and loaded with what is trained beside them', () => {
  const delta = trained('lora:r=2+head:rows=3');
  expect(count(delta.method, model.shape)).toMatchObject({ trained: 256 * 2 + 3 * 32, stored: 256 * 2 + 3 * 32 });
  const at = join(folder, 'rows');
  saveDelta(at, delta, base);
  const { delta: loaded } = loadDelta(at, model.shape, base);
  expect(loaded.method).toEqual(parseMethod('lora:r=2+head:rows=3'));
  const table = (own: Delta): Tensor => weightsWith(model.weights, own, own.variables)['embedding.word'] as Tensor;
  const [word, before, after] = [model.weights['embedding.word'] as Tensor, table(delta), table(loaded)];
  const changed = tf.tidy(() => tf.any(tf.notEqual(before, word), 1).dataSync());
  expect([...changed].map(Boolean)).toEqual(Array.from({ length: 100 }, (_, row) => row >= 97));
  expect(after.dataSync()).toEqual(before.dataSync());
  tf.dispose([before, after]);
  for (const one of [delta, loaded]) one.dispose();
});
