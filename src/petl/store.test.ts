import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { live } from '../engine/memory';
import { tf, type Tensor } from '../engine/tf';
import { UserError } from '../errors';
import type { Backbone } from '../model/backbone';
import type { Batch } from '../model/batch';
import { count } from './count';
import { createDelta, type Delta } from './delta';
import { readDeltaRecord, loadDelta, saveDelta } from './store';
import { hiddenWith, largest, perturbed } from './testing/tiny';
import { packedBatch, tinyModel } from './testing/fixtures';
import { families, parseMethod } from './written';

const base = { name: 'tiny-bert', hash: 'abc123abc123abc123' };
let model: Backbone;
let folder: string;
beforeAll(() => { model = tinyModel('bert'); folder = mkdtempSync(join(tmpdir(), 'petl-store-')); });
afterAll(() => { model.dispose(); rmSync(folder, { recursive: true }); });

function trained(written: string): Delta {
  const delta = createDelta(parseMethod(written), model.shape, model.weights, 8);
  delta.assign(perturbed(delta.variables, 0.1, 4));
  return delta;
}

const batchFor = ({ method: { prompt } }: Delta): Batch => packedBatch([[5, 17, 42, 8, 63], [60, 3, 85, 9, 0]], [[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]], prompt.kind === 'none' ? 0 : prompt.length);

describe('save and load', () => {
  it.each([...Object.values(families).map(({ example }) => example), 'prefix:l=3,mlp=5', 'mam:l=2,r=4,mlp=6', 'vlm:r=3,rows=4', 'lora:r=2+bitfit', 'vera:r=4,projections=stored', 'prefix:l=2,positions=shifted'])('%s comes back with the same outputs and bytes', (written) => {
    const at = join(folder, written.replace(/\W+/g, '-'));
    const delta = trained(written);
    const before = live().tensors;
    saveDelta(at, delta, base);
    expect(live().tensors).toBe(before);
    const { delta: loaded, record } = loadDelta(at, model.shape, base);
    expect(record.written).toBe(written);
    const gap = tf.tidy(() => {
      const batch = batchFor(delta);
      return largest(tf.sub(hiddenWith(delta, model.weights, batch), hiddenWith(loaded, model.weights, batch)));
    });
    expect(gap).toBeLessThan(written.includes('mlp') ? 1e-5 : 1e-12); // an MLP is collapsed into what it makes
    const bytes = readFileSync(join(at, 'delta.safetensors'));
    saveDelta(at, loaded, base);
    expect(readFileSync(join(at, 'delta.safetensors')).equals(bytes)).toBe(true);
    delta.dispose();
    loaded.dispose();
  });

  it.each([...Object.values(families).map(({ example }) => example), 'vera:r=4,projections=stored', 'vera:r=4,projections=stored+vera:r=3,projections=stored'])('%s: the file holds the stored elements and nothing of the base', (written) => {
    const at = join(folder, `size-${written.replace(/\W+/g, '-')}`);
    const delta = trained(written);
    saveDelta(at, delta, base);
    const path = join(at, 'delta.safetensors');
    const header = 8 + Number(readFileSync(path).readBigUInt64LE());
    expect((statSync(path).size - header) / 4).toBe(count(delta.method, model.shape).stored);
    delta.dispose();
  });

  it('keeps a head beside the delta', () => {
    const at = join(folder, 'head');
    const delta = trained('lora:r=2');
    const head = { 'head.weight': tf.fill([32, 3], 0.25), 'head.bias': tf.zeros([3]) };
    saveDelta(at, delta, base, head);
    const loaded = loadDelta(at, model.shape, base);
    expect(Array.from((loaded.head['head.weight'] as Tensor).dataSync())).toEqual(Array.from(head['head.weight'].dataSync()));
    expect(loaded.record.classes).toBe(3);
    tf.dispose([head, loaded.head]);
    loaded.delta.dispose();
    delta.dispose();
  });
});

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

  it('another base', () => { refuses(saved('base'), /trained on tiny-bert \(weights abc123abc123\), not on this model \(ffff\)/, 'ffff'); });
  it('no record', () => { refuses(join(folder, 'nowhere'), /holds no petl.json/); });
  it('a damaged record', () => { const at = saved('damaged'); writeFileSync(join(at, 'petl.json'), '{'); refuses(at, /not readable JSON/); });
  it('a record of another version', () => { const at = saved('newer'); writeFileSync(join(at, 'petl.json'), JSON.stringify({ ...readDeltaRecord(at), format: 'petl-lab delta 9' })); refuses(at, /format "petl-lab delta 9"/); });
  it('a file cut off', () => { const at = saved('cut'); truncateSync(join(at, 'delta.safetensors'), 900); refuses(at, /cut off/); });
  it('another rank than the record says', () => {
    const at = saved('rank');
    const record = readDeltaRecord(at);
    writeFileSync(join(at, 'petl.json'), JSON.stringify({ ...record, method: parseMethod('lora:r=3') }));
    refuses(at, /has shape \[32,2\], the method needs \[32,3\]/);
  });
  it('missing and unknown tensors', () => {
    const at = saved('missing');
    writeFileSync(join(at, 'petl.json'), JSON.stringify({ ...readDeltaRecord(at), method: parseMethod('lora-ffn:r=2') }));
    refuses(at, /8 tensors missing \(encoder.0.ffn.up.bottleneck.down\), 8 unknown \(encoder.0.attn.query.bottleneck.down\)/);
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
