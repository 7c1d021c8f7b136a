// Who a process is, whether it still lives, and how what it starts ends with it. Used by set-up, which runs before any
// package is there, by the launchers and by src.
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

function text(file) {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

function namespace() {
  try {
    return fs.readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** Where process ids mean something: this start of this machine, and in it this container. */
const place = createHash('sha256')
  .update(`${text('/proc/sys/kernel/random/boot_id') || os.hostname()} ${namespace()}`)
  .digest('hex')
  .slice(0, 12);

/** Parent and start of a process, as Linux tells them; undefined where there is no such process or it has ended. */
function statOf(pid) {
  const fields = text(`/proc/${pid}/stat`).split(') ').pop().split(' ');
  return fields.length < 20 || fields[0] === 'Z' ? undefined : { parent: Number(fields[1]), started: fields[19] };
}

/** A process for good: its id may be given again, its start at this place is its own. */
function ownerOf(pid = process.pid) {
  return { pid, started: statOf(pid)?.started ?? '0', place, host: os.hostname() };
}

/** What is known of an owner: one of another machine or container cannot be looked at from here. */
function standingOf(owner) {
  if (owner.place !== place) return 'unknown';
  if (process.platform === 'linux') return statOf(owner.pid)?.started === owner.started ? 'alive' : 'dead';
  try {
    process.kill(owner.pid, 0);
    return 'alive';
  } catch (error) {
    return error.code === 'EPERM' ? 'alive' : 'dead';
  }
}

/** For names of files: `pid.start.place`. */
const tokenOf = ({ pid, started, place: where }) => `${pid}.${started}.${where}`;

/** The owner in a file's name; undefined where there is none. */
function ownerIn(name) {
  const [, pid, started, where] = /(?:^|[^\d])(\d+)\.(\d+)\.([0-9a-f]{12})(?:[^0-9a-f]|$)/.exec(name) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), started, place: where, host: '' };
}

/** Removes the unfinished files and folders whose names bear a dead owner; all others stay. */
function removeLeftovers(folder) {
  for (const name of fs.readdirSync(folder)) {
    const owner = ownerIn(name);
    if (owner !== undefined && standingOf(owner) === 'dead')
      fs.rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}

/** The ancestors up to npm, where npm started this process; else none: what a shell starts may outlive the shell. */
function line() {
  if (process.env.npm_execpath === undefined) return [];
  const found = [];
  for (let pid = process.ppid; pid > 1 && found.length < 4; pid = statOf(pid)?.parent ?? 0) {
    found.push(ownerOf(pid));
    if (/\bnp[mx]\b/.test(text(`/proc/${pid}/cmdline`))) return found;
  }
  return [];
}

/** Calls `act` once when the npm that started this process, or its shell, is gone: neither passes signals on. */
function whenAbandoned(act) {
  const ancestors = line();
  if (ancestors.length === 0) return;
  const timer = setInterval(() => {
    if (ancestors.every((owner) => standingOf(owner) === 'alive')) return;
    clearInterval(timer);
    act();
  }, 300);
  timer.unref();
}

/**
 * Starts a command that ends when this process does, however it ends: `guard.cjs` stands between them. Options are those
 * of `spawn`; `shared` leaves the command in the terminal's group, where it may read.
 */
function spawnTied(command, args, { stdio, shared = false, ...options } = {}) {
  const [input, output, faults] = Array.isArray(stdio) ? stdio : [stdio, stdio, stdio];
  const guard = path.join(__dirname, 'guard.cjs');
  return spawn(process.execPath, [guard, shared ? 'shared' : 'apart', command, ...args], {
    ...options,
    detached: !shared,
    stdio: [input, output, faults, 'ipc'],
  });
}

module.exports = { ownerIn, ownerOf, removeLeftovers, spawnTied, standingOf, tokenOf, whenAbandoned };
