import type { View } from '../../src/core/command.ts';
import { Refused, Unavailable } from '../../src/core/refused.ts';
import { type Certificate, readCertificates } from './certificate.ts';
import { type Handshake, isAmong, shakeHands } from './handshake.ts';
import { nameText, partOf } from './names.ts';
import { lookAtCa } from './reading.ts';
import type { Settings } from './settings.ts';
import type { Ca } from './signing.ts';

/** Somewhere that has to have the CA's file. */
export type Place = NonNullable<Settings['places']>[number];

/** Where Koji's guide has it, for a config that names no places. */
const USUAL: readonly Place[] = ['hub', 'web', 'builders', 'users'].map((name) => ({ name }));

export const placesOf = ({ places }: Settings): readonly Place[] => places ?? USUAL;

/** What is there. */
export interface PlaceSeen {
  readonly place: Place;
  /** `hand`: nothing can be looked at, and a person has to say so. `unseen`: it could be, and not at this moment. */
  readonly state: 'new' | 'old' | 'unseen' | 'hand';
  readonly found: string;
}

/** Looks at every place that can be looked at: the file on its host, the handshake of its server. */
export async function lookAtPlaces(
  ca: Pick<Ca, 'host' | 'roots'>,
  settings: Settings,
  view: View,
): Promise<readonly PlaceSeen[]> {
  return Promise.all(
    placesOf(settings).map(async (place) => {
      const [file, hands] = await Promise.all([
        lookAtFile(place, ca.roots, settings, view),
        place.tls === undefined ? null : shakeHands(ca.host, place.tls, settings, view),
      ]);
      return { place, ...judge(file, hands, ca.roots) };
    }),
  );
}

type Verdict = Pick<PlaceSeen, 'state' | 'found'>;

/** Null: the place has no file to look at. */
async function lookAtFile(
  { host, file }: Place,
  roots: readonly Certificate[],
  settings: Settings,
  view: View,
): Promise<Verdict | null> {
  if (host === undefined || file === undefined) return null;
  if (!view.hosts.names().includes(host))
    return { state: 'unseen', found: `Steward has no SSH access to a host named ${host}` };
  try {
    const asks = [{ kind: 'cert', name: 'file', path: file }] as const;
    const { state, data } = (await lookAtCa(asks, { ...settings, host }, view)).seen('file');
    if (state === 'missing') return { state: 'old', found: `${file} is not there` };
    if (!data) return { state: 'unseen', found: `${file} may not be read by an account without rights` };
    return compare(readCertificates(data.toString('latin1')).certificates, roots, file);
  } catch (error) {
    if (error instanceof Refused || error instanceof Unavailable)
      return { state: 'unseen', found: `${host} could not be looked at` };
    throw error;
  }
}

function compare(there: readonly Certificate[], roots: readonly Certificate[], file: string): Verdict {
  const isIn = (one: Certificate, all: readonly Certificate[]): boolean =>
    all.some(({ fingerprint }) => fingerprint === one.fingerprint);
  const names = new Set(roots.map(({ subject }) => nameText(subject)));
  const mixed = there.some((one) => names.has(nameText(one.subject)) && !isIn(one, roots));
  if (!roots.every((root) => isIn(root, there)))
    return { state: 'old', found: `${file} lacks the new certificate` };
  // OpenSSL takes the first of one name that it finds.
  if (mixed)
    return {
      state: 'old',
      found: `${file} has the new certificate, and an old one of the same name beside it: take that out`,
    };
  return { state: 'new', found: `${file} is the new one` };
}

/** A file tells most; a handshake tells of the server itself, and of a new root only where the server names those it takes. */
function judge(file: Verdict | null, hands: Handshake | null, roots: readonly Certificate[]): Verdict {
  if (file && file.state !== 'new') return file;
  if (!hands) return file ?? { state: 'hand', found: 'nothing that Steward could look at' };
  const before = file ? `${file.found}; ` : '';
  if (hands.verifies === 'no') return { state: 'old', found: before + hands.says };
  if (hands.verifies === 'unseen') return { state: 'unseen', found: before + hands.says };
  const [first] = roots;
  const cn = roots.length > 1 && first ? partOf(first.subject, 'CN') : undefined;
  if (cn !== undefined && hands.takes.length > 0)
    return isAmong(hands.takes, cn)
      ? { state: 'new', found: `${before}${hands.says}, and it asks for certificates of ${cn}` }
      : {
          state: 'old',
          found: `${before}${hands.says}, and it does not ask for certificates of ${cn} yet: reload it`,
        };
  return file
    ? { state: 'new', found: before + hands.says }
    : { state: 'hand', found: `${hands.says}; whether it has the new file cannot be seen from outside` };
}
