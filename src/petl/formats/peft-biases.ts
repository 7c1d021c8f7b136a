import { canonicalNames } from '../../model/checkpoint/names';
import { weightShapes } from '../../model/shapes';
import { bitfit, combine } from '../design/methods';
import { unfrozenNames } from '../forms/unfrozen';
import { byName, cannot, onlyOnce, word, type Base } from './base';
import { headName } from './heads';
import { regrouped, together } from './joint';
import { bare, blockParts, isNormPart, modulePath, normModules } from './modules';
import type { Made } from './peft-lora-write';
import type { Read, Source } from './peft-modules';
import { rows, type Named, type Values } from './values';

const stored = /^base_model\.model\.(.+?)(?:\.base_layer)?\.bias$/;

/** The adapter with the model's biases that trained beside it (`bias`); those that the file lacks stay as they are. */
export function withBiases({ own, used }: Read, { config, tensors, base }: Source): Read {
  const which = word(config, 'bias') ?? 'none';
  if (which === 'none') return { own, used }; // biases in the file are left over then
  if (!['all', 'lora_only', 'vera_only'].includes(which)) throw cannot(`bias = "${which}"`, 'PEFT knows no such word');
  const free = Object.keys(tensors).filter((name) => stored.test(name) && !used.includes(name) && !headName.test(name));
  const named = free.flatMap((name) =>
    Object.entries(canonical(name, tensors, base)).map(([own, values]) => [own, { name, values }] as const),
  );
  const found = onlyOnce(named);
  const wanted = Object.keys(weightShapes(base.shape)).filter((name) => found.has(name));
  if (wanted.length === 0) return { own, used };
  const method = combine(own.method, bitfit());
  const all = unfrozenNames(bitfit(), base.shape).map((name): [string, Values] => [
    name,
    found.get(name)?.values ?? { shape: weightShapes(base.shape)[name] ?? [], values: base.weight(name) },
  ]);
  const taken = free.filter((name) => Object.keys(canonical(name, tensors, base)).length > 0);
  return { own: { method, tensors: { ...own.tensors, ...Object.fromEntries(all) } }, used: [...used, ...taken] };
}

/** A bias of theirs under our names; GPT-2 keeps those of query, key and value in one. */
function canonical(name: string, tensors: Named, base: Base): Named {
  const module = stored.exec(name)?.[1] ?? '';
  const values = tensors[name] as Values;
  const targets = canonicalNames(base.shape.family, `${bare(module)}.bias`);
  return Object.fromEntries(
    targets.map(({ name: own, piece }) => [
      own,
      piece === null ? values : pieceOf(regrouped(values, piece.byHead ? piece.names.length : 1, base), piece),
    ]),
  );
}

function pieceOf(
  values: Values,
  { names, index }: { readonly names: readonly string[]; readonly index: number },
): Values {
  const size = (values.shape[0] ?? 0) / names.length;
  return rows(values, index * size, (index + 1) * size);
}

/** Every bias of the model's own that trained, beside LoRA or its kin: `bias="all"`. */
export function writeBiases({ config, tensors }: Made, own: Named, base: Base): Made {
  const changed = new Set(Object.keys(tensors).map((name) => /^(.*)\.(?:lora|vera)_/.exec(name)?.[1] ?? ''));
  const weights = new Map<string, Values[]>();
  const put = (module: string, values: Values | undefined): void => {
    const path = `base_model.model.${module}`;
    const name = `${path}${changed.has(path) ? '.base_layer' : ''}.bias`;
    if (values !== undefined) weights.set(name, [...(weights.get(name) ?? []), values]);
  };
  for (const at of blockParts(base.shape).filter(({ part }) => part.includes('.') && !isNormPart(part)))
    put(modulePath(base.shape, at), own[`${at.stack}.${at.layer}.${at.part}.bias`]);
  for (const [norm, module] of normModules(base.shape)) put(module, own[`${norm}.bias`]);
  const made = [...weights].map(([name, parts]) => [name, together(parts, base)] as const);
  const count = [...weights.values()].flat().length;
  const wanted = unfrozenNames(bitfit(), base.shape).length;
  if (count !== wanted)
    throw cannot('training of the biases', `PEFT's names of ${wanted - count} of them are not known here`);
  return { config: { ...config, bias: 'all' }, tensors: byName([...Object.entries(tensors), ...made]) };
}
