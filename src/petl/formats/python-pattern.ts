import { runInNewContext } from 'node:vm';
import { UserError } from '../../errors';

/** Which of Python's two ways a pattern must match a name in: `re.match` (at its start) or `re.fullmatch`. */
export type Anchoring = 'start' | 'whole';

/** What stands for a pattern of Python's `re` here, on ASCII names without line breaks. */
interface Translated {
  readonly source: string;
  /** Whether letters of either case are meant from here on, as `(?i)` at the beginning says. */
  readonly folded: boolean;
  readonly at: number;
}

/** Milliseconds that a pattern may take on all names together; Python would take as long. */
const patience = 1000;

/**
 * Which names a pattern of Python's `re` matches, as Python says, and what its group `idx` holds there.
 * @throws UserError where the pattern is none, means something that JavaScript cannot say, or takes too long
 */
export function matching(
  pattern: string,
  names: readonly string[],
  anchoring: Anchoring,
): ReadonlyMap<string, string | undefined> {
  const expression = compiled(`^(?:${translated(pattern)})${anchoring === 'whole' ? '$' : ''}`, pattern);
  const foreign = names.find((name) => !/^[\x20-\x7e]*$/.test(name));
  if (foreign !== undefined)
    throw refusal(pattern, `it is held against ${JSON.stringify(foreign)}, which is not ASCII`);
  const found = searched(expression, pattern, names);
  return new Map(
    names.flatMap((name, i) => {
      const groups = found[i] ?? null;
      return groups === null ? [] : [[name, groups.idx] as const];
    }),
  );
}

/** The groups of each match, null for none. In a context of its own a search can be given up. */
function searched(expression: RegExp, pattern: string, names: readonly string[]): readonly (Groups | null)[] {
  const program = 'names.map((name) => { const found = expression.exec(name); return found && { ...found.groups }; })';
  try {
    return runInNewContext(program, { names, expression }, { timeout: patience }) as (Groups | null)[];
  } catch {
    throw refusal(pattern, `it takes more than ${patience} ms on the names of this model's modules`);
  }
}

type Groups = Readonly<Record<string, string | undefined>>;

function compiled(source: string, pattern: string): RegExp {
  try {
    return new RegExp(source);
  } catch {
    throw refusal(pattern, 'it is not well formed');
  }
}

function refusal(pattern: string, reason: string): UserError {
  return new UserError(
    `adapter_config.json: the pattern ${JSON.stringify(pattern)} is not taken over: ${reason}; name the modules one by one`,
  );
}

/** The source of a regular expression of JavaScript that means the same. @throws UserError where there is none */
export function translated(pattern: string): string {
  const { source, at } = alternatives(pattern, 0, false);
  if (at < pattern.length) throw refusal(pattern, 'a bracket closes that none opened');
  return source;
}

/** Up to the bracket that closes the group, or the end. */
function alternatives(pattern: string, from: number, outer: boolean): Translated {
  let [source, at, folded] = ['', from, outer];
  while (at < pattern.length && pattern[at] !== ')') {
    const next = pattern[at] === '|' ? { source: '|', at: at + 1, folded } : piece(pattern, at, folded);
    [source, at, folded] = [source + next.source, next.at, next.folded];
  }
  return { source, at, folded };
}

function piece(pattern: string, at: number, folded: boolean): Translated {
  const letter = pattern[at] as string;
  if (letter === '(') return group(pattern, at, folded);
  if (letter === '[') return letters(pattern, at, folded);
  if (letter === '\\') return escape(pattern, at, folded);
  if ('*+?{'.includes(letter)) return repetition(pattern, at, folded);
  const plain = '^$.'.includes(letter) ? letter : literal(letter, folded);
  return { source: plain, at: at + 1, folded };
}

/** One character as it stands, of either case where that is meant. */
function literal(letter: string, folded: boolean): string {
  if (folded && /[a-zA-Z]/.test(letter)) return `[${letter.toLowerCase()}${letter.toUpperCase()}]`;
  return /[\w\s]/.test(letter) ? letter : `\\${letter}`;
}

/** `*`, `+`, `?`, `{m,n}` with `?` for as few as possible. `{,n}` begins at 0 in Python, `{x` is text. */
function repetition(pattern: string, at: number, folded: boolean): Translated {
  const [whole, , low = '', comma = '', high = ''] = /^([*+?]|\{(\d*)(,?)(\d*)\})/.exec(pattern.slice(at)) ?? [];
  if (whole === undefined || whole === '{}') return { source: '\\{', at: at + 1, folded };
  if (whole === '{,}') throw refusal(pattern, 'versions of Python read {,} differently');
  const end = at + whole.length;
  if (pattern[end] === '+')
    throw refusal(pattern, `${whole}+ never gives back what it took, which JavaScript cannot say`);
  const source = whole.startsWith('{') ? `{${low === '' ? '0' : low}${comma}${high}}` : whole;
  const lazy = pattern[end] === '?' ? '?' : '';
  return { source: source + lazy, at: end + lazy.length, folded };
}

