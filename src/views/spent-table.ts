import type { Spent } from '../experiments/studies/spent';
import type { Table } from '../plots/table';

const titles = ['compute spent on', 'runs', 'hours', 'trials of rates', 'their hours'];

/** Runs and trials of one name in one row, all of them in the last; hours are summed over runs. */
export function spentTable(all: readonly Spent[]): Table {
  const names = [...new Set(all.map(({ name }) => name))];
  return {
    columns: titles.map((title, c) => ({ title, align: c === 0 ? 'left' : 'right' })),
    rows: [...names.map((name) => [name, ...cells(all.filter((one) => one.name === name))]), ['all', ...cells(all)]],
  };
}

function cells(own: readonly Spent[]): readonly string[] {
  return (['runs', 'trials'] as const).flatMap((kind) => {
    const of = own.filter((one) => one.kind === kind);
    const total = (key: 'count' | 'hours'): number => of.reduce((sum, one) => sum + one[key], 0);
    return of.length === 0 ? ['', ''] : [String(total('count')), total('hours').toFixed(1)];
  });
}
