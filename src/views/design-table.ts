import type { ModelShape } from '../model/shape';
import { knownShapes } from '../model/shapes';
import { compositionOf } from '../petl/design/composition';
import { describeMethod, groupsOf, type DesignRow } from '../petl/design/describe';
import type { Method } from '../petl/design/types';
import { families, parseMethod } from '../petl/design/written';
import type { Table } from '../plots/table';

/**
 * Methods as points of the four dimensions with the formula of what they train; left out, one of every family. The
 * formulas are those of a
 * model's architecture, BERT's unless another shape is given; for their letters see `petl/formula`.
 */
export function designTable(
  methods: readonly Method[] = Object.values(families).map(({ example }) => parseMethod(example)),
  shape: ModelShape = bert(),
): Table {
  const titles = ['method', 'Δh', 'insertion', 'modified representation', 'composition', 'trained'];
  return {
    columns: titles.map((title) => ({ title, align: 'left' })),
    rows: methods.flatMap((method) => describeMethod(method, shape).map((row, index) => cells(row, index === 0))),
  };
}

function cells(
  { method, sites, insertion, form, composition, parameters }: DesignRow,
  named: boolean,
): readonly string[] {
  return [named ? method : '', form, insertion, sites, composition, parameters.map(({ text }) => text).join(', ')];
}

function bert(): ModelShape {
  const shape = knownShapes['bert-base-uncased'];
  if (shape === undefined) throw new Error('no shape bert-base-uncased');
  return shape;
}

/** down, f and up side by side. */
export function sideBySide(methods: readonly Method[]): Table {
  const titles = ['method', 'reads', 'down', 'f', 'up', 'put back by'];
  const rows = methods.flatMap((method) =>
    groupsOf(method)
      .filter(([{ site }]) => !site.startsWith('cross'))
      .map(([{ form, reads, composition }], index) => {
        const row = { method: index === 0 ? method.name : '', composition: compositionOf(composition, form, reads) };
        if (form.kind === 'diagonal') return [row.method, 'h', '', '', '', row.composition];
        if (form.kind === 'lookup') return [row.method, 'segment', '', '', 'E[segment]', row.composition];
        const prefix = form.kind === 'prefix';
        return [
          row.method,
          prefix ? 'x' : reads,
          prefix ? 'W_q P_kᵀ, per head' : 'W_down',
          prefix ? 'softmax' : form.activation,
          prefix ? 'P_v, per head' : 'W_up',
          row.composition,
        ];
      }),
  );
  return { columns: titles.map((title) => ({ title, align: 'left' })), rows };
}
