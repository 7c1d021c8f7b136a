import * as util from 'node:util';

// tfjs-node 4.22 calls util.isNullOrUndefined, which Node 23 removed.
const legacy = util as unknown as { isNullOrUndefined?: (value: unknown) => boolean };
legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
