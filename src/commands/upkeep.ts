import { flag, print, printJson, type Input } from './command';

/** `petl fetch`: brings the named packages, or those that set-up needs. */
export async function fetchCommand({ positionals }: Input): Promise<number> {
  const { fetchPackages } = require('../tasks/fetch') as typeof import('../tasks/fetch');
  await fetchPackages(positionals, { report: print });
  return 0;
}

/** `petl doctor`: 2 where something is wrong. */
export async function doctorCommand(input: Input): Promise<number> {
  const { doctor, renderChecks } = require('../doctor') as typeof import('../doctor');
  const checks = await doctor();
  if (flag(input, 'json')) printJson(checks);
  else print(renderChecks(checks));
  return checks.every(({ ok }) => ok) ? 0 : 2;
}

/** `petl worker`: serves runs to the process that forked it. */
export function workerCommand(): Promise<number> {
  const { serve } = require('../experiments/runner/worker') as typeof import('../experiments/runner/worker');
  const { countOpened } =
    require('../experiments/store/count-opened') as typeof import('../experiments/store/count-opened');
  const { train } = require('../training/train') as typeof import('../training/train');
  const { Session } = require('../training/session') as typeof import('../training/session');
  const session = new Session();
  serve(() => ({ train: (job, report) => train(job, report, session), count: countOpened }));
  return new Promise(() => undefined);
}
