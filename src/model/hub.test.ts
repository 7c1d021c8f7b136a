import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { folderOf } from './fixtures/tiny';
import { download, parseHubName, type HubOptions } from './hub';
import { hubCopies } from './hub-copies';
import { loadBackbone } from './backbone';

const commit = 'a'.repeat(40);
const files: Readonly<Record<string, Buffer>> = {
  'config.json': readFileSync(join(folderOf('gpt2'), 'config.json')),
  'model.safetensors': readFileSync(join(folderOf('gpt2'), 'model.safetensors')),
  'README.md': Buffer.from('not wanted'),
};
const git = (content: Buffer): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

type Serve = (request: IncomingMessage, response: ServerResponse, content: Buffer) => void;

/** The rest of a file from where the request asks. */
const whole: Serve = (request, response, content) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': content.length - from });
  response.end(content.subarray(from));
};

describe('an endpoint', () => {
  it.each(['http://hub.example', 'ftp://127.0.0.1', 'http://127.0.0.1.example', 'http://127.0.0.1@hub.example', 'hub'])(
    '%s is refused',
    async (endpoint) => {
      const cache = mkdtempSync(join(tmpdir(), 'petl-hub-'));
      await expect(download('hub:org/tiny', { endpoint, cache, offline: false })).rejects.toThrow(
        `HF_ENDPOINT "${endpoint}" is neither https nor this machine`,
      );
      rmSync(cache, { recursive: true });
    },
  );
});

