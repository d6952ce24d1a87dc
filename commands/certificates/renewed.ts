import type { Ask, Looked } from './reading.ts';
import { placeOf, type Settings } from './settings.ts';

/** What has to be looked at for `wasRenewed`. */
export function besideCertificate(settings: Settings): Ask {
  const folder = placeOf(settings.certificate, settings).replace(/\/[^/]*$/, '');
  return { kind: 'list', name: 'beside', path: folder };
}

/** Was this CA renewed by Steward? Then the certificate of before is kept beside. */
export function wasRenewed(looked: Looked, { certificate }: Settings): boolean {
  const own = certificate.replace(/^.*\//, '');
  const names = looked.seen('beside').data?.toString('utf8').split('\n') ?? [];
  return names.some((name) => name.startsWith(`${own}.`) && /\.[0-9a-f]{16}$/.test(name));
}
