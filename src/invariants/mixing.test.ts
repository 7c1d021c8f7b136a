import { expect, it } from 'vitest';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import type { Batch } from '../model/batch';
import { Bank, type Rows } from '../petl/bank/bank';
import type { Delta } from '../petl/bank/delta';
import type { Method } from '../petl/design/types';
import { visitFor } from '../petl/forms/modify';
import { unfrozenNames } from '../petl/forms/unfrozen';
import { active, bankOf } from './testing/banks';
import { benchOf, gap, moved, type Bench } from './testing/bench';
import { invariant } from './testing/catalogue';
import { architectures, cells, kinds, training } from './testing/matrix';

const quiet = { noise: undefined };

/** Rows of each adapter in a batch of two texts. */
function rowsFor(bench: Bench, owners: readonly string[], name: string): Rows {
  const { source, target } = bench.text(0);
  const of = (batch: Batch): Tensor =>
    tf.tensor1d(
      Array.from(batch.sequences.dataSync(), (b) => owners[b] === name),
      'bool',
    );
  const sequences = tf.tensor1d(
    owners.map((owner) => owner === name),
    'bool',
  );
  return source === undefined
    ? { source: of(target), sequences }
    : { source: of(source), target: of(target), sequences };
}

/** Those that share nothing between the rows of a batch. */
const perRow = training.filter(
  (written) =>
    !/^(full|top|tokens|bitfit|layernorm|houlsby:m=3$|(id-)?prompt|twice|unipelt:l=3)|rows=|norms=trained/.test(
      written,
    ),
);

invariant(31, () => {
  it.each(architectures)('%s: order matters where one reads what the other made, and nowhere else', (family) => {
    const bench = benchOf(family);
    const bank = bankOf(bench, { first: 'sa-ffn:r=4', second: 'sa-ffn:r=4', norms: 'layernorm' });
    expect(
      gap(
        () => active(bench, bank, 'first', 'second'),
        () => active(bench, bank, 'second', 'first'),
      ),
    ).toBeGreaterThan(1e-5);
    expect(
      gap(
        () => active(bench, bank, 'first', 'norms'),
        () => active(bench, bank, 'norms', 'first'),
      ),
    ).toBe(0);
    bank.dispose();
  });

  it.each(cells(kinds, perRow))(
    '%s, %s: a stack of one, and a batch of one adapter, are the adapter',
    (family, written) => {
      const bench = benchOf(family);
      const bank = bankOf(bench, { a: written });
      const single = tf.tidy(() => active(bench, bank, 'a').dataSync());
      tf.tidy(() => {
        const { visit } = { visit: bank.applyMixed({ a: rowsFor(bench, ['a', 'a'], 'a') }, quiet) };
        bench
          .run(bench.model, { visit })
          .dataSync()
          .forEach((value, i) => {
            expect(Math.abs(value - (single[i] as number))).toBeLessThan(1e-5);
          });
      });
      bank.dispose();
    },
  );

  it.each(cells(kinds, ['lora:r=3', 'mam:l=3,r=4', 'ia3', 'sa-attn:r=4']))(
    '%s, %s: training two in one batch is training each alone',
    (family, written) => {
      const bench = benchOf(family);
      const bank = bankOf(bench, { a: written, b: written });
      const slope = (owners: readonly string[]): Tensor => {
        const { variables, constants, method, shape } = bank.get('a');
        const [name, start] = Object.entries(variables)[0] as [string, Tensor];
        return tf.grad((x: Tensor) => {
          const own = new Bank(shape);
          own.add('a', { method, shape, constants, variables: { ...variables, [name]: x } } as unknown as Delta);
          own.add('b', bank.get('b'));
          const present = [...new Set(owners)].filter((owner) => owner !== 'none');
          const visit = own.applyMixed(
            Object.fromEntries(present.map((owner) => [owner, rowsFor(bench, owners, owner)])),
            quiet,
          );
          return tf.sum(tf.square(bench.run(bench.model, { visit })));
        })(start);
      };
      expect(
        gap(
          () => slope(['a', 'b']),
          () => slope(['a', 'none']),
        ),
      ).toBeLessThan(1e-4);
      expect(
        gap(
          () => slope(['a', 'none']),
          () => slope(['a', 'a']),
        ),
      ).toBeGreaterThan(1e-6);
      bank.dispose();
    },
  );
});

