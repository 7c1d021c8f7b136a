import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { live, upload } from '../engine/memory';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { UserError } from '../errors';
import { openSafetensors } from '../model/checkpoint/safetensors';
import { tensorsHash } from '../model/fingerprint';
import { count } from '../petl/counts/count';
import type { Delta } from '../petl/bank/delta';
import { loadDelta, readDeltaRecord, saveDelta } from '../petl/bank/store';
import { unfrozenNames } from '../petl/forms/unfrozen';
import { benchOf, gap, moved } from './testing/bench';
import { invariant } from './testing/catalogue';
import { architectures, cells, kinds, methods } from './testing/matrix';

const folder = mkdtempSync(join(tmpdir(), 'petl-saving-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const at = (family: string, written: string): string => join(folder, `${family}-${written.replace(/\W+/g, '-')}`);
const baseOf = (family: string): { readonly name: string; readonly hash: string } => ({
  name: `tiny-${family}`,
  hash: `${family} 0123456789abcdef`,
});

function saved(
  family: string,
  written: string,
  head: Tensors = {},
): { readonly folder: string; readonly delta: Delta } {
  const delta = moved(benchOf(family), written, 8, 0.1);
  saveDelta(at(family, written), delta, baseOf(family), head);
  return { folder: at(family, written), delta };
}

invariant(39, () => {
  it.each(cells(kinds, methods))('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const { folder: place, delta } = saved(family, written);
    const { delta: loaded, record } = loadDelta(place, bench.model.shape, baseOf(family));
    expect(record.written).toBe(delta.method.name);
    expect(Object.keys(record.tensors).sort()).toEqual(openNames(place));
    const distance = gap(
      () => bench.outputs(loaded),
      () => bench.outputs(delta),
    );
    if (written.includes('mlp='))
      expect(distance).toBeLessThan(1e-5); // the MLP is stored as what it makes
    else expect(distance).toBe(0);
    loaded.dispose();
    delta.dispose();
  });
});

function openNames(place: string): readonly string[] {
  const file = openSafetensors(join(place, 'delta.safetensors'));
  file.close();
  return file.tensors.map(({ name }) => name).sort();
}

/** Names and shapes of a stored delta, layers as one where they are alike. */
function namesOf(place: string): readonly string[] {
  const { tensors } = readDeltaRecord(place);
  const all = Object.entries(tensors).map(
    ([name, shape]) => `${name.replace(/^(encoder|decoder)\.\d+\./, '$1.#.')} [${shape.join()}]`,
  );
  return [...new Set(all)].sort();
}

invariant(40, () => {
  it.each(cells(kinds, methods))('%s, %s', (family, written) => {
    const { folder: place, delta } = saved(family, written);
    const bytes = readFileSync(join(place, 'delta.safetensors'));
    const { delta: loaded } = loadDelta(place, delta.shape, baseOf(family));
    saveDelta(place, loaded, baseOf(family));
    expect(readFileSync(join(place, 'delta.safetensors')).equals(bytes)).toBe(true);
    loaded.dispose();
    delta.dispose();
  });

  // vitest -u writes the file anew: do it only where names are meant to change, as older files can no longer be read
  // then
  it.each(['bert', 'gpt2', 'bart'])('%s: keys are those of the stored fixture', async (family) => {
    const all = cells([family], methods).map(([, written]) => {
      const { folder: place, delta } = saved(family, written);
      delta.dispose();
      return [written, namesOf(place)] as const;
    });
    await expect(`${JSON.stringify(Object.fromEntries(all), null, 1)}\n`).toMatchFileSnapshot(
      join(__dirname, 'fixtures', `stored-${family}.json`),
    );
  });
});

invariant(41, () => {
  it.each(cells(kinds, methods))('%s, %s', (family, written) => {
    const { model } = benchOf(family);
    const { folder: place, delta } = saved(family, written);
    const path = join(place, 'delta.safetensors');
    const header = 8 + Number(readFileSync(path).readBigUInt64LE());
    expect(statSync(path).size).toBe(header + 4 * count(delta.method, model.shape).stored);
    const trained = new Set(unfrozenNames(delta.method, model.shape));
    expect(openNames(place).filter((name) => model.weights[name] !== undefined && !trained.has(name))).toEqual([]);
    delta.dispose();
  });
});

invariant(42, () => {
  it.each(cells(architectures, ['lora:r=2', 'prefix:l=2', 'layernorm']))('%s, %s', (family, written) => {
    const { model } = benchOf(family);
    const { folder: place, delta } = saved(family, written);
    delta.dispose();
    const before = live().tensors;
    const other = tensorsHash({ 'embedding.word': model.weights['embedding.word'] as Tensor });
    expect(() => loadDelta(place, model.shape, { hash: other })).toThrow(
      new RegExp(`trained on tiny-${family} .*not on this model.*load it on its own base`),
    );
    const wider = { ...model.shape, width: 48, headWidth: 12, ffnWidth: 96 };
    expect(() => loadDelta(place, wider, baseOf(family))).toThrow(/has shape \[[\d,]+\], the method needs \[[\d,]+\]/);
    expect(() => loadDelta(place, wider, baseOf(family))).toThrow(UserError);
    expect(live().tensors).toBe(before);
  });
});

const headOf = (classes: number, width = 32): Tensors => ({
  'head.weight': upload(new Float32Array(width * classes).fill(0.25), [width, classes]),
  'head.bias': upload(new Float32Array(classes), [classes]),
});

invariant(43, () => {
  it.each(cells(kinds, ['lora:r=2', 'prefix:l=2', 'head']))('%s, %s', (family, written) => {
    const { model } = benchOf(family);
    const head = headOf(3);
    const { folder: place, delta } = saved(family, written, head);
    const loaded = loadDelta(place, model.shape, baseOf(family));
    expect(Object.keys(loaded.head).sort()).toEqual(['head.bias', 'head.weight']);
    expect(loaded.head['head.weight']?.dataSync()).toEqual(head['head.weight']?.dataSync());
    const record = readDeltaRecord(place);
    for (const classes of [2, 0]) {
      writeFileSync(join(place, 'petl.json'), JSON.stringify({ ...record, classes }));
      expect(() => loadDelta(place, model.shape, baseOf(family))).toThrow(
        classes === 0 ? /2 unknown \(head/ : /head\.(weight|bias) has shape/,
      );
    }
    saveDelta(place, delta, baseOf(family));
    expect(loadDelta(place, model.shape, baseOf(family)).head).toEqual({});
    tf.dispose([head, loaded.head]);
    loaded.delta.dispose();
    delta.dispose();
  });
});

/** Fields that files of the first version lack. */
const later = /,"(positions":"kept"|projections":"redrawn")/g;

invariant(44, () => {
  it.each(cells(kinds, ['prefix:l=2', 'prompt:l=2', 'vera:r=4', 'lora:r=2', 'mam:l=2,r=3']))(
    '%s, %s',
    (family, written) => {
      const bench = benchOf(family);
      const { folder: place, delta } = saved(family, written);
      const path = join(place, 'petl.json');
      const record = readDeltaRecord(place);
      const older = JSON.stringify(record).replace(later, '');
      if (/prefix|prompt|vera|mam/.test(written)) expect(older.length).toBeLessThan(JSON.stringify(record).length);
      writeFileSync(path, older);
      expect(readDeltaRecord(place)).toEqual(record);
      const { delta: loaded } = loadDelta(place, bench.model.shape, baseOf(family));
      expect(
        gap(
          () => bench.outputs(loaded),
          () => bench.outputs(delta),
        ),
      ).toBe(0);
      const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
      writeFileSync(path, JSON.stringify({ ...record, brandNew: 1 }));
      loadDelta(place, bench.model.shape, baseOf(family)).delta.dispose();
      expect(warn.mock.calls.map(([text]) => String(text))).toEqual([
        expect.stringContaining('brandNew not known to this version'),
      ]);
      warn.mockRestore();
      writeFileSync(path, JSON.stringify({ ...record, format: 'petl-lab delta 2' }));
      expect(() => readDeltaRecord(place)).toThrow(
        /has format "petl-lab delta 2", this version reads "petl-lab delta 1"/,
      );
      for (const one of [loaded, delta]) one.dispose();
    },
  );
});
