import type { Answer } from '../../src/core/answer.ts';
import type { View } from '../../src/core/command.ts';
import type { Guard, Plan, Step } from '../../src/core/plan.ts';
import { Refused } from '../../src/core/refused.ts';
import { loadScript, scriptRun } from '../../src/core/script.ts';
import { type Csr, checkCsr } from './csr.ts';
import { type Holder, lookAtHolder, ownUser, reservedNames } from './holder.ts';
import type { Entry } from './index-file.ts';
import type { Welcome } from './newcomer.ts';
import { handOver } from './own-machine.ts';
import type { Settings } from './settings.ts';
import { assertNotEnded, type Ca, type Held, holdingOf, lookAtSigning } from './signing.ts';
import { away, day, daysUntil } from './times.ts';

/** The script that holds the CA's key in its hand; all that changes the CA is in it. */
export const kojiCa = loadScript(new URL('./root/koji-ca.sh', import.meta.url));

/** What everything that changes the CA holds; what makes accounts on the way holds those too. */
export const LOCKS = ['ca'];

/** An order for a certificate: a request that was read, and all that it is judged by. */
export interface Order {
  readonly ca: Ca;
  readonly csr: Csr;
  /** What was mended in what was pasted. */
  readonly repaired: readonly string[];
  readonly holder: Holder;
  readonly held: Held;
  readonly notes: readonly string[];
}

/** Whose certificate it is to be: somebody else's only where `for` says so. */
export const userOf = (other: string | undefined, view: View): string => other ?? ownUser(view);

/** Reads and judges an order. Throws `Refused` for what is not signed. */
export async function readOrder(text: string, user: string, settings: Settings, view: View): Promise<Order> {
  const [ca, holder, reserved] = await Promise.all([
    lookAtSigning(settings, view),
    lookAtHolder(user, view),
    reservedNames(settings, view),
  ]);
  assertNotEnded(ca, view.now);
  const checked = checkCsr(text, {
    ca: ca.certificate.subject,
    user,
    ed25519: settings.ed25519,
    ...reserved,
  });
  if (checked.kind === 'no') throw new Refused(checked.says, checked.next);
  const { csr, repaired, notes } = checked;
  const held = await holdingOf(ca, csr, settings, view);
  if (held.stranger !== null)
    throw new Refused(
      `The key of this request is in use: ${held.stranger} has a valid certificate for it.`,
      'Make a key of your own. If it is yours and somebody else has it, say `cert revoke` for that one.',
    );
  if (held.burnt !== null)
    throw new Refused(
      `The certificate ${held.burnt.serial} of ${held.burnt.user ?? 'somebody'} for this key was revoked, and no other is signed for it.`,
      'Make a new key and a request for that.',
    );
  return { ca, csr, repaired, holder, held, notes };
}

const DAY_MS = 86_400_000;
/** A CA's host that is more off than this signs what is not good yet, or not any more. */
const MOST_OFF_MS = 10 * 60_000;
/** A CA needs some kilobytes; on a full disk it would stop in the middle. */
const LEAST_FREE = 1_000_000;

/** The plan for an order. Nothing is left to sign where its certificate is there and kept. */
export function planOf(
  order: Order,
  how: {
    readonly title: string;
    readonly high: boolean;
    readonly inverse?: Step['inverse'];
    readonly welcome?: Welcome;
  },
  settings: Settings,
  view: View,
): Plan {
  const { ca, csr, repaired, holder, held, notes } = order;
  const { user } = csr;
  const { steps: before, notes: known } = how.welcome ?? { steps: [], notes: [] };
  if (held.kept)
    return {
      kind: 'plan',
      title: `${user} has this certificate already: ${held.kept.entry.serial}`,
      steps: before,
    };
  const { until } = ca.certificate;
  const capped = until.getTime() < view.now.getTime() + settings.days * DAY_MS;
  const good = capped ? `good until ${day(until)}, when the CA ends` : `good for ${settings.days} days`;
  const step: Step = {
    key: `sign:${csr.fingerprint.slice(0, 16)}`,
    title: how.title,
    kind: 'set',
    effect: scriptRun(ca.host, kojiCa, [
      'sign',
      ca.fingerprint,
      user,
      String(settings.days),
      csr.der.toString('base64'),
    ]),
    changes: [
      {
        what: `valid certificates of ${user}`,
        before: held.others.map(({ entry }) => entryText(entry)).join(', ') || 'none',
        after: held.others.length > 0 ? `these, and one more, ${good}` : `one, ${good}`,
      },
    ],
    evidence: [
      { label: 'SHA-256 of the request', value: csr.fingerprint },
      { label: 'key', value: csr.keyText },
      ...(repaired.length > 0 ? [{ label: 'mended in what was pasted', value: repaired.join(', ') }] : []),
      { label: 'account on the hub', value: holder.says },
      {
        label: 'CA',
        value: `${ca.host}, ends ${day(until)}, ${away(until, view.now)}; ${ca.certificate.algorithm.name}`,
      },
    ],
    guards: guardsOf(ca, view),
    ...(how.inverse ? { inverse: how.inverse } : {}),
  };
  return {
    kind: 'plan',
    title: how.title,
    steps: [...before, step],
    ...(how.high ? { risk: 'high' } : {}),
    notes: [
      ...notes,
      ...(holder.isAdmin
        ? [`${user} is admin on the hub: whoever has this key may do everything there.`]
        : []),
      ...known,
      ...(daysUntil(until, view.now) < 90
        ? [`The CA ends ${away(until, view.now)}; nothing it signed is taken after that.`]
        : []),
    ],
  };
}

/** What must hold of the CA's host for anything to be signed there. */
export function guardsOf(ca: Ca, view: View): readonly Guard[] {
  const off = ca.now.getTime() - view.now.getTime();
  const minutes = Math.round(Math.abs(off) / 60_000);
  return [
    {
      text: `a clock on ${ca.host} that is right to ten minutes`,
      holds: Math.abs(off) <= MOST_OFF_MS,
      saw:
        minutes === 0
          ? 'one that is right'
          : `one that is ${minutes} minutes ${off > 0 ? 'ahead' : 'behind'}`,
    },
    ...(ca.free === null
      ? []
      : [
          {
            text: 'a megabyte of free space there',
            holds: ca.free >= LEAST_FREE,
            saw: ca.free >= LEAST_FREE ? 'enough' : `${ca.free} bytes`,
          },
        ]),
  ];
}

/** What a finished order has to show: the certificate, and everything to use it. `own.file`: what its key is called there. */
export async function resultFor(
  text: string,
  user: string,
  own: Parameters<typeof handOver>[3],
  settings: Settings,
  view: View,
): Promise<Omit<Answer, 'next'> & { readonly order: Order }> {
  const order = await readOrder(text, user, settings, view);
  if (!order.held.kept)
    throw new Refused(
      `The certificate of ${user} was signed, and is not on ${order.ca.host} any more.`,
      `\`cert list ${user}\` shows what the CA has.`,
    );
  return { ...handOver(order.held.kept, order.ca.roots, settings, own), order };
}

/** What the files of this user are called on their own machine. */
export const fileOf = (user: string): string => user.replace(/[^A-Za-z0-9_-]/g, '-');

/** `1A until 2027-03-01`. */
export const entryText = ({ serial, until }: Entry): string => `${serial} until ${day(until)}`;
