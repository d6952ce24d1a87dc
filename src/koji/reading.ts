import type { HubCall } from '../core/ports.ts';

const READING = /^(get|list|query|read|search|check)[A-Z]|^search$/;
// These call the method that their first argument names, whatever it is: count('deleteTag', ...) deletes.
const RELAYS = new Set(['count', 'countAndFilterResults', 'filterResults']);

/**
 * Is it a call that changes nothing, by the name of its method? Names with a dot are not taken: `host.getTask`
 * and its like are a builder's own calls, which do change things.
 */
export function isReading(call: HubCall): boolean {
  if (!RELAYS.has(call.method)) return READING.test(call.method);
  const [relayed] = call.args;
  return typeof relayed === 'string' && READING.test(relayed);
}
