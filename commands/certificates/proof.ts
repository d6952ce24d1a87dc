import { type KeyObject, verify } from 'node:crypto';
import type { Entry } from './index-file.ts';
import type { Held } from './signing.ts';

/** The one of these whose key signed the request; null: none did. */
export function provenBy(proof: string, request: Buffer, others: Held['others']): Entry | null {
  const signature = Buffer.from(proof, 'base64');
  const found = others.find(
    ({ certificate }) => certificate && isSigned(certificate.key, request, signature),
  );
  return found?.entry ?? null;
}

function isSigned(key: KeyObject, signed: Buffer, signature: Buffer): boolean {
  try {
    return verify('sha256', signed, key, signature);
  } catch {
    // A key that does not sign in this way.
    return false;
  }
}
