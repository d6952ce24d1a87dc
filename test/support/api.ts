import { createHttp } from '../../src/http.ts';
import { type Kernel, PEOPLE } from './kernel.ts';

/** The HTTP surface over a kernel's desk, on a free port; everybody of `PEOPLE` may have a token. */
export async function startApi(
  { desk, store, log }: Pick<Kernel, 'desk' | 'store' | 'log'>,
  more: Partial<Parameters<typeof createHttp>[0]> = {},
) {
  const http = createHttp({
    host: '127.0.0.1',
    port: 0,
    health: async () => ({ ok: true, parts: {} }),
    metrics: async () => 'steward_up 1\n',
    desk,
    tokens: store.tokens,
    personById: async (id) => Object.values(PEOPLE).find((person) => person.id === id) ?? null,
    log,
    ...more,
  });
  const { port } = await http.start();
  return { http, url: `http://127.0.0.1:${port}` };
}
