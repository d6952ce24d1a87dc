import type { View } from '../../src/core/command.ts';
import { loadScript } from '../../src/core/script.ts';
import { placeOf, type Settings } from './settings.ts';

const lookTls = loadScript(new URL('./look-tls.sh', import.meta.url));

/** What a handshake with a server showed. */
export interface Handshake {
  /** `no`: its certificate does not verify with the CA's file alone. `unseen`: there was no handshake to tell from. */
  readonly verifies: 'yes' | 'no' | 'unseen';
  readonly says: string;
  /** The CAs whose certificates it asks people for; none where it does not ask at the handshake, or names none. */
  readonly takes: readonly string[];
}

/** Shakes hands with `host:port` from the CA's host, with its file and nothing else trusted. Never throws for the outside. */
export async function shakeHands(
  caHost: string,
  server: string,
  settings: Settings,
  view: View,
): Promise<Handshake> {
  const [host = '', port = ''] = server.split(':');
  const outcome = await view.hosts.read(
    caHost,
    lookTls,
    [placeOf(settings.certificate, settings), host, port],
    { deadlineMs: settings.deadlineSeconds * 1000, signal: view.signal },
  );
  const unseen = (says: string): Handshake => ({ verifies: 'unseen', says, takes: [] });
  if (outcome.kind !== 'exit') return unseen(outcome.says);
  const lines = outcome.stdout.trim().split('\n');
  if (outcome.code !== 0 || lines.pop() !== 'END') return unseen(`${caHost} could not try ${server}`);
  if (lines.includes('silent')) return unseen(`${server} does not answer with a certificate`);
  const [, code, text = ''] = /^verify (\d+) (.*)$/m.exec(outcome.stdout) ?? [];
  if (code === undefined) return unseen(`${server} gave no result`);
  const takes = lines.flatMap((line) => (line.startsWith('takes ') ? [line.slice('takes '.length)] : []));
  return code === '0'
    ? { verifies: 'yes', says: `the certificate of ${server} verifies with it`, takes }
    : { verifies: 'no', says: `the certificate of ${server} does not verify with it: ${text}`, takes };
}

/** Is this root among the CAs that a server asks for? Its name is written in several ways. */
export function isAmong(takes: readonly string[], cn: string): boolean {
  return takes.some((name) =>
    name
      .split(/[,/]/)
      .map((part) => part.replace(/\s*=\s*/, '=').trim())
      .includes(`CN=${cn}`),
  );
}
