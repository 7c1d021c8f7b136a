import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors';
import { writeWhole } from '../files';
import { isAsKept, keepStamps, stampsOf } from '../packages/content';
import { locks } from '../processes';
import { hubCache, originFile, weightsOf } from './hub-copies';
import { isCommit, listFiles, wanted, type Listing } from './hub-listing';
import { bring, type Patience } from './transfer';

const papers: Readonly<Record<string, string>> = {
  'roberta-base': 'FacebookAI/roberta-base',
  'bart-large': 'facebook/bart-large',
  'mbart-large-cc25': 'facebook/mbart-large-cc25',
};

/**
 * What the hub calls a model: `hub:...` as it is, or the name of one of the papers' backbones; undefined for all
 * others.
 */
export function hubName(name: string): string | undefined {
  if (name.startsWith('hub:')) return name;
  return Object.hasOwn(papers, name) ? `hub:${papers[name] ?? ''}` : undefined;
}

/** `hub:org/name@revision`; revision is a branch, tag or commit, `main` where it is left out. */
export interface HubName {
  readonly repository: string;
  readonly revision: string;
}

export interface HubOptions {
  /** Where the hub answers; HF_ENDPOINT, or the public hub. */
  readonly endpoint?: string;
  /** Folder of what was brought: below it `org--name/<commit>`. */
  readonly cache?: string;
  /** Never ask the network; HF_HUB_OFFLINE=1. */
  readonly offline?: boolean;
  readonly patience?: Patience;
  /** Takes progress: bytes of the file so far, and of how many. */
  readonly report?: (file: string, bytes: number, total: number) => void;
}

const patient: Patience = { attempts: 6, idle: 30_000, wait: 500 };

export function parseHubName(text: string): HubName {
  const [, repository, revision = 'main'] = /^hub:([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?$/.exec(text) ?? [];
  if (repository === undefined || `${repository}/${revision}`.split('/').some((part) => /^\.+$/.test(part))) {
    throw new UserError(`"${text}" is no hub model: write hub:organisation/name, or hub:organisation/name@revision`);
  }
  return { repository, revision };
}

/**
 * Brings a model from the hub, once: config, tokenizer and safetensors. Gives its folder in the cache, which appears
 * only when
 * every file is there and has the right hash. What a cut left is used by the next attempt.
 */
export async function download(name: string, options: HubOptions = {}): Promise<string> {
  const { repository, revision } = parseHubName(name);
  const home = join(options.cache ?? hubCache(), repository.replace('/', '--'));
  const cached = wholeFolder(cachedFolder(home, revision));
  if (cached !== undefined && (isCommit(revision) || isOffline(options))) return cached;
  if (isOffline(options))
    throw new UserError(
      `model "${name}" is not in ${home} and the network is switched off (HF_HUB_OFFLINE): run once with network, or name a folder that holds the model`,
    );
  const listing = await listFiles(repository, revision, {
    endpoint: options.endpoint,
    idle: (options.patience ?? patient).idle,
  }).catch((error: unknown) => error as Error);
  if (listing instanceof Error) {
    if (cached !== undefined && !(listing instanceof UserError)) return cached; // no network: what is there serves
    throw listing instanceof UserError
      ? listing
      : new UserError(
          `cannot reach the hub for "${name}" (${(listing.cause as Error | undefined)?.message ?? listing.message}): check the network, or name a folder that holds the model`,
        );
  }
  const folder = join(home, listing.commit);
  if (wholeFolder(folder) === undefined)
    await bringOnce({ ...listing, files: wanted(listing.files, name) }, { repository, folder }, options);
  writeReference(home, revision, listing.commit);
  return folder;
}

/** One process brings a copy, others wait for it. A damaged copy is put aside until a whole one is there. */
async function bringOnce(
  listing: Listing,
  place: { readonly repository: string; readonly folder: string },
  options: HubOptions,
): Promise<void> {
  const { folder } = place;
  const release = await locks().lock(`${folder}.lock`);
  try {
    if (wholeFolder(folder) !== undefined) return;
    await bringAll(listing, place, options);
  } finally {
    release();
  }
}

async function bringAll(
  { files, ...listing }: Listing,
  { repository, folder }: { readonly repository: string; readonly folder: string },
  { patience = patient, report }: HubOptions,
): Promise<void> {
  const partial = `${folder}.part`;
  for (const file of files)
    await bring(file, join(partial, file.name), patience, ({ name, bytes: total }, bytes) =>
      report?.(name, bytes, total),
    );
  writeFileSync(join(partial, originFile), `${JSON.stringify({ repository, ...listing, ...weightsOf(files) })}\n`);
  keepStamps(
    partial,
    stampsOf(partial, (path) => files.some(({ name }) => name === path)),
  );
  rmSync(folder, { recursive: true, force: true }); // a damaged copy
  renameSync(partial, folder);
}

/** The folder where its files are those that were brought; undefined where they are not, or there is none. */
function wholeFolder(folder: string | undefined): string | undefined {
  return folder !== undefined && existsSync(folder) && isAsKept(folder) ? folder : undefined;
}

function isOffline({ offline }: HubOptions): boolean {
  return offline ?? ['1', 'true', 'yes'].includes((process.env['HF_HUB_OFFLINE'] ?? '').toLowerCase());
}

/** Where `refs/<revision>` points, or the commit itself. */
function cachedFolder(home: string, revision: string): string | undefined {
  const reference = join(home, 'refs', revision);
  const commit = isCommit(revision)
    ? revision
    : existsSync(reference)
      ? readFileSync(reference, 'utf8').trim()
      : undefined;
  return commit !== undefined && existsSync(join(home, commit)) ? join(home, commit) : undefined;
}

function writeReference(home: string, revision: string, commit: string): void {
  if (isCommit(revision)) return;
  writeWhole(join(home, 'refs', revision), `${commit}\n`);
}
