import { readFileSync, writeFileSync } from 'node:fs';

let asked = false;

/**
 * Begins to watch the memory of this process; the function gives its peak since then in MiB. Null where the system
 * cannot forget an earlier peak and there may have been one: Linux does, by `/proc/self/clear_refs`.
 */
export function watchPeak(): () => number | null {
  const first = !asked;
  asked = true;
  const fresh = forgetPeak();
  return () => {
    if (fresh) return highest();
    return first ? process.resourceUsage().maxRSS / 1024 : null;
  };
}

function forgetPeak(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return highest() !== null;
  } catch {
    return false;
  }
}

/**
 * Peak of this process in MiB, since `watchPeak` where that was asked. The system's own record goes first: what
 * `getrusage` says begins with what the parent held when it started this process.
 */
export function peakMb(): number {
  return highest() ?? process.resourceUsage().maxRSS / 1024;
}

function highest(): number | null {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return kilobytes === undefined ? null : Number(kilobytes) / 1024;
  } catch {
    return null;
  }
}

/** MiB that a process holds now; undefined where it is gone or the system does not tell. */
export function heldBy(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}
