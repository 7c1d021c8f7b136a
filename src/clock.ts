/** The only place that reads the clock, so that nothing else can depend on the time of day. */

/** Seconds on a clock that never goes back; only differences mean something. */
export function seconds(): number {
  return performance.now() / 1000;
}

/** The time of day as ISO 8601 in UTC, for records. */
export function timestamp(): string {
  return new Date().toISOString();
}

/** `7.3 s`, `2 min 05 s`, `1 h 20 min`. */
export function duration(time: number): string {
  if (time < 60) return `${time.toFixed(1)} s`;
  const whole = Math.round(time);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}
