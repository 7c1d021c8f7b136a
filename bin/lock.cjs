// One at a time: a file that names its owner. A lock whose owner is dead is taken over. Whether an owner on another
// machine or in another container lives cannot be asked, but it touches its file: one not touched for long is taken over.
const fs = require('node:fs');
const path = require('node:path');
const { ownerIn, ownerOf, standingOf, tokenOf } = require('./processes.cjs');

const heartbeat = 5_000;
/** Milliseconds without a touch after which an owner elsewhere counts as dead. */
const silence = 120_000;

function read(file) {
  try {
    const { mtimeMs } = fs.statSync(file);
    return { mtimeMs, ...JSON.parse(fs.readFileSync(file, 'utf8')) };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    // Cut off while it was written, on a drive that cannot link.
    return { mtimeMs: fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0, place: '', pid: 0, host: 'unknown' };
  }
}

const same = (a, b) => a.pid === b.pid && a.started === b.started && a.place === b.place;

/** Makes `file` appear at once with its text; false where it is there already. */
function create(file, text) {
  const half = `${file}.${tokenOf(ownerOf())}`;
  try {
    fs.writeFileSync(half, text);
    fs.linkSync(half, file); // unlike a rename, refuses to replace
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(error.code)) throw error;
  } finally {
    fs.rmSync(half, { force: true });
  }
  try {
    fs.writeFileSync(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the lock of `owner`, and of no other that took it meanwhile. */
function remove(file, owner) {
  const aside = `${file}.${tokenOf(ownerOf())}.old`;
  try {
    fs.renameSync(file, aside);
  } catch {
    return;
  }
  const found = read(aside);
  if (found !== undefined && !same(found, owner)) create(file, fs.readFileSync(aside, 'utf8'));
  fs.rmSync(aside, { force: true });
}

/** Touches a file every few seconds, for those elsewhere; gives the function that ends it. */
function keepTouched(file) {
  const timer = setInterval(() => {
    const now = new Date();
    fs.utimes(file, now, now, () => undefined);
  }, heartbeat);
  timer.unref();
  return () => clearInterval(timer);
}

/** Whether the owner in an unfinished file's name lives, as far as can be told: one elsewhere while it touches it. */
function isAlive(file) {
  const owner = ownerIn(path.basename(file));
  if (owner === undefined) return false;
  const standing = standingOf(owner);
  const touched = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return standing === 'alive' || (standing === 'unknown' && Date.now() - touched < silence);
}

/** `{ held }` with the function that gives it back, or `{ owner }` who has it. */
function tryLock(file) {
  const mine = ownerOf();
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const text = JSON.stringify({ ...mine, since: new Date().toISOString() });
  while (!create(file, text)) {
    const owner = read(file);
    if (owner === undefined) continue;
    if (standingOf(owner) !== 'dead') return { owner };
    remove(file, owner);
  }
  const leave = keepTouched(file);
  const held = () => {
    leave();
    const owner = read(file);
    if (owner !== undefined && same(owner, mine)) fs.rmSync(file, { force: true });
  };
  return { held };
}

/** Notices owners elsewhere that have fallen silent, and removes their locks. Asked again and again. */
function watchSilence() {
  const seen = new Map();
  return (file, owner) => {
    if (standingOf(owner) !== 'unknown') return;
    const last = seen.get(file);
    if (last === undefined || last.mtimeMs !== owner.mtimeMs)
      seen.set(file, { mtimeMs: owner.mtimeMs, at: performance.now() });
    else if (performance.now() - last.at > silence) remove(file, owner);
  };
}

/**
 * Waits until the lock is this process's own; `waiting` is told once who has it; `goesOn` is called while it
 * waits, and may throw. Gives the function that returns the lock.
 */
async function lock(file, waiting, goesOn = () => undefined) {
  const watch = watchSilence();
  for (let told = false; ;) {
    const { held, owner } = tryLock(file);
    if (held !== undefined) return held;
    if (!told) waiting?.(owner);
    told = true;
    watch(file, owner);
    goesOn();
    await new Promise((next) => {
      setTimeout(next, 300);
    });
  }
}

/** `process 123 on host`, for messages. */
const nameOf = ({ pid, host }) => `process ${pid} on ${host}`;

module.exports = { isAlive, keepTouched, lock, nameOf, tryLock, watchSilence };