describe('a hub', () => {
  let server: Server;
  let options: HubOptions;
  let cache = '';
  let requests: string[] = [];
  /** How the weights are served. */
  let serve: Serve = whole;
  let listed: readonly string[] = [];

  beforeEach(async () => {
    requests = [];
    serve = whole;
    listed = Object.keys(files);
    cache = mkdtempSync(join(tmpdir(), 'petl-hub-'));
    server = createServer((request, response) => {
      requests.push(`${request.url ?? ''} ${request.headers.range ?? ''}`.trim());
      if (request.url?.startsWith('/api/models/org/tiny/revision/main') === true)
        return void response.end(
          JSON.stringify({ sha: commit, tags: ['gpt2', 'license:mit'], siblings: listed.map(entry) }),
        );
      const content = files[/^\/org\/tiny\/resolve\/a+\/(.+)$/.exec(request.url ?? '')?.[1] ?? ''];
      if (content === undefined) return void response.writeHead(404).end();
      return request.url?.endsWith('.safetensors') === true
        ? serve(request, response, content)
        : whole(request, response, content);
    });
    await new Promise<void>((ready) => {
      server.listen(0, '127.0.0.1', ready);
    });
    const { port } = server.address() as AddressInfo;
    options = {
      endpoint: `http://127.0.0.1:${port}`,
      cache,
      offline: false,
      patience: { attempts: 3, idle: 5000, wait: 1 },
    };
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((closed) => {
      server.close(closed);
    });
    rmSync(cache, { recursive: true, force: true });
  });

  function entry(name: string): object {
    const content = files[name] ?? Buffer.from('x');
    return name.endsWith('.safetensors')
      ? { rfilename: name, size: content.length, lfs: { sha256: sha256(content), size: content.length } }
      : { rfilename: name, size: content.length, blobId: git(content) };
  }

  it('gives a folder that loads, with progress, and is asked for the files once', async () => {
    const seen: [string, number, number][] = [];
    const folder = await download('hub:org/tiny', {
      ...options,
      report: (...line) => {
        seen.push(line);
      },
    });
    expect(readdirSync(folder).sort()).toEqual(['.files.json', 'config.json', 'model.safetensors', 'source.json']);
    expect(hubCopies(cache)).toEqual([
      {
        repository: 'org/tiny',
        commit,
        licence: 'mit',
        bytes: files['model.safetensors']?.length,
        sha256: sha256(files['model.safetensors'] as Buffer),
        folder,
      },
    ]);
    loadBackbone(folder).dispose();
    const size = files['model.safetensors']?.length;
    expect(seen.at(-1)).toEqual(['model.safetensors', size, size]);
    const before = requests.length;
    expect(await download('hub:org/tiny@main', options)).toBe(folder);
    expect(requests.length).toBe(before + 1); // the list alone: has main moved?
    expect(await download(`hub:org/tiny@${commit}`, options)).toBe(folder);
    expect(requests.length).toBe(before + 1);
  });

  it('that cuts every answer short is asked for the rest', async () => {
    serve = (request, response, content) => {
      const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': content.length - from });
      response.write(content.subarray(from, from + 30_000), () => {
        response.destroy();
      });
    };
    const folder = await download('hub:org/tiny', options);
    expect(readFileSync(join(folder, 'model.safetensors')).equals(files['model.safetensors'] as Buffer)).toBe(true);
    expect(requests.filter((r) => r.includes('bytes=')).length).toBeGreaterThanOrEqual(2);
  });

  it('that dies is named, what came is kept, and the next attempt goes on from there', async () => {
    serve = (request, response, content) => {
      if (request.headers.range !== undefined) return void response.writeHead(503).end();
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 40_000), () => {
        response.destroy();
      });
    };
    await expect(download('hub:org/tiny', options)).rejects.toThrow(
      /cannot bring model\.safetensors: the hub answers 503.*40000 of \d+ bytes are kept, try again/,
    );
    expect(existsSync(join(cache, 'org--tiny', commit))).toBe(false);
    serve = whole;
    await download('hub:org/tiny', options);
    expect(requests.at(-1)).toMatch(/model\.safetensors bytes=40000-$/);
  });

  it('that ignores ranges is read from the start', async () => {
    let cut = true;
    serve = (_, response, content) => {
      response.writeHead(200, { 'content-length': content.length });
      if (!cut) return void response.end(content);
      cut = false;
      response.write(content.subarray(0, 1000), () => {
        response.destroy();
      });
    };
    const folder = await download('hub:org/tiny', options);
    expect(readFileSync(join(folder, 'model.safetensors')).equals(files['model.safetensors'] as Buffer)).toBe(true);
  });

  it('that trickles is waited for; one that falls silent is not', async () => {
    serve = (request, response, content) => {
      response.writeHead(200, { 'content-length': content.length });
      let at = 0;
      const timer = setInterval(() => {
        response.write(content.subarray(at, (at += Math.ceil(content.length / 10))));
        if (at >= content.length) {
          clearInterval(timer);
          response.end();
        }
      }, 50);
      request.socket.on('close', () => {
        clearInterval(timer);
      });
    };
    await download('hub:org/tiny', options);
    rmSync(join(cache, 'org--tiny'), { recursive: true });
    serve = (_, response, content) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 10));
    };
    await expect(
      download('hub:org/tiny', { ...options, patience: { attempts: 2, idle: 100, wait: 1 } }),
    ).rejects.toThrow(/nothing came for 0\.1 s/);
  });

  it('that is asked too often is asked again later; one that refuses is not', async () => {
    let refusals = 2;
    serve = (request, response, content) => {
      if (refusals-- > 0) response.writeHead(429).end();
      else whole(request, response, content);
    };
    await download('hub:org/tiny', options);
    const asked = (): number => requests.filter((r) => r.includes('/resolve/') && r.includes('safetensors')).length;
    expect(asked()).toBe(3);
    rmSync(join(cache, 'org--tiny'), { recursive: true });
    serve = (_, response) => void response.writeHead(403).end();
    await expect(download('hub:org/tiny', options)).rejects.toThrow(
      /cannot bring model\.safetensors: the hub answers 403/,
    );
    expect(asked()).toBe(4);
  });

  it('that damages a file is caught by the hash; nothing of the file stays', async () => {
    serve = (_, response, content) => {
      const damaged = Buffer.from(content);
      damaged[5000] = (damaged[5000] ?? 0) ^ 1;
      response.end(damaged);
    };
    await expect(download('hub:org/tiny', options)).rejects.toThrow(
      /model\.safetensors does not have the hash that the hub names.*thrown away/,
    );
    const left = readdirSync(join(cache, 'org--tiny'), { recursive: true }) as string[];
    expect(left.filter((path) => path.includes('safetensors'))).toEqual([]);
    serve = whole;
    expect(existsSync(await download('hub:org/tiny', options))).toBe(true);
  });

  it('brings a damaged copy again, and one copy for two who ask at the same time', async () => {
    const [folder, same] = await Promise.all([download('hub:org/tiny', options), download('hub:org/tiny', options)]);
    expect(same).toBe(folder);
    const weights = (): number => requests.filter((request) => request.includes('.safetensors')).length;
    expect(weights()).toBe(1);
    writeFileSync(join(folder, 'model.safetensors'), Buffer.alloc(100));
    await expect(download('hub:org/tiny', { ...options, offline: true })).rejects.toThrow('network is switched off');
    expect(await download('hub:org/tiny', options)).toBe(folder);
    expect(weights()).toBe(2);
    expect(sha256(readFileSync(join(folder, 'model.safetensors')))).toBe(sha256(files['model.safetensors']!));
  });

  it('switched off: what is there serves, what is not is an error with the remedy', async () => {
    await expect(download('hub:org/tiny', { ...options, offline: true })).rejects.toThrow(
      /"hub:org\/tiny" is not in .* and the network is switched off.*name a folder/,
    );
    const folder = await download('hub:org/tiny', options);
    const before = requests.length;
    expect(await download('hub:org/tiny', { ...options, offline: true })).toBe(folder);
    expect(requests.length).toBe(before);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await download('hub:org/tiny', { ...options, offline: undefined })).toBe(folder);
    await expect(download('hub:org/other', { ...options, offline: undefined })).rejects.toThrow(
      /the network is switched off \(HF_HUB_OFFLINE\)/,
    );
    vi.unstubAllEnvs();
    expect(requests.length).toBe(before);
    const unreachable = { ...options, endpoint: 'http://127.0.0.1:9' };
    expect(await download('hub:org/tiny', unreachable)).toBe(folder);
    await expect(download('hub:org/other', unreachable)).rejects.toThrow(
      /cannot reach the hub for "hub:org\/other".*check the network/,
    );
  });

  it('without the model, without safetensors, without config', async () => {
    await expect(download('hub:org/none', options)).rejects.toThrow(
      /the hub has no open model "org\/none" with revision "main" \(it answers 404\)/,
    );
    listed = ['config.json', 'pytorch_model.bin'];
    await expect(download('hub:org/tiny', options)).rejects.toThrow(
      /has no safetensors: only formats that are not read here \(pytorch_model\.bin\)/,
    );
    listed = ['model.safetensors'];
    await expect(download('hub:org/tiny', options)).rejects.toThrow(/has no config\.json/);
  });

  it('names', () => {
    expect(parseHubName('hub:org/name@v1.0')).toEqual({ repository: 'org/name', revision: 'v1.0' });
    expect(parseHubName('hub:org/name')).toEqual({ repository: 'org/name', revision: 'main' });
    for (const bad of ['hub:name', 'hub:../x', 'hub:a/b/c', 'hub:org/name@../../x', 'hub:org/..'])
      expect(() => parseHubName(bad)).toThrow(/is no hub model/);
  });
});
