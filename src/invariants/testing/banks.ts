import { tf, type Tensor } from '../../engine/tf';
import { Bank } from '../../petl/bank/bank';
import type { Merged } from '../../petl/bank/merge';
import { promptLength } from '../../petl/forms/modify';
import { moved, type Bench } from './bench';

/** The model under the adapters that are on. */
export function active({ model, run }: Bench, bank: Bank, ...names: readonly string[]): Tensor {
  return bank.within(names, () => {
    const length = names.map((name) => promptLength(bank.get(name).method)).find((l) => l > 0) ?? 0;
    const { weights, ...how } = bank.apply(model.weights, { noise: undefined, sequenceMean: (x) => x });
    return run({ shape: model.shape, weights }, how, length);
  });
}

/** Adapters by name, from written forms. */
export function bankOf(bench: Bench, adapters: Readonly<Record<string, string>>): Bank {
  const bank = new Bank(bench.model.shape);
  Object.entries(adapters).forEach(([name, written], i) => {
    bank.add(name, moved(bench, written, i + 1, 0.1));
  });
  return bank;
}

/** Frees what a merge made. */
export function free({ changed, weights }: Merged): void {
  tf.dispose(changed.map((name) => weights[name] as Tensor));
}
