import { heatMap, type HeatCell } from '../plots/heat-map';
import type { Figure } from '../plots/figure';
import { scoreWithout, type SpanRecord } from '../experiments/span-record';
import { spansOf } from '../tasks/spans';

/**
 * Figure 6 of Houlsby et al. 2019: the change of accuracy, in points, where the adapters of layers first (rows) to last
 * (columns) are left out and nothing is trained again. Layers count from 1.
 */
export function spanFigure(record: SpanRecord): Figure {
  const all = scoreWithout(record, null);
  const cells = spansOf(record.layers).flatMap((span): readonly HeatCell[] => {
    if (span === null) return [];
    const [first, last] = span;
    const value = 100 * (scoreWithout(record, span) - all);
    return [{ row: `from ${first + 1}`, column: `to ${last + 1}`, value }];
  });
  return heatMap(cells, {
    name: `spans-${record.task}`,
    title: `Adapters left out of layers on ${record.task}`,
    subtitle: `${record.method}, accuracy ${(100 * all).toFixed(1)}% with all of them, ${record.seeds.length} seeds`,
    unit: 'points',
    axes: ['first layer left out', 'last layer left out'],
    text: (value) => (Math.abs(value) < 0.05 ? '0.0' : value.toFixed(1)),
  });
}