invariant(32, () => {
  it.each(cells(kinds, perRow))('%s, %s', (family, written) => {
    const bench = benchOf(family);
    const bank = bankOf(bench, { low: 'lora:r=3', own: written });
    for (const owners of [
      ['own', 'low'],
      ['none', 'own'],
    ]) {
      const present = owners.filter((owner) => owner !== 'none');
      const together = tf.tidy(
        () =>
          bench
            .run(bench.model, {
              visit: bank.applyMixed(
                Object.fromEntries(present.map((owner) => [owner, rowsFor(bench, owners, owner)])),
                quiet,
              ),
            })
            .arraySync() as number[][],
      );
      const single = Object.fromEntries(
        present.map((owner) => [owner, tf.tidy(() => active(bench, bank, owner).arraySync() as number[][])]),
      );
      const none = tf.tidy(() => bench.run(bench.model, {}).arraySync() as number[][]);
      bench
        .text(0)
        .target.sequences.dataSync()
        .forEach((sequence, row) => {
          const expected = sequence < 0 ? undefined : (single[owners[sequence] as string] ?? none)[row];
          expected?.forEach((value, j) => {
            expect(Math.abs(value - (together[row]?.[j] ?? NaN))).toBeLessThan(1e-5);
          });
        });
    }
    bank.dispose();
  });

  it.each(kinds)('%s: what a whole batch shares cannot be mixed', (family) => {
    const bench = benchOf(family);
    const bank = bankOf(bench, { norms: 'layernorm', prompt: 'prompt:l=2' });
    expect(unfrozenNames(bank.get('norms').method, bench.model.shape).length).toBeGreaterThan(0);
    for (const name of bank.names)
      expect(() => bank.applyMixed({ [name]: {} as Rows }, quiet)).toThrow(/cannot take part in a mixed batch/);
    bank.dispose();
  });
});

const gated = [
  'point:site=ffn,form=relu,r=4,how=gate',
  'point:site=attn.query,form=identity,r=4,how=gate',
  'point:site=attn.heads,form=prefix,l=3,how=gate',
  'unipelt:l=2,r=3,m=4,gate=token',
  'unipelt:l=2,r=3,m=4',
];

invariant(33, () => {
  it.each(cells(undefined, gated))('%s, %s: a gate of 0 is the base, of 1 the whole effect', (family, written) => {
    const bench = benchOf(family);
    const delta = moved(bench, written, 1, 0.2);
    const shut = (bias: number): Tensors =>
      Object.fromEntries(
        Object.entries(delta.variables).map(([name, value]) => [
          name,
          name.endsWith('gate.weight')
            ? tf.zerosLike(value)
            : name.endsWith('gate.bias')
              ? tf.fill(value.shape, bias)
              : value,
        ]),
      );
    const open = { ...delta.method, modifications: delta.method.modifications.map((m) => ungated(m)) } as Method;
    const ungatedDelta = { method: open, shape: delta.shape, constants: delta.constants, variables: delta.variables };
    // gated prefixes of no weight still share the attention's mass, as prefix tuning does
    if (!written.includes('l='))
      expect(
        gap(
          () => bench.outputs(delta, shut(-40)),
          () => bench.run(bench.model, {}),
        ),
      ).toBeLessThan(1e-4);
    expect(
      gap(
        () => bench.outputs(delta, shut(40)),
        () => bench.outputs(ungatedDelta),
      ),
    ).toBeLessThan(1e-4);
    expect(
      gap(
        () => bench.outputs(delta, shut(40)),
        () => bench.outputs(delta, shut(-40)),
      ),
    ).toBeGreaterThan(1e-3);
    delta.dispose();
  });

  function ungated(m: Method['modifications'][number]): Method['modifications'][number] {
    if (m.composition.kind !== 'inputGate') return m;
    return {
      ...m,
      composition:
        m.form.kind === 'prefix'
          ? { kind: 'massGate' }
          : { kind: 'scaledAdd', scale: { kind: 'fixed', value: m.composition.scale } },
    } as typeof m;
  }

  it.each(architectures)("%s: prefix and text share the attention's mass, which is 1 in all", (family) => {
    const bench = benchOf(family);
    const delta = moved(bench, 'point:site=attn.heads,form=prefix,l=3', 1, 0.2);
    // values of ones beside heads of ones: whatever the gate, the shares add up to them
    const ones = Object.fromEntries(
      Object.entries(delta.variables).map(([name, value]) => [
        name,
        name.endsWith('values') ? tf.onesLike(value) : value,
      ]),
    );
    const visit = visitFor(delta.method, bench.model.shape, ones, quiet);
    let furthest = 0;
    tf.dispose(
      bench.run(bench.model, {
        visit: Object.assign(
          (point: Parameters<typeof visit>[0]): Tensor => {
            if (point.site !== 'attn.heads') return point.output;
            const shared = visit({ ...point, output: tf.onesLike(point.output) });
            furthest = Math.max(
              furthest,
              tf.tidy(() => tf.max(tf.abs(tf.sub(shared, 1))).dataSync()[0] as number),
            );
            return point.output;
          },
          { sites: new Set(['attn.heads'] as const) },
        ),
      }),
    );
    expect(furthest).toBeLessThan(1e-5);
    delta.dispose();
    tf.dispose(ones);
  });
});
