import type { Activation, Composition, Form, Method, Modification, Reads } from '../petl/design';
import type { Table } from '../plots/table';

/** A method along the four dimensions of He et al. 2021, section 3.2, in the words and letters of its Table 1. */
export interface DesignRow {
  readonly method: string;
  readonly change: string;
  readonly insertion: string;
  readonly sites: string;
  readonly composition: string;
  /** Matrices added to one layer, as a formula. */
  readonly size: string;
}

/** The table's rows as the values of a method say them; one row for each kind of modification. */
export function designRows(method: Method): readonly DesignRow[] {
  return groupsOf(method).map((group, index) => {
    const { form, reads, composition } = group[0];
    return {
      method: index === 0 ? method.name : '', change: changeOf(form, reads), insertion: insertionOf(reads),
      sites: group.map(({ site }) => site).filter((site) => !site.startsWith('cross')).join(', '), composition: compositionOf(composition, form, reads), size: sizeOf(form, group),
    };
  });
}

type Group = [Modification, ...Modification[]];

/** Modifications that differ in their site alone stand together. */
function groupsOf({ modifications }: Method): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const modification of modifications) {
    const key = JSON.stringify([modification.form, modification.reads, modification.composition]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [modification]);
    else group.push(modification);
  }
  return [...groups.values()];
}

export function designTable(methods: readonly Method[]): Table {
  const titles = ['method', 'Δh', 'insertion', 'modified representation', 'composition', 'matrices in a layer'];
  return {
    columns: titles.map((title) => ({ title, align: 'left' })),
    rows: methods.flatMap(designRows).map(({ method, change, insertion, sites, composition, size }) => [method, change, insertion, sites, composition, size]),
  };
}

/** down, f and up side by side. */
export function sideBySide(methods: readonly Method[]): Table {
  const titles = ['method', 'reads', 'down', 'f', 'up', 'put back by'];
  const rows = methods.flatMap((method) => groupsOf(method).map(([{ form, reads, composition }], index) => {
    const row = { method: index === 0 ? method.name : '', composition: compositionOf(composition, form, reads) };
    if (form.kind === 'diagonal') return [row.method, 'h', '', '', '', row.composition];
    const prefix = form.kind === 'prefix';
    return [row.method, letterOf(reads), prefix ? 'W_q P_kᵀ, per head' : 'W_down', prefix ? 'softmax' : form.activation, prefix ? 'P_v, per head' : 'W_up', row.composition];
  }));
  return { columns: titles.map((title) => ({ title, align: 'left' })), rows };
}

const names: Readonly<Record<Activation, string>> = {
  identity: '', relu: 'ReLU', gelu: 'GELU', geluTanh: 'GELU', silu: 'SiLU', tanh: 'tanh', sigmoid: 'sigmoid', softmax: 'softmax',
};

function changeOf(form: Form, reads: Reads): string {
  if (form.kind === 'prefix') return 'softmax(x W_q P_kᵀ) P_v';
  if (form.kind === 'diagonal') return 'l';
  const inner = form.perHead ? 'x W_q P_kᵀ' : `${letterOf(reads)} W_down`;
  const f = names[form.activation];
  const up = form.perHead ? 'P_v' : 'W_up';
  return `${f === '' ? inner : `${f}(${inner})`} ${up}`;
}

function letterOf(reads: Reads): string {
  if (reads === 'x' || reads === 'query' || reads === 'query(norm(x))') return 'x';
  return { h: 'h', residual: 'residual', 'h+residual': '(h + residual)', 'norm(h+residual)': 'norm(h + residual)' }[reads];
}

function insertionOf(reads: Reads): string {
  return reads === 'h' || reads === 'h+residual' || reads === 'norm(h+residual)' ? 'sequential' : 'parallel';
}

function compositionOf(composition: Composition, form: Form, reads: Reads): string {
  switch (composition.kind) {
    case 'add': return 'h + Δh';
    case 'scaledAdd': return composition.scale.kind === 'fixed' ? `h + s Δh, s = ${Number(composition.scale.value.toPrecision(3))}` : 'h + s Δh, s learned';
    case 'massGate': return '(1 − λ) h + λ Δh';
    case 'inputGate': return `h + g(${letterOf(reads)}) Δh`;
    case 'multiply': return form.kind === 'diagonal' ? 'l h' : 'h (1 + Δh)';
    case 'renormalise': return 'm (W + s ΔW) / |W + s ΔW| x';
  }
}

/** `2 l d`, `r (2 d + 2 d_m)`: the sum over the modification's sites; d is the model's width, d_m the FFN's. */
function sizeOf(form: Form, group: readonly Modification[]): string {
  if (form.kind === 'diagonal') return sum(group.filter(({ site }) => !site.startsWith('cross')).map(({ site }) => (site === 'ffn.up' || site === 'ffn.mid' ? [0, 1] : [1, 0])), '');
  if (form.kind === 'prefix') return 'l (2 d)';
  if (form.factors.kind === 'phm' || form.factors.kind === 'frozenRandom') return 'see its paper';
  const own = group.filter(({ site }) => !site.startsWith('cross')).map(({ site, reads }): readonly [number, number] => {
    const wideIn = reads === 'x' ? site === 'ffn.down' : site === 'ffn.up' || site === 'ffn.mid';
    const wideOut = site === 'ffn.up' || site === 'ffn.mid';
    return [Number(!wideIn) + Number(!wideOut), Number(wideIn) + Number(wideOut)];
  });
  return sum(own, 'r');
}

function sum(terms: readonly (readonly [number, number])[], size: string): string {
  const [d, wide] = terms.reduce(([a, b], [x, y]) => [a + x, b + y], [0, 0] as readonly [number, number]);
  const parts = [[d, 'd'], [wide, 'd_m']].filter(([times]) => times !== 0).map(([times, letter]) => (times === 1 ? String(letter) : `${times} ${letter}`));
  return size === '' ? parts.join(' + ') : `${size} (${parts.join(' + ')})`;
}
