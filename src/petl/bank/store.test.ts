import { mkdtempSync, rmSync, truncateSync, writeFileSync, existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { live } from '../../engine/memory';
import { tf, type Tensor } from '../../engine/tf';
import { UserError } from '../../errors';
import type { Backbone } from '../../model/backbone';
import { createDelta, type Delta } from './delta';
import { readDeltaRecord, loadDelta, saveDelta } from './store';
import { perturbed } from '../testing/tiny';
import { tinyModel } from '../testing/fixtures';
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
    refuses(at, /not readable JSON/);
  });
  it('a record of another version', () => {
    const at = saved('newer');
    writeFileSync(join(at, 'petl.json'), JSON.stringify({ ...readDeltaRecord(at), format: 'petl-lab delta 9' }));
    refuses(at, /format "petl-lab delta 9"/);
  });
  it('a file cut off', () => {
    const at = saved('cut');
    truncateSync(join(at, 'delta.safetensors'), 900);
    refuses(at, /cut off/);
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
