import { z } from 'zod';
import type { Answer } from '../../src/core/answer.ts';
import { defineCommand } from '../../src/core/command.ts';
import { anyOf } from '../../src/core/recognise.ts';
import { Refused } from '../../src/core/refused.ts';
import { OTHER_CERTIFICATES } from '../certificates/called.ts';
import { readCertificates } from '../certificates/certificate.ts';
import { untilText } from '../certificates/entries.ts';
import { nameText } from '../certificates/names.ts';
import { lookAtCa } from '../certificates/reading.ts';
import { placeOf, settings } from '../certificates/settings.ts';
import { bundleOf } from '../certificates/signing.ts';

export default defineCommand({
  name: 'ca file',
  summary: 'Show the certificate of the CA, for everybody who has to trust what it signed',
  params: z.object({}),
  risk: 'read',
  ask: ['packager', 'admin'],
  settings,
  shared: 'ca',
  examples: ['ca file'],
  recognise: {
    words: [
      anyOf(`ca certificate, ca cert, ca file, ca bundle, server ca, serverca`),
      anyOf(`koji, kojihub, kkoji, build system`),
      anyOf(`where, download, find, get, have, send me, what is, which`),
    ],
    unless: OTHER_CERTIFICATES,
  },
  async plan(_given, view, own): Promise<Answer> {
    const path = placeOf(own.certificate, own);
    const looked = await lookAtCa([{ kind: 'cert', name: 'ca', path }], own, view);
    const roots = readCertificates(looked.seen('ca').data?.toString('latin1') ?? '').certificates;
    const [first] = roots;
    if (!first)
      throw new Refused(
        `${path} on ${looked.host} is no certificate that can be read.`,
        'An admin asks `ca check`, which says what is wrong.',
      );
    return {
      kind: 'answer',
      title: `The CA’s file, good until ${untilText(first.until, view.now)}`,
      verdict: first.until < view.now ? 'bad' : 'ok',
      lines: [
        'It is public. Save all of it in the place of the old one, and add nothing to it.',
        ...roots.map((one) => `${nameText(one.subject)}, serial ${one.serial}: SHA-256 ${one.fingerprint}`),
      ],
      texts: [{ title: `Save it as ${own.client.ca}`, text: bundleOf(roots) }],
    };
  },
});
