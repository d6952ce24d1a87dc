/** One thing that was looked at, for `doctor` and the health page. */
export interface QueueFinding {
  readonly name: 'queue' | 'version' | 'maxmemory-policy' | 'persistence';
  readonly value: string;
  readonly ok: boolean;
  /** What it means, or what to do. */
  readonly says: string;
}
