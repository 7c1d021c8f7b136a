import type { ModelShape } from '../model/shape';
import { stacksOf } from '../model/shapes';
import type { Site } from '../model/site';
import { compositionOf } from '../petl/design/composition';
import { keyValueWidth, placesOf } from '../petl/design/places';
import type { Method, Modification } from '../petl/design/types';
import { sizeOf, type VariableSpec } from '../petl/forms/spec';
import { specsOf } from '../petl/forms/variables';
import type { Cell } from '../plots/figure';

/** One box: a modification or a prompt with what it trains. */
export interface Change {
  readonly key: string;
  readonly site: Site;
  readonly reads: 'x' | 'h' | null;
  readonly lines: readonly string[];
  readonly row: Readonly<Record<string, Cell>>;
}

/** Every change with the methods, by their place, that have it. */
export function changesOf(
  methods: readonly Method[],
  shape: ModelShape,
): readonly { readonly change: Change; readonly owners: readonly number[] }[] {
  const found = new Map<string, { readonly change: Change; readonly owners: number[] }>();
  methods.forEach((method, place) => {
    for (const change of changesIn(method, shape)) {
      const known = found.get(change.key);
      if (known === undefined) found.set(change.key, { change, owners: [place] });
      else known.owners.push(place);
    }
  });
  return [...found.values()];
}

function changesIn(method: Method, shape: ModelShape): readonly Change[] {
  const specs = specsOf(method, shape);
  const stacks = stacksOf(shape);
  const last = stacks[stacks.length - 1] ?? 'encoder';
  const modifications = method.modifications.flatMap((modification, index) => {
    const places = placesOf(modification, shape);
    const first = places.find(({ stack }) => stack === last);
    const own = specs.filter((spec) => spec.modification === index);
    return first === undefined
      ? []
      : [changeOf(modification, own, { first: first.name, places: places.length, shape })];
  });
  return [...modifications, ...wordsOf(method, specs)];
}

interface At {
  /** `encoder.0.attn.query` */
  readonly first: string;
  readonly places: number;
  readonly shape: ModelShape;
}

function changeOf(modification: Modification, specs: readonly VariableSpec[], { first, places, shape }: At): Change {
  const { site, reads, form, composition } = modification;
  const here = specs.filter(({ name }) => name.startsWith(`${first}.`));
  const tensors = here.map(
    (spec) => `${shortName(spec.name, first)} [${spec.shape.join(', ')}]${spec.trained ? '' : ' frozen'}`,
  );
  const trained = (list: readonly VariableSpec[]): number =>
    list.reduce((sum, spec) => sum + (spec.trained ? sizeOf(spec.shape) : 0), 0);
  const putBack = compositionOf(composition, form, reads);
  const beside = form.kind === 'prefix' ? `, ${form.length} keys and values of ${keyValueWidth(shape)}` : '';
  return {
    key: JSON.stringify(modification),
    site,
    reads: form.kind === 'prefix' || reads.startsWith('x') || reads.startsWith('query') ? 'x' : 'h',
    lines: [
      `${site}: ${form.kind}, reads ${reads}${beside}`,
      tensors.join(', '),
      `h ← ${putBack}`,
      trainedWords(trained(here), trained(specs), places),
    ].filter((line) => line !== ''),
    row: {
      site,
      form: form.kind,
      reads,
      composition: putBack,
      tensors: tensors.join(', '),
      here: trained(here),
      all: trained(specs),
    },
  };
}

/** Tensors that all places share belong to none of them alone. */
function trainedWords(here: number, all: number, places: number): string {
  const whole = `${all.toLocaleString('en-US')} in ${places} places`;
  return here === 0 ? `${whole}, shared` : `${here.toLocaleString('en-US')} trained here, ${whole}`;
}

/** `bottleneck.down` of `encoder.0.attn.query.bottleneck.down`: the form's own name is said before. */
function shortName(name: string, first: string): string {
  return name.slice(first.length + 1).replace(/^(bottleneck|prefix|diagonal)\d*\./, '');
}

/** What stands at the table of words: a prompt's vectors, rows of the table that train. */
function wordsOf(method: Method, specs: readonly VariableSpec[]): readonly Change[] {
  const { prompt, passes } = method;
  const vectors = prompt.kind === 'none' ? '' : `prompt: ${prompt.length} vectors before the text`;
  const second = passes.kind === 'once' ? '' : 'a second pass reads c(h), GELU(LN(h) W_down) W_up';
  const how = passes.kind === 'twice' && passes.words === 'kept' ? 'added to the words' : 'in place of the words';
  return [
    ...wordChange(specs, 'prompt', { head: vectors, composition: 'put before' }),
    ...wordChange(specs, 'connector', { head: second, composition: how }),
    ...wordChange(specs, 'tokenRows', { head: 'rows of the table that train', composition: 'added to the rows' }),
  ];
}

function wordChange(
  specs: readonly VariableSpec[],
  part: 'prompt' | 'connector' | 'tokenRows',
  { head, composition }: { readonly head: string; readonly composition: string },
): readonly Change[] {
  const own = specs.filter(({ modification }) => modification === part);
  if (own.length === 0) return [];
  const tensors = own.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ');
  const all = own.reduce((sum, spec) => sum + (spec.trained ? sizeOf(spec.shape) : 0), 0);
  return [
    {
      key: JSON.stringify([part, tensors]),
      site: 'embedding',
      reads: null,
      lines: [head, tensors, `${all.toLocaleString('en-US')} trained`],
      row: { site: 'embedding', form: part, reads: '', composition, tensors, here: all, all },
    },
  ];
}
