import { randomBytes } from 'node:crypto';
import { RESPONSE_URL_MS, RESPONSE_URL_USES, TRIGGER_MS } from './limits.ts';
import type { Message } from './model.ts';

/** What a `response_url` may still do. */
export interface ResponseUrl {
  readonly channel: string;
  readonly user: string;
  /** The message whose button was pressed: what `replace_original` and `delete_original` mean. */
  readonly original: { readonly kind: 'message' | 'ephemeral'; readonly ts: string } | null;
  readonly threadTs: Message['threadTs'];
}

/** Short-lived permissions handed out with slash commands and button presses. */
export interface Permits {
  trigger(user: string): string;
  /** Single use. The person whose screen it opens on, or the error. */
  useTrigger(id: string): { readonly user: string } | { readonly error: string };
  responseUrl(what: ResponseUrl): string;
  useResponseUrl(id: string): ResponseUrl | 'used_url' | 'expired_url' | 'no_such_url';
}

/** Handed out and remembered at once; the oldest go first. */
const MOST = 10_000;

function forgetOldest(map: Map<string, unknown>): void {
  const oldest = map.keys().next().value;
  if (map.size > MOST && oldest !== undefined) map.delete(oldest);
}

export function createPermits(now: () => number): Permits {
  const triggers = new Map<string, { readonly user: string; readonly at: number; used: boolean }>();
  const urls = new Map<string, { readonly what: ResponseUrl; readonly at: number; uses: number }>();
  return {
    trigger(user) {
      const id = `${Math.floor(now())}.${randomBytes(4).readUInt32BE()}.${randomBytes(16).toString('hex')}`;
      triggers.set(id, { user, at: now(), used: false });
      forgetOldest(triggers);
      return id;
    },
    useTrigger(id) {
      const found = triggers.get(id);
      if (found === undefined) return { error: 'invalid_trigger_id' };
      if (found.used) return { error: 'exchanged_trigger_id' };
      if (now() - found.at > TRIGGER_MS) return { error: 'expired_trigger_id' };
      found.used = true;
      return { user: found.user };
    },
    responseUrl(what) {
      const id = randomBytes(12).toString('hex');
      urls.set(id, { what, at: now(), uses: 0 });
      forgetOldest(urls);
      return id;
    },
    useResponseUrl(id) {
      const found = urls.get(id);
      if (found === undefined) return 'no_such_url';
      if (now() - found.at > RESPONSE_URL_MS) return 'expired_url';
      if (found.uses >= RESPONSE_URL_USES) return 'used_url';
      found.uses += 1;
      return found.what;
    },
  };
}
