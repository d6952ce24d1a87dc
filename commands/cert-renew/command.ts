import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand } from '../../src/core/command.ts';
import { base64 } from '../../src/core/fields.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused } from '../../src/core/refused.ts';
import { CERTIFICATE_WORDS, OTHER_CERTIFICATES } from '../certificates/called.ts';
import { ADAM } from '../certificates/examples.ts';
import { othersUser } from '../certificates/holder.ts';
import { standing } from '../certificates/index-file.ts';
import {
  entryText,
  fileOf,
  LOCKS,
  type Order,
  planOf,
  readOrder,
  resultFor,
  userOf,
} from '../certificates/order.ts';
import { pasteLines, proofLine, requestLine } from '../certificates/own-machine.ts';
import { csrField, forField } from '../certificates/parameters.ts';
import { provenBy } from '../certificates/proof.ts';
import { type Settings, settings } from '../certificates/settings.ts';
import { assertNotEnded, type Ca, lookAtSigning } from '../certificates/signing.ts';
import { day } from '../certificates/times.ts';

export default defineCommand({
  name: 'cert renew',
  summary: 'Get another client certificate before yours ends: first it says how to make a new key',
  params: z.object({
    for: forField('Only admins.').optional(),
    proof: base64(
      {
        title: 'Proof',
        hint: 'The new request, signed with the old key; without it, it is approved like a new certificate.',
        example: 'MEUCIQDx…',
        named: true,
      },
      2_000,
    ).optional(),
    csr: csrField('For a new key. ').optional(),
  }),
  risk: 'low',
  ask: ['packager', 'admin'],
  narrower: ({ for: named }, who) =>
    othersUser(named, who) === undefined ? null : { roles: ['admin'], what: 'cert renew for=…' },
  settings,
  shared: 'ca',
  examples: [`cert renew csr=${ADAM}`],
  recognise: {
    words: [
      CERTIFICATE_WORDS,
      anyOf(`koji, kojihub, kkoji, build system`),
      anyOf(`renew, renewed, renewal, has expired, expires, expired, prolong, extend`),
    ],
    unless: OTHER_CERTIFICATES,
  },
  locks: () => LOCKS,
  async plan({ for: named, proof, csr }, view, given) {
    const other = othersUser(named, view.asker);
    const user = userOf(other, view);
    if (csr === undefined) {
      const ca = await lookAtSigning(given, view);
      assertNotEnded(ca, view.now);
      return howTo(user, other, ca, given);
    }
    const order = await readOrder(csr, user, given, view);
    const { held, holder, notes } = order;
    const title = `Renew the certificate of ${user}`;
    assertRenewal(order, user);
    const proven = proof === undefined ? null : provenBy(proof, order.csr.der, held.others);
    if (proof !== undefined && proven === null && !held.kept)
      throw new Refused(
        `The proof is not a signature on this request by the key of a valid certificate of ${user}.`,
        `Make it with: \`${proofLine(newFileOf(user), given.client)}\`. Or ask without \`proof=\`.`,
      );
    const said = proven
      ? `Signed with the key of ${entryText(proven)}: whoever asks has that key.`
      : `Nothing proves that whoever asks has the key of the old certificate: only their account says who they are.`;
    const high = proven === null && (other !== undefined || holder.isAdmin);
    return planOf({ ...order, notes: [said, ...notes] }, { title, high }, given, view);
  },
  async result({ for: named, csr = '' }, view, given): Promise<Answer> {
    const user = userOf(named, view);
    const own = { file: newFileOf(user), isAnother: true };
    const { order, lines = [], ...answer } = await resultFor(csr, user, own, given, view);
    const old = order.held.others.map(({ entry }) => entry);
    return {
      ...answer,
      lines: [
        ...lines,
        ...old.map(
          ({ serial, until }) =>
            `The old one, ${serial}, stays good until ${day(until)}: revoke it once this one works.`,
        ),
        `Your configuration stays as it is; for a machine without one, \`ca file\` gives \`${given.client.ca}\`.`,
      ],
      next: old.slice(0, 3).map(({ serial }) => `cert revoke ${serial} reason=replaced because=renewed`),
    };
  },
});

/** The files of the old certificate stay as they are until the new one works. */
const newFileOf = (user: string): string => `${fileOf(user)}-new`;

/** Throws `Refused` where there is nothing to renew, or the request is for the old key. */
function assertRenewal({ held }: Order, user: string): void {
  if (held.kept) return;
  if (held.same && !held.begun)
    throw new Refused(
      `The request is for the key of ${entryText(held.same)}, and a renewal takes a new key.`,
      '`cert renew` says how to make one.',
    );
  if (held.others.length === 0 && !held.same)
    throw new Refused(`${user} has no valid certificate to renew.`, '`cert issue` gives a new one.');
}

function howTo(user: string, other: string | undefined, ca: Ca, given: Settings): Answer {
  const valid = ca.entries.filter((one) => one.user === user && standing(one, ca.now) === 'valid');
  if (valid.length === 0)
    throw new Refused(`${user} has no valid certificate to renew.`, '`cert issue` gives a new one.');
  const file = newFileOf(user);
  const line = other === undefined ? 'cert renew' : `cert renew for=${other}`;
  return {
    kind: 'answer',
    title: `Renewing the certificate of ${user} begins with a new key`,
    verdict: 'ok',
    lines: [
      `There is ${valid.map(entryText).join(', ')}, which goes on working beside the new one.`,
      ...pasteLines(
        line,
        file,
        'If you still have the old key, run the second line too: it prints a proof of it, for `proof=`.',
      ),
    ],
    texts: [
      {
        title: '(1) It makes the two files',
        text: requestLine(ca.certificate.subject, user, file),
      },
      {
        title: '(2) With the old key: it prints the proof',
        text: proofLine(file, given.client),
      },
    ],
    next: [
      `${line} proof=<what it printed> csr=<the text of ${file}.csr>`,
      `${line} csr=<the text of ${file}.csr>`,
    ],
  };
}
