import { parseArgs } from 'node:util';
import { commands } from './commands/list';
import type { Command, Input } from './commands/command';
import { optionLines } from './commands/options';
import { writeSync } from 'node:fs';
import { Interrupted, MachineError, UserError } from './errors';
import { explained } from './files';
import { nearest } from './petl/design/nearest';

/** Parses the command line, runs the command and gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return say(help());
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) throw new UserError(unknown(name));
  if (rest.includes('--help') || rest.includes('-h')) return say(helpOf(command));
  return await command.load()(read(command, rest));
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function help(): string {
  const listed = commands.filter(({ hidden }) => hidden !== true);
  const lines = listed.map(
    ({ name, positionals, about }) => `  ${[name, ...positionals].join(' ').padEnd(20)}  ${about}`,
  );
  return [
    'petl COMMAND: parameter-efficient transfer learning as runs, results and notebooks',
    '',
    ...lines,
    '',
    'Options of a command: petl COMMAND --help',
    'Exit codes: 0 done, 1 a run failed, 2 bad input, 130 interrupted. More: docs/commands.md',
  ].join('\n');
}

/** Usage, purpose and every option that the command takes. */
function helpOf({ usage, about, options }: Command): string {
  const lines = optionLines(options);
  return [`petl ${usage}`, '', about, ...(lines.length > 0 ? ['', 'Options:', ...lines] : [])].join('\n');
}

function unknown(name: string): string {
  const names = commands.filter(({ hidden }) => hidden !== true).map((command) => command.name);
  return `unknown command "${name}": choose from ${names.join(', ')}${nearest(name, names)}`;
}

/** Options and arguments of a command; what it does not know is a UserError. */
export function read(command: Command, args: readonly string[]): Input {
  const { values, positionals } = parse(command, args);
  const needed = command.positionals.filter((name) => !name.startsWith('[')).length;
  const most = command.positionals.some((name) => name.includes('...')) ? Infinity : command.positionals.length;
  if (positionals.length < needed)
    throw new UserError(
      `${command.positionals[positionals.length] ?? 'an argument'} is missing: petl ${command.usage}`,
    );
  if (positionals.length > most) throw new UserError(`unexpected "${positionals[most] ?? ''}": petl ${command.usage}`);
  return { values, positionals };
}

function parse({ name, options, positionals: wanted }: Command, args: readonly string[]): Input {
  try {
    const read = { args: [...args], options, allowPositionals: true, strict: true, tokens: true } as const;
    const { values, positionals, tokens } = parseArgs(read);
    demandOnce(tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : [])));
    return { values: values as Input['values'], positionals };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const dashed = dashedValue(options, args);
    if (dashed !== undefined && (error as Error).message.includes('ambiguous')) throw new UserError(dashed);
    const known = Object.keys(options).map((option) => `--${option}`);
    const message = (error as Error).message.split(/[.\n]/)[0] ?? '';
    const dash = wanted.length > 0 ? '; an argument that begins with a dash stands last, behind --' : '';
    throw new UserError(
      `${message.charAt(0).toLowerCase()}${message.slice(1)}: petl ${name} takes ${known.length > 0 ? known.join(', ') : 'no options'}${dash}`,
    );
  }
}

/** What is to be written where an option's value begins with a dash, which the parser takes for an option. */
function dashedValue(options: Command['options'], args: readonly string[]): string | undefined {
  const at = args.findIndex(
    (arg, i) => options[arg.slice(2)]?.type === 'string' && arg.startsWith('--') && args[i + 1]?.startsWith('-'),
  );
  if (at < 0) return undefined;
  const [name = '', value = ''] = args.slice(at, at + 2);
  const short = value.length > 40 ? `${value.slice(0, 39)}…` : value;
  return `"${short}" behind ${name} begins with a dash: write ${name}=${JSON.stringify(short)}, or the option's value is missing`;
}

/** Of an option given twice the parser keeps the last value and says nothing. */
function demandOnce(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UserError(`--${twice} is given twice: which one is meant?`);
}

/** One line for the user; the trail of a fault of ours only on request. */
function fail(error: unknown): number {
  if (error instanceof UserError) {
    console.error(`petl: ${error.message}`);
    return 2;
  }
  if (error instanceof MachineError || error instanceof Interrupted) {
    console.error(`petl: ${error.message}`);
    return error instanceof Interrupted ? 130 : 1;
  }
  const fault = error instanceof Error ? error : new Error(String(error));
  console.error(
    process.env['PETL_DEBUG'] === undefined
      ? `petl: ${fault.message}  (PETL_DEBUG=1 shows where)`
      : (fault.stack ?? fault.message),
  );
  return 1;
}

/**
 * Readers of the outputs may go, as `head` does, which stops no work; that standard output is full is said at the end,
 * and is a failure.
 */
function heedOutputs(): void {
  let fault: NodeJS.ErrnoException | undefined;
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    fault ??= error;
  });
  process.on('exit', (code) => {
    if (fault === undefined || fault.code === 'EPIPE') return;
    if (code === 0) process.exitCode = 1;
    try {
      writeSync(2, `petl: ${(explained(fault, 'to standard output') as Error).message}\n`);
    } catch {
      /* nobody listens */
    }
  });
}

if (process.env['VITEST'] === undefined) {
  heedOutputs();
  void main(process.argv.slice(2))
    .catch(fail)
    .then((code) => {
      process.exitCode = code;
    });
}
