import { shapeNamed } from '../experiments/store/counts';
import { fitBudget } from '../petl/counts/budget';
import { count } from '../petl/counts/count';
import type { Method } from '../petl/design/types';
import type { Table } from '../plots/table';
import type { PublishedCount } from './published-counts';

/** Five counts of each method on a model, the share by the source's own convention, and what was printed. */
export function countTable(model: string, methods: readonly Method[], printed: readonly PublishedCount[] = []): Table {
  const shape = shapeNamed(model);
  const rows = methods.map((method) => {
    const { trained, used, stored, paper, share } = count(method, shape);
    const found = printed.find((row) => row.backbone === model && sameCount(row.method, method.name));
    return [
      method.name,
      ...[trained, used, stored, paper].map((n) => n.toLocaleString('en')),
      (100 * share).toFixed(2),
      found === undefined ? '' : `${found.printed}  (${found.source.replace(/^(\w+) et al\. (\d+), /, '$1 $2, ')})`,
    ];
  });
  const numbers = ['trained', 'used', 'stored', 'paper', 'paper %'];
  return {
    columns: [
      { title: `on ${model}`, align: 'left' },
      ...numbers.map((title) => ({ title, align: 'right' }) as const),
      { title: 'printed %', align: 'left' },
    ],
    rows,
  };
}

/** Written forms without what no count of the paper sees: the prefix's MLP and the scale. */
function sameCount(a: string, b: string): boolean {
  const plain = (written: string): string => written.replace(/,(mlp|s)=[\w.]+/g, '');
  return plain(a) === plain(b);
}

/** The largest size of each family within a share of each model. */
export function budgetTable(families: readonly string[], models: readonly string[], share: string): Table {
  const cell = (family: string, model: string): string => {
    const { method, counts } = fitBudget(family, shapeNamed(model), share);
    return `${method.name}  ${(100 * counts.share).toFixed(3)}%`;
  };
  return {
    columns: [
      { title: `within ${share}`, align: 'left' },
      ...models.map((model) => ({ title: model, align: 'left' }) as const),
    ],
    rows: families.map((family) => [family, ...models.map((model) => cell(family, model))]),
  };
}
