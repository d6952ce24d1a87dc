import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand } from '../../src/core/command.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused } from '../../src/core/refused.ts';
import { LOCKS as ACCOUNTS } from '../accounts.ts';
import { CERTIFICATE_WORDS, OTHER_CERTIFICATES } from '../certificates/called.ts';
import { TONI } from '../certificates/examples.ts';
import { othersUser } from '../certificates/holder.ts';
import { type Entry, standing } from '../certificates/index-file.ts';
import { welcome } from '../certificates/newcomer.ts';
import { entryText, fileOf, LOCKS, planOf, readOrder, resultFor, userOf } from '../certificates/order.ts';
import { pasteLines, requestLine } from '../certificates/own-machine.ts';
import { csrField, forField } from '../certificates/parameters.ts';
import { settings } from '../certificates/settings.ts';
import { assertNotEnded, lookAtSigning } from '../certificates/signing.ts';

export default defineCommand({
  name: 'cert issue',
  summary: 'Get a client certificate: first it says how to make a key, then it signs your request',
  params: z.object({
    for: forField('Only admins, and it takes the yes of two people.').optional(),
    csr: csrField('').optional(),
  }),
  risk: 'low',
  ask: ['packager', 'admin'],
  narrower: ({ for: named }, who) =>
    othersUser(named, who) === undefined ? null : { roles: ['admin'], what: 'cert issue for=…' },
  settings,
  shared: 'ca',
  examples: [`cert issue for=toni csr=${TONI}`],
  recognise: {
    words: [
      CERTIFICATE_WORDS,
      anyOf(`koji, kojihub, kkoji, build system`),
      anyOf(`need, want, would like, get, give, issue, sign, request, send, may i have, could i have`),
    ],
    unless: OTHER_CERTIFICATES,
  },
  locks: (_, steps) => (steps.some(({ effect }) => effect.kind === 'hub') ? [...LOCKS, ...ACCOUNTS] : LOCKS),
  async plan({ for: named, csr }, view, given) {
    const other = othersUser(named, view.asker);
    const user = userOf(other, view);
    if (csr === undefined) {
      const ca = await lookAtSigning(given, view);
      assertNotEnded(ca, view.now);
      assertFirst(
        user,
        ca.entries.filter((one) => one.user === user && standing(one, ca.now) === 'valid'),
      );
      return howTo(user, other, ca.certificate.subject);
    }
    const order = await readOrder(csr, user, given, view);
    const { held, holder } = order;
    if (!held.kept)
      assertFirst(
        user,
        held.others.map(({ entry }) => entry),
      );
    const isFirst = order.ca.entries.every((one) => one.user !== user || one.serial === held.same?.serial);
    return planOf(
      order,
      {
        welcome: await welcome(holder, isFirst, given, view),
        title: `Sign a certificate for ${user}`,
        high: other !== undefined || holder.isAdmin,
        inverse: {
          command: 'cert revoke',
          given: { which: user, because: 'its signing is taken back' },
          restores: 'partial',
          leaves: 'the certificate stays on the list of revoked ones',
        },
      },
      given,
      view,
    );
  },
  async result({ for: named, csr = '' }, view, given): Promise<Answer> {
    const user = userOf(named, view);
    const { order, ...answer } = await resultFor(
      csr,
      user,
      { file: fileOf(user), isAnother: false },
      given,
      view,
    );
    const next = order.holder.account ? [] : [`account create ${user}`];
    return { ...answer, next: [...next, `cert show ${order.held.kept?.entry.serial ?? ''}`] };
  },
});

/** Throws `Refused` for who has a certificate: before they make a key for nothing, and again with the request. */
function assertFirst(user: string, valid: readonly Entry[]): void {
  const [first] = valid;
  if (first)
    throw new Refused(
      `${user} has a valid certificate already: ${valid.map(entryText).join(', ')}.`,
      `\`cert renew\` gives another beside it; \`cert revoke ${first.serial} because=…\` ends it, if its key is lost.`,
    );
}

function howTo(user: string, other: string | undefined, ca: Parameters<typeof requestLine>[0]): Answer {
  const file = fileOf(user);
  const line = other === undefined ? 'cert issue' : `cert issue for=${other}`;
  return {
    kind: 'answer',
    title: `A certificate for ${user} begins with a key that ${other ?? 'you'} alone ${other ? 'has' : 'have'}`,
    verdict: 'ok',
    lines: pasteLines(line, file),
    texts: [
      {
        title: '(1) It makes the two files',
        text: requestLine(ca, user, file),
      },
    ],
    next: [`${line} csr=<the text of ${file}.csr>`],
  };
}