/** Escapes that both languages read alike, and Python's own ends of a text. */
function escape(pattern: string, at: number, folded: boolean): Translated {
  const letter = pattern[at + 1];
  const done = (source: string): Translated => ({ source, at: at + 2, folded });
  if (letter === undefined) throw refusal(pattern, 'it ends in a backslash');
  if (letter === 'A') return done('^');
  if (letter === 'Z') return done('$');
  if ('dDwWsSbB'.includes(letter)) return done(`\\${letter}`);
  if (/[a-zA-Z0-9]/.test(letter)) throw refusal(pattern, `\\${letter} has no counterpart in JavaScript`);
  return done(literal(letter, folded));
}

const opening =
  /^\((?:\?(?:(?<plain>:|=|!|<=|<!)|P<(?<name>[A-Za-z_]\w*)>|#(?<remark>[^)]*)\)|(?<flags>[a-zA-Z]*)(?<off>-[a-zA-Z]+)?(?<scope>[:)])))?/;

function group(pattern: string, at: number, folded: boolean): Translated {
  const found = opening.exec(pattern.slice(at));
  const head = found?.[0] ?? '(';
  const { plain, name, remark, flags, off, scope } = found?.groups ?? {};
  if (head === '(' && pattern[at + 1] === '?')
    throw refusal(pattern, `${pattern.slice(at, at + 3)} has no counterpart in JavaScript`);
  if (remark !== undefined) return { source: '', at: at + head.length, folded };
  if (flags !== undefined && scope === ')') return global(pattern, at, { head, flags: flags + (off ?? '') });
  const inner = flags === undefined ? folded : scoped(pattern, flags, off ?? '', folded);
  const opened =
    name === undefined ? (plain === undefined && flags === undefined ? '(' : `(?${plain ?? ':'}`) : `(?<${name}>`;
  const { source, at: end } = alternatives(pattern, at + head.length, inner);
  if (pattern[end] !== ')') throw refusal(pattern, 'a bracket is not closed');
  return { source: `${opened}${source})`, at: end + 1, folded };
}

/** Flags that change nothing on ASCII names without line breaks: a (ASCII), u (Unicode), s (dot matches all), m (many lines). */
const idle = /^[ausm]*$/;

/** `(?i)`, which Python takes at the very beginning alone. */
function global(
  pattern: string,
  at: number,
  { head, flags }: { readonly head: string; readonly flags: string },
): Translated {
  if (at > 0) throw refusal(pattern, `${head} must stand at the beginning`);
  if (!idle.test(flags.replaceAll('i', ''))) throw refusal(pattern, `${head} has no counterpart in JavaScript`);
  return { source: '', at: head.length, folded: flags.includes('i') };
}

/** Whether letters of either case are meant in `(?i:`, `(?-i:`. */
function scoped(pattern: string, flags: string, off: string, folded: boolean): boolean {
  const rest = (flags + off.slice(1)).replaceAll('i', '');
  if (!idle.test(rest)) throw refusal(pattern, `(?${flags}${off}: has no counterpart in JavaScript`);
  return off.includes('i') ? false : folded || flags.includes('i');
}

/** `[...]`: the first bracket that closes is a letter in Python. */
function letters(pattern: string, at: number, folded: boolean): Translated {
  const [whole, not = '', body = ''] = /^\[(\^?)(\]?(?:\\[^]|[^\]\\])*)\]/.exec(pattern.slice(at)) ?? [];
  if (whole === undefined) throw refusal(pattern, 'a bracket is not closed');
  if (/\[|--|&&|\|\||~~/.test(body)) throw refusal(pattern, `versions of Python read ${whole} differently`);
  const parts = [...body.matchAll(/(\\[^]|[^\\])(?:-(\\[^]|[^\\]))?/g)].map(([, one = '', other]) =>
    other === undefined ? member(pattern, one, folded) : range(pattern, [one, other], folded),
  );
  return { source: `[${not}${parts.join('')}]`, at: at + whole.length, folded };
}

function member(pattern: string, one: string, folded: boolean): string {
  if (/^\\[dDwWsS]$/.test(one)) return one;
  const letter = plainLetter(pattern, one);
  return folded && /[a-zA-Z]/.test(letter) ? letter.toLowerCase() + letter.toUpperCase() : quoted(letter);
}

function range(pattern: string, [from, to]: readonly [string, string], folded: boolean): string {
  const [low, high] = [plainLetter(pattern, from), plainLetter(pattern, to)];
  const all = Array.from({ length: Math.max(0, high.charCodeAt(0) - low.charCodeAt(0) + 1) }, (_, i) =>
    String.fromCharCode(low.charCodeAt(0) + i),
  );
  if (all.length === 0) throw refusal(pattern, `${from}-${to} is no range`);
  const span = `${quoted(low)}-${quoted(high)}`;
  if (!folded) return span;
  return (
    span +
    all
      .filter((letter) => /[a-zA-Z]/.test(letter))
      .map((letter) => letter.toLowerCase() + letter.toUpperCase())
      .join('')
  );
}

function plainLetter(pattern: string, text: string): string {
  if (text.length === 1) return text;
  if (/^\\[a-zA-Z0-9]$/.test(text)) throw refusal(pattern, `[${text}] has no counterpart in JavaScript`);
  return text.slice(1);
}

const quoted = (letter: string): string => (/\w/.test(letter) ? letter : `\\${letter}`);
