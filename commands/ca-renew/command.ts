import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand } from '../../src/core/command.ts';
import { choice, days as daysField, identifier, whole, words } from '../../src/core/fields.ts';
import type { Plan } from '../../src/core/plan.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { withReason } from '../builders.ts';
import { OTHER_CERTIFICATES } from '../certificates/called.ts';
import { nameText } from '../certificates/names.ts';
import { LOCKS } from '../certificates/order.ts';
import { lookAtPlaces } from '../certificates/places.ts';
import { settings } from '../certificates/settings.ts';
import { bundleOf, lookAtSigning } from '../certificates/signing.ts';
import { day } from '../certificates/times.ts';
import { placeSteps, stateText } from './check-list.ts';
import {
  assertRenewable,
  assertSensible,
  isWanted,
  lookAtRenewal,
  notesOf,
  renewStep,
  type Wish,
} from './renewal.ts';

export default defineCommand({
  name: 'ca renew',
  summary:
    'Renew the certificate of the CA, with the same key or a new one, and see that every place gets it',
  params: z.object({
    key: choice(
      {
        title: 'Key',
        hint: 'same: all certificates in use go on working. new: for a key that is weak or burnt. Left out: same.',
        example: 'new',
        named: true,
      },
      ['same', 'new'],
    ).optional(),
    days: daysField(
      { title: 'Days', hint: 'How long the new certificate is good.', example: '3650d', named: true },
      9_999,
    ).optional(),
    missing: whole(
      {
        title: 'Missing',
        hint: 'So many valid certificates that nobody can try, because their files are gone, are no hindrance.',
        example: '2',
        named: true,
      },
      { least: 1, most: 9_999 },
    ).optional(),
    replaces: identifier({
      title: 'Replaces',
      hint: 'With key=new: the serial of the certificate that it replaces, where that has a new key already.',
      example: '9FE2E282E12B6C50',
      named: true,
    }).optional(),
    because: words({
      title: 'Because',
      hint: 'Those who approve read it, and it stays in the record.',
      example: 'it ends in July',
      named: true,
    }),
  }),
  risk: 'high',
  ask: ['admin'],
  settings,
  shared: 'ca',
  examples: [
    'ca renew because=it ends next summer',
    'ca renew key=new because=the disk with its key was given away',
  ],
  recognise: {
    words: [
      anyOf(`ca, certificate authority, ca certificate, root certificate`),
      anyOf(`koji, kojihub, build system`),
      anyOf(`renew, renewal, prolong, extend, rotate, new key`),
    ],
    unless: OTHER_CERTIFICATES,
  },
  locks: () => LOCKS,
  async plan(given, view, own): Promise<Plan> {
    const wish: Wish = {
      ...given,
      key: given.key ?? 'same',
      days: given.days ?? 3650,
      missing: given.missing ?? 0,
    };
    assertSensible(wish);
    const seen = await lookAtRenewal(own, view);
    const { ca } = seen;
    if (isWanted(wish, ca, view.now)) {
      assertRenewable(wish, seen, view.now);
      const { title, reason } = withReason(
        `Renew the CA on ${ca.host} with ${wish.key === 'new' ? 'a new' : 'the same'} key`,
        given.because,
      );
      return {
        kind: 'plan',
        title,
        steps: [renewStep(wish, seen, own, view), ...(await placeSteps(null, own, view))],
        notes: [...reason, ...notesOf(wish, seen, own, view.now)],
      };
    }
    // Before anything was renewed here, nobody waits for a new file.
    const steps = seen.wasRenewed ? await placeSteps(await lookAtPlaces(ca, own, view), own, view) : [];
    const until = day(ca.certificate.until);
    return {
      kind: 'plan',
      title:
        steps.length > 0
          ? `Bring the CA’s file, good until ${until}, to every place`
          : `The CA is good until ${until}, and there is nothing to renew`,
      steps,
      notes:
        wish.key === 'new'
          ? [
              `It has a new key already. To replace that too: \`ca renew key=new replaces=${ca.certificate.serial} because=…\`.`,
            ]
          : [],
    };
  },
  async result(_given, view, own): Promise<Answer> {
    const ca = await lookAtSigning(own, view);
    const places = await lookAtPlaces(ca, own, view);
    const [first, ...others] = ca.roots;
    return {
      kind: 'answer',
      title: `The CA is good until ${day(ca.certificate.until)}`,
      verdict: 'ok',
      lines: [
        `${nameText(ca.certificate.subject)}, serial ${ca.certificate.serial}, ${ca.certificate.algorithm.name}; SHA-256 ${first?.fingerprint ?? ''}.`,
        ...(others.length > 0
          ? [
              'The old certificate stands after it in the file, until the last certificate that it signed is gone: `ca check` says when.',
            ]
          : []),
      ],
      texts: [{ title: `The CA’s file: people save it as ${own.client.ca}`, text: bundleOf(ca.roots) }],
      table: {
        columns: ['Place', 'State', 'What was seen'],
        rows: places.map(({ place, state, found }) => [place.name, stateText(state), found]),
      },
      next: ['ca check', 'ca file'],
    };
  },
});
