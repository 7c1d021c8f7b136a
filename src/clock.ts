/** The only place that reads the clock, so that nothing else can depend on the time of day. */

/** Seconds on a clock that never goes back; only differences mean something. */
export function seconds(): number {
  return performance.now() / 1000;
}

/** The time of day as ISO 8601 in UTC, for records. */
export function timestamp(): string {
  return new Date().toISOString();
}
