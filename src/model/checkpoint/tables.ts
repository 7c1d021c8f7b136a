import { UserError } from '../../errors';
import type { ModelShape } from '../shape';
import { hasCrossAttention } from '../shapes';
import { plainTarget, type Target } from './names';
import { sameValues, type StoredTensor } from './stored';

/** Which tables of words and of the output a checkpoint stores apart, and the weights that each of them is. */
export interface Tables {
  readonly shape: ModelShape;
  /** By stored name. A table that only repeats another is no weight. */
  readonly targets: ReadonlyMap<string, readonly Target[]>;
}

const tableNames = ['embedding.word', 'encoder.word', 'decoder.word', 'output.weight'] as const;
type Table = (typeof tableNames)[number];

/**
 * Settles which tables are one. transformers 5 uses every table that a file holds, whatever the config says of tying;
 * transformers 4 overwrites tied ones by the shared table, so that a file of that time with a table of its own has two
 * readings and is refused.
 * @param owned the file's writer uses tables that differ though the config ties them (transformers 5)
 */
export function tablesOf(
  tensors: readonly StoredTensor[],
  shape: ModelShape,
  { source, namesOf, owned }: { source: string; namesOf: (stored: string) => readonly Target[]; owned: boolean },
): Tables {
  const stored = new Map<Table, StoredTensor>();
  for (const tensor of tensors) {
    const table = tableNames.find((name) => namesOf(tensor.name)[0]?.name === name);
    if (table !== undefined && !stored.has(table)) stored.set(table, tensor);
  }
  const own = (table: Table): StoredTensor | undefined => stored.get(table);
  const shared = own('embedding.word') ?? own('encoder.word') ?? own('decoder.word');
  if (shared === undefined) return { shape, targets: new Map() };
  const differing = (table: Table): StoredTensor | undefined => {
    const tensor = own(table);
    return tensor === undefined || sameValues(tensor, shared) ? undefined : tensor;
  };
  const both = hasCrossAttention(shape);
  const [encoder, decoder] = [
    both ? differing('encoder.word') : undefined,
    both ? differing('decoder.word') : undefined,
  ];
  const output = shape.output.kind === 'own' ? own('output.weight') : differing('output.weight');
  const tied = shape.output.kind === 'own' ? (encoder ?? decoder) : (output ?? encoder ?? decoder);
  // An untied BART has tables of its own in transformers 4, too; both stacks of its T5 are given the shared one.
  const ignored = shape.output.kind === 'own' && shape.family !== 't5' && shape.family !== 'mt5' ? undefined : tied;
  if (!owned && ignored !== undefined)
    throw new UserError(
      `${source}: tensor ${ignored.name} differs from ${shared.name}, with which config.json ties it; transformers 4 drops it and transformers 5 uses it: save the model again with the version that you mean`,
    );
  return placed(shape, { shared, encoder, decoder, output, all: [...stored.values()] });
}

interface Stored {
  readonly shared: StoredTensor;
  readonly encoder: StoredTensor | undefined;
  readonly decoder: StoredTensor | undefined;
  readonly output: StoredTensor | undefined;
  readonly all: readonly StoredTensor[];
}

/** `embedding.word` is what the first stack reads; the decoder's table and the output's are weights where they differ. */
function placed(shape: ModelShape, { shared, encoder, decoder, output, all }: Stored): Tables {
  const targets = new Map<string, readonly Target[]>(all.map(({ name }) => [name, []]));
  const put = ({ name }: StoredTensor, target: Target): void => {
    targets.set(name, [...(targets.get(name) ?? []), target]);
  };
  const word = encoder ?? shared;
  const spoken = decoder ?? shared;
  const written = output ?? shared;
  const ownWords = spoken !== word;
  const ownOutput = shape.output.kind === 'own' || (shape.output.kind === 'tied' && written !== word);
  put(word, plainTarget('embedding.word', false));
  if (ownWords) put(spoken, plainTarget('decoder.word', false));
  if (ownOutput && (shape.output.kind === 'tied' || output !== undefined))
    put(written, plainTarget('output.weight', true));
  return {
    shape: {
      ...shape,
      ...(ownWords ? { decoderWords: true } : {}),
      output: ownOutput ? { ...shape.output, kind: 'own' } : shape.output,
    },
    targets,
  };
}
