import type { SandboxSite } from './site.ts';
import { ADMINS, KOJI, type Teller } from './teller.ts';

/** The part of the story that is told in the forum: asked there and decided in chat, and the other way round. */
export async function tellForum(site: SandboxSite, teller: Teller): Promise<void> {
  const { beat, sees, reads } = teller;
  const { forum, slack } = site;
  const capacity = (name: string) => site.hub.world.hosts.find((host) => host.name === name)?.capacity;
  const [maria, adam] = [forum.as('maria'), forum.as('adam')];

  const { topic } = await beat(
    'In the forum, Maria opens a topic in her own words. She has never heard of the bot.',
    async () => {
      const opened = await maria.topic(
        'More room on koji-fedora28 please',
        'Hi all, the Fedora builds queue up for hours. Could somebody raise the capacity of the builder koji-fedora28?',
      );
      await reads(opened.topic, /builder capacity koji-fedora28/);
      return opened;
    },
  );
  await beat(
    'The bot has said how to ask for it, so she does: @steward builder capacity koji-fedora28 12',
    async () => {
      await maria.reply(topic, '@steward builder capacity koji-fedora28 12');
      await reads(topic, /Raise the capacity of koji-fedora28/, /approve r\d+/);
    },
  );
  await beat('The admins have it in chat. Adam approves there, and the topic says by whom.', async () => {
    const card = await sees(ADMINS, /Raise the capacity of koji-fedora28/, /\[Approve\]/);
    await slack.as('U0ADAM').press(ADMINS, card.ts, 'Approve');
    await reads(topic, /Done/, /adam/);
    must(capacity('koji-fedora28') === 12, 'the capacity of koji-fedora28 is 12 on the hub');
  });

  const asked = await beat(
    'The other way round: Maria asks in chat. /koji builder capacity builder3 6',
    async () => {
      await slack.as('U0MARIA').slash('/koji builder capacity builder3 6', KOJI);
      return sees(KOJI, /capacity of builder3 from \d+ to 6/, /\[Approve\]/);
    },
  );
  const id = /\br\d+\b/.exec(teller.text(KOJI, asked.ts))?.[0] ?? 'r0';
  await beat(`Adam is in the forum just now. He looks at it there: @steward show ${id}`, async () => {
    await adam.reply(topic, `@steward show ${id}, thank you`);
    await reads(topic, new RegExp(`approve ${id}\\b`));
  });
  await beat(
    `He approves in the topic, and the buttons in chat are gone: @steward approve ${id}`,
    async () => {
      await adam.reply(topic, `@steward approve ${id}, thank you`);
      await sees(KOJI, /capacity of builder3/, /Done, and checked/);
      must(!teller.text(KOJI, asked.ts).includes('[Approve]'), 'no Approve button is left in #koji');
      must(capacity('builder3') === 6, 'the capacity of builder3 is 6 on the hub');
    },
  );
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`expected: ${what}`);
}
