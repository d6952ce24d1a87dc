import { expect, it } from 'vitest';
import { readHost } from '../../commands/host-reading.ts';
import type { View } from '../../src/core/command.ts';
import { loadScript } from '../../src/core/script.ts';

const script = loadScript(new URL('../../commands/certificates/look.sh', import.meta.url));
const unused = (): never => {
  throw new Error('not asked for');
};

it('does not say of a look that it may have happened: whoever is on call would go and see', async () => {
  const says = 'The connection to ca broke while the command ran, so it may or may not have finished there.';
  const view: View = {
    hub: { read: unused, account: unused },
    hosts: { names: () => ['ca'], read: async () => ({ kind: 'lost', says }) },
    jobLogs: { last: unused },
    asker: { id: 'pat', name: 'Pat', roles: new Set(), accounts: {} },
    now: new Date(),
    signal: new AbortController().signal,
  };
  await expect(
    readHost('ca', script, [], { what: "the CA's host", deadlineMs: 1000 }, view),
  ).rejects.toMatchObject({
    what: "the CA's host ca",
    message: 'The connection to ca broke in the middle of a look. A look changes nothing there.',
  });
});
