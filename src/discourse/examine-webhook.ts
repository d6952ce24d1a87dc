import { createHmac, randomUUID } from 'node:crypto';
import type { Finding } from '../core/finding.ts';

/** Knocks at our own door as the forum would. */
export async function webhookFinding(
  webhook: { readonly secret: string; readonly instance: string; readonly at: string } | null,
): Promise<Finding> {
  const what = 'webhook';
  if (webhook === null)
    return {
      what,
      state: 'ok',
      says: 'not used: new posts are found by looking (discourse.webhookSecret makes it quicker)',
    };
  const body = JSON.stringify({ ping: 'OK' });
  try {
    const answer = await fetch(`${webhook.at}/discourse/webhook`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-discourse-instance': webhook.instance,
        'x-discourse-event': 'ping',
        'x-discourse-event-type': 'ping',
        'x-discourse-event-id': randomUUID(),
        'x-discourse-event-signature': `sha256=${createHmac('sha256', webhook.secret).update(body).digest('hex')}`,
      },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(3_000),
    });
    if (answer.ok) return { what, state: 'ok', says: 'Steward takes what is signed with the secret' };
    return {
      what,
      state: 'bad',
      says: `Steward, as it runs, refuses the secret (${answer.status})`,
      todo: 'Restart it after a change of the secret, and set the same one in the forum’s webhook.',
    };
  } catch {
    return { what, state: 'skipped', says: 'Steward does not run here, so the secret cannot be tried' };
  }
}
