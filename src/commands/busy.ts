import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { seconds } from '../clock';

/** How long something took and how much of the machine others used meanwhile. */
export class BusyMeter {
  private readonly start = seconds();
  private readonly busy = machineBusy();
  private readonly own = ownCpu();

  /** Seconds since the meter was made. */
  wall(): number {
    return seconds() - this.start;
  }

  /** Seconds of processor time that this process used. */
  used(): number {
    return ownCpu() - this.own;
  }

  /** Cores that other processes kept busy on average, null where the system does not tell. */
  foreign(): number | null {
    const now = machineBusy();
    return now === null || this.busy === null ? null : (now - this.busy - this.used()) / this.wall();
  }
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Seconds that all cores together have worked. */
function machineBusy(): number | null {
  if (cpus().length === 0) return null;
  try {
    const [, user, nice, system, , , irq, soft, steal] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '')
      .trim()
      .split(/\s+/)
      .map(Number);
    return [user, nice, system, irq, soft, steal].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) / 100;
  } catch {
    return null;
  }
}
