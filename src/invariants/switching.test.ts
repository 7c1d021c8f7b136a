import { expect, it } from 'vitest';
import { live } from '../engine/memory';
import { tf } from '../engine/tf';
import { UserError } from '../errors';
import { merge } from '../petl/bank/merge';
import { benchOf, gap, moved } from './testing/bench';
import { active, bankOf, free } from './testing/banks';
import { invariant } from './testing/catalogue';
import { cells, kinds, training } from './testing/matrix';

invariant(25, () => {
  it.each(cells(kinds))('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const bank = bankOf(bench, { a: written });
    const base = () => active(bench, bank);
    expect(() =>
      bank.within(['a'], () => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(bank.active).toEqual([]);
    tf.dispose(active(bench, bank, 'a'));
    expect(gap(base, () => bench.run(bench.model, {}))).toBe(0);
    bank.activate('a');
    expect(() =>
      bank.within([], () => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(bank.active).toEqual(['a']);
    bank.dispose();
  });
});

invariant(26, () => {
  it.each(cells(undefined, ['pissa:r=4', 'vera:r=4', 'dora:r=4']))(
    '%s, %s: the base stays as it is, so that off is the base, bit for bit',
    (family, written) => {
      const bench = benchOf(family);
      const before = Object.fromEntries(
        Object.entries(bench.model.weights).map(([name, weight]) => [name, weight.dataSync().slice()]),
      );
      const bank = bankOf(bench, { a: written });
      expect(
        gap(
          () => active(bench, bank, 'a'),
          () => bench.run(bench.model, {}),
        ),
      ).toBeGreaterThan(1e-3);
      expect(
        gap(
          () => active(bench, bank),
          () => bench.run(bench.model, {}),
        ),
      ).toBe(0);
      for (const [name, weight] of Object.entries(bench.model.weights))
        expect(weight.dataSync(), name).toEqual(before[name]);
      bank.dispose();
    },
  );
});

invariant(27, () => {
  it.each(
    cells(
      ['bert', 'gpt2', 'bart'],
      training.filter((written) => !/full|top|bitfit|layernorm|houlsby|prompt|rows|sequence/.test(written)),
    ),
  )('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const bank = bankOf(bench, { a: written });
    const alone = tf.tidy(() => active(bench, bank, 'a').dataSync());
    bank.add('ab', moved(bench, 'lora:r=3', 7, 0.1));
    bank.add('b', moved(bench, written, 1, 0.1));
    expect(tf.tidy(() => active(bench, bank, 'a').dataSync())).toEqual(alone);
    expect(tf.tidy(() => active(bench, bank, 'b').dataSync())).toEqual(alone); // the same seed under another name
    bank.remove('ab');
    expect(tf.tidy(() => active(bench, bank, 'a').dataSync())).toEqual(alone);
    bank.dispose();
  });
});

invariant(28, () => {
  it.each(cells(['bert', 'gpt2', 'bart']))('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const before = live().tensors;
    const bank = bankOf(bench, { kept: 'ia3', gone: written });
    const kept = tf.tidy(() => active(bench, bank, 'kept').dataSync());
    bank.activate('gone');
    bank.remove('gone');
    expect([bank.names, bank.active]).toEqual([['kept'], []]);
    expect(() => bank.get('gone')).toThrow(/No adapter "gone"/);
    expect(() => {
      bank.remove('gone');
    }).toThrow(UserError);
    expect(tf.tidy(() => active(bench, bank, 'kept').dataSync())).toEqual(kept);
    bank.dispose();
    expect(live().tensors).toBe(before);
  });

  it.each(kinds)('%s: what was merged outlives the adapter', (family) => {
    const bench = benchOf(family);
    const bank = bankOf(bench, { a: 'lora:r=3' });
    const together = tf.tidy(() => active(bench, bank, 'a').dataSync());
    const { method, variables } = bank.get('a');
    const merged = merge(method, bench.model.shape, bench.model.weights, variables);
    bank.remove('a');
    const after = tf.tidy(() => bench.run({ shape: bench.model.shape, weights: merged.weights }, {}).dataSync());
    after.forEach((value, i) => {
      expect(Math.abs(value - (together[i] as number))).toBeLessThan(2e-5);
    });
    free(merged);
  });
});
