import * as v from 'valibot';
import { UserError } from '../errors';
import { readText, whole } from '../json';
import type { RemoteFile } from './transfer';

export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** A commit of a repository as the hub describes it. */
export interface Listing {
  readonly commit: string;
  readonly licence: string | null;
  readonly files: readonly RemoteFile[];
}

const answerIn = v.looseObject({
  sha: v.pipe(v.string(), v.check(isCommit, 'is no commit')),
  siblings: v.array(
    v.looseObject({
      rfilename: v.string(),
      size: v.nullish(whole),
      blobId: v.nullish(v.string()),
      lfs: v.nullish(v.looseObject({ sha256: v.string(), size: whole })),
    }),
  ),
  tags: v.optional(v.array(v.string()), []),
});

const trusted = /^(https:\/\/|http:\/\/(localhost|127(\.\d+){3}|\[::1\])(:\d+)?(\/|$))/;

/** The hub names the hashes that files are checked by: what answers for it must be who it says, or this machine. */
function endpointOf(text: string): string {
  if (trusted.test(text)) return text.replace(/\/+$/, '');
  throw new UserError(`HF_ENDPOINT "${text}" is neither https nor this machine: write https://HOST, or unset it`);
}

/** What the hub says of a revision. */
export async function listFiles(
  repository: string,
  revision: string,
  { endpoint, idle }: { readonly endpoint: string | undefined; readonly idle: number },
): Promise<Listing> {
  const base = endpointOf(endpoint ?? process.env['HF_ENDPOINT'] ?? 'https://huggingface.co');
  const response = await fetch(`${base}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`, {
    signal: AbortSignal.timeout(idle),
  });
  if ([401, 403, 404].includes(response.status))
    throw new UserError(
      `the hub has no open model "${repository}" with revision "${revision}" (it answers ${response.status}): check the name; for a private or gated model, download it yourself and name the folder`,
    );
  if (!response.ok) throw new Error(`it answers ${response.status} ${response.statusText}`);
  const read = readText(await response.text(), answerIn);
  if (read.kind === 'fault') throw new Error(`its answer names no commit and files: it ${read.reason}`);
  const { sha, siblings, tags } = read.value;
  const files = siblings.map(({ rfilename, size, blobId, lfs }): RemoteFile => ({
    name: rfilename,
    url: `${base}/${repository}/resolve/${sha}/${rfilename}`,
    bytes: lfs?.size ?? size ?? 0,
    hash: lfs === undefined || lfs === null ? { kind: 'git', hex: blobId ?? '' } : { kind: 'sha256', hex: lfs.sha256 },
  }));
  return {
    commit: sha,
    licence: tags.find((tag) => tag.startsWith('license:'))?.slice('license:'.length) ?? null,
    files,
  };
}

const small = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  '1_Pooling/config.json',
];

/** The files that this project reads; shards are whatever lies beside an index. */
export function wanted(files: readonly RemoteFile[], name: string): readonly RemoteFile[] {
  const has = (file: string): boolean => files.some((f) => f.name === file);
  const weights = has('model.safetensors')
    ? /^model\.safetensors$/
    : /^model\.safetensors\.index\.json$|^model-\d+-of-\d+\.safetensors$/;
  const chosen = files.filter((file) => small.includes(file.name) || weights.test(file.name));
  if (!has('config.json'))
    throw new UserError(`hub model "${name}" has no config.json: choose a model saved by save_pretrained`);
  if (chosen.some((file) => file.name.endsWith('.safetensors'))) return chosen;
  throw new UserError(
    `hub model "${name}" has no safetensors: only formats that are not read here (${files
      .map((f) => f.name)
      .filter((f) => /\.(bin|h5|msgpack|onnx|gguf)$/.test(f))
      .join(', ')}); choose a revision with model.safetensors`,
  );
}
