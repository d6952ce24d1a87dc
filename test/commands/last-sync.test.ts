import { describe, expect, it } from 'vitest';
import { allowanceOf, type LastSync } from '../../commands/repositories/last-sync.ts';

const now = new Date('2026-11-25T12:00:00Z');
const HOUR_MS = 3_600_000;

function last(hoursAgo: number, more: Partial<LastSync>): LastSync {
  const ended = new Date(now.getTime() - hoursAgo * HOUR_MS);
  return { result: 'good', says: '', ended, allowed: null, wouldDelete: null, of: null, ...more };
}

describe('how many deletions a sync is allowed beyond the config', () => {
  it('is none where nothing was synced, or nobody said a number', () => {
    expect(allowanceOf(null, now)).toBeNull();
    expect(allowanceOf(last(1, {}), now)).toBeNull();
  });

  it('is what the last one asked for, which waits for a yes for a week', () => {
    const asked = { result: 'would-delete', wouldDelete: 314, of: 2000 };
    expect(allowanceOf(last(7 * 24 - 1, asked), now)).toBe(314);
    expect(allowanceOf(last(7 * 24 + 1, asked), now)).toBeNull();
  });

  it('is what was said yes to for a day more, so that a request is done right after its own sync', () => {
    expect(allowanceOf(last(23, { allowed: 314 }), now)).toBe(314);
    expect(allowanceOf(last(25, { allowed: 314 }), now)).toBeNull();
  });
});
