import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeCall, decodeReply, NotXmlRpc } from '../../src/koji/decode.ts';
import { encodeCall } from '../../src/koji/encode.ts';
import { exchangeOf } from '../../src/koji/exchange.ts';
import { readPython } from './python.ts';

// Exchanges with two real hubs, each with what Koji's own Python client made of it.
const FOLDER = join(import.meta.dirname, '../../../shared/contracts/koji');
const HUBS = ['hub-1.20', 'hub-1.35'];
const here = existsSync(FOLDER);
const why = here ? '' : ' (skipped: no captured exchanges beside this checkout)';

// Their outcome is about more than the one exchange that was kept.
const OF_ANOTHER = new Set(['getLastHostUpdate-never', 'multiCall-effect']);

interface Captured {
  readonly name: string;
  readonly request: string;
  readonly status: number;
  readonly type: string;
  readonly response: string;
  readonly outcome: string;
}

function captured(hub: string): readonly Captured[] {
  if (!here) return [];
  const names = readdirSync(join(FOLDER, hub), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  return names.map(({ name }) => {
    const read = (file: string) => readFileSync(join(FOLDER, hub, name, file), 'utf8');
    const [head, response] = parts(read('response.http'));
    return {
      name,
      request: parts(read('request.http'))[1],
      status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0),
      type: /^Content-Type: (.*)$/im.exec(head)?.[1]?.trim() ?? '',
      response,
      outcome: read('outcome.txt'),
    };
  });
}

/** Head and body, whatever ends the lines. */
function parts(http: string): [string, string] {
  const at = /\r?\n\r?\n/.exec(http);
  return at === null ? [http, ''] : [http.slice(0, at.index), http.slice(at.index + at[0].length)];
}

describe.skipIf(!here)(`what real hubs sent${why}`, () => {
  it.each(HUBS)('%s: every answer is read as Python read it', (hub) => {
    let compared = 0;
    for (const { name, status, response, outcome } of captured(hub)) {
      if (status !== 200 || OF_ANOTHER.has(name)) continue;
      const read = decodeReply(response);
      const fault = /FAULT (\d+)/.exec(outcome);
      if (fault !== null) {
        expect(read, name).toMatchObject({ kind: 'fault', code: Number(fault[1]) });
        compared += 1;
        continue;
      }
      const result = /(HTTP 200; )?RESULT ([\s\S]*)$/.exec(outcome);
      if (result?.[2] === undefined) continue;
      // Python's parser gives a tuple of the params; its client sometimes only the value.
      const python = readPython(result[2].trim());
      const bare = result[1] !== undefined && Array.isArray(python) ? python[0] : python;
      const expected = name.startsWith('ssllogin') && Array.isArray(bare) ? bare[1] : bare;
      expect(read, name).toEqual({ kind: 'value', value: expected });
      compared += 1;
    }
    expect(compared).toBeGreaterThan(130);
  });

  it.each(HUBS)('%s: every call is read, and is the same when written again', (hub) => {
    let compared = 0;
    for (const { name, request } of captured(hub)) {
      if (!request.includes('<methodCall>') || !request.trimEnd().endsWith('</methodCall>')) continue;
      if (name === 'http-dtd-bomb') {
        expect(() => decodeCall(request), name).toThrow(NotXmlRpc);
        continue;
      }
      const { method, params } = decodeCall(request);
      const flat = JSON.stringify(params, (_, value) => (typeof value === 'bigint' ? 0 : value));
      if (flat.includes('__starstar') || name === 'echo-types') continue;
      expect(decodeCall(encodeCall(method, params)), name).toEqual({ method, params });
      compared += 1;
    }
    expect(compared).toBeGreaterThan(60);
  });

  it.each(HUBS)('%s: what is no XML-RPC is trouble, in words', (hub) => {
    for (const { name, status, type, response } of captured(hub)) {
      if (status === 200 || status === 0) continue;
      const seen = exchangeOf({ kind: 'answer', status, type, body: response }, 'hub:443');
      expect(seen.kind, name).toBe('turned-away');
      if (seen.kind === 'turned-away') expect(seen.trouble.says, name).not.toMatch(/<|DOCTYPE/);
      if (name === 'fault-login-tls13-no-post-handshake-auth' && seen.kind === 'turned-away') {
        expect(seen.trouble.says).toContain('TLS 1.2');
      }
    }
  });
});
