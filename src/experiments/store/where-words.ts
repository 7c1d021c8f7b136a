export const operators = ['!=', '!~', '<=', '>=', '=', '~', '<', '>'] as const;
export type Operator = (typeof operators)[number];

/** A word of a condition, an operator or a quoted text, and whether it follows the one before it without a space. */
export interface Word {
  readonly text: string;
  readonly joined: boolean;
}

const isOperator = (text: string): text is Operator => (operators as readonly string[]).includes(text);
const isQuoted = (text: string): boolean => text.length > 1 && /^["']/.test(text);

/** Words, operators apart, quoted texts whole. */
export function wordsOf(text: string): readonly Word[] {
  return [...text.matchAll(/"[^"]*"|'[^']*'|[!<>]=|!~|[=~<>]|[^\s=~<>!"']+|\S/g)].map(({ 0: word, index = 0 }) => ({
    text: word,
    joined: index > 0 && !/\s/.test(text.charAt(index - 1)),
  }));
}

export interface Compared {
  readonly name: string;
  readonly operator: Operator;
  readonly value: string;
}

/** A comparison in three parts; a line on what is wrong with it where it is none. */
export function comparedIn(words: readonly Word[]): Compared | string {
  const [name, operator, ...rest] = words;
  const [first, ...more] = rest;
  const said = words.map(({ text, joined }, i) => (joined || i === 0 ? text : ` ${text}`)).join('');
  if (name === undefined || operator === undefined || first === undefined || !isOperator(operator.text))
    return `${said || 'nothing'} is no comparison: write FIELD=VALUE, with one of ${operators.join(' ')}`;
  // The rest is one value: written forms have `=` and `,` of their own.
  if (rest.some(({ text }) => text === '"' || text === "'"))
    return `${said} has a quote that is not closed: close it, or put the value in the other quotes`;
  if (more.some(({ joined }) => !joined) || (rest.some(({ text }) => isQuoted(text)) && more.length > 0))
    return `${said} has more than one value: join comparisons by and, or put a value with spaces in quotes`;
  if (isOperator(first.text) || first.text === '!')
    return `${said} has two operators: write one of ${operators.join(' ')}, or put the value in quotes`;
  const value = rest.map(({ text }) => text).join('');
  return { name: name.text, operator: operator.text, value: isQuoted(value) ? value.slice(1, -1) : value };
}
