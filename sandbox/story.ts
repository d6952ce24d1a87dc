import { tellCertificate } from './certificate-story.ts';
import { tellForum } from './forum-story.ts';
import { tellRepository } from './repository-story.ts';
import type { SandboxSite } from './site.ts';
import { ADMINS, createTeller, KOJI } from './teller.ts';

/** Where the story is told, and what it found. */
export interface Told {
  readonly beats: number;
  readonly failures: readonly string[];
}

/** Plays a whole conversation and prints it as people would see it. Every beat says what must come of it. */
export async function tellStory(site: SandboxSite, print: (text: string) => void): Promise<Told> {
  const teller = createTeller(site, print);
  const { beat, sees, whispered, slack } = { ...teller, slack: site.slack };
  const [maria, adam, bea, stranger] = ['U0MARIA', 'U0ADAM', 'U0BEA', 'U0STRANGER'].map((id) => slack.as(id));
  if (!maria || !adam || !bea || !stranger) throw new Error('nobody to tell a story about');
  const capacity = () => site.hub.world.hosts.find((host) => host.name === 'builder2')?.capacity;

  await beat('Maria, a packager, has never used this. She types: /koji help', async () => {
    await maria.slash('/koji help', KOJI);
    await whispered('U0MARIA', /builder capacity/);
  });
  await beat('She wonders why her builds wait: /koji builder list', async () => {
    await maria.slash('/koji builder list', KOJI);
    await sees(KOJI, /4 builders, 3 enabled/, /builder2/);
  });
  await beat('She mistypes: /koji bilder capacity builder2 8', async () => {
    await maria.slash('/koji bilder capacity builder2 8', KOJI);
    await whispered('U0MARIA', /builder capacity builder2 8/);
  });
  const asked = await beat('/koji builder capacity builder2 8', async () => {
    await maria.slash('/koji builder capacity builder2 8', KOJI);
    return sees(KOJI, /Raise the capacity of builder2 from 4 to 8/, /Approve/);
  });
  await beat('She presses Approve herself. That is not hers to do.', async () => {
    await maria.press(KOJI, asked.ts, 'Approve');
    await whispered('U0MARIA', /somebody else has to approve|You may not approve/);
    must(capacity() === 4, 'nothing was changed');
  });
  await beat('Somebody from another workspace presses it, too.', async () => {
    await sees(KOJI, /Raise the capacity/, /\[Approve\]/);
    await stranger.press(KOJI, asked.ts, 'Approve');
    await whispered('U0STRANGER', /./);
    must(capacity() === 4, 'nothing was changed');
  });
  const copy = await beat('The admins have it in their channel.', () =>
    sees(ADMINS, /Raise the capacity of builder2 from 4 to 8/, /\[Approve\]/),
  );
  await beat(
    'Adam approves there. The builder has its new capacity, and the buttons are gone in both places.',
    async () => {
      await adam.press(ADMINS, copy.ts, 'Approve');
      await sees(KOJI, /Done, and checked/);
      await sees(ADMINS, /Done, and checked/);
      must(capacity() === 8, 'the capacity of builder2 is 8 on the hub');
      must(!teller.text(KOJI, asked.ts).includes('[Approve]'), 'no Approve button is left in #koji');
      must(!teller.text(ADMINS, copy.ts).includes('[Approve]'), 'no Approve button is left in #koji-admins');
    },
  );
  await beat('Maria asks for the same again: there is nothing to do.', async () => {
    await maria.slash('/koji builder capacity builder2 8', KOJI);
    await sees(KOJI, /Nothing to do/);
  });
  await beat('She takes it back. Bea has her reasons, and says no.', async () => {
    await maria.press(KOJI, asked.ts, 'Undo…');
    const undo = await sees(ADMINS, /from 8 to 4/, /Deny/);
    await bea.press(ADMINS, undo.ts, 'Deny…');
    const form = await teller.form('U0BEA');
    await bea.submit(form.id, { because: 'tonight’s release needs the room' });
    await sees(ADMINS, /Denied by/, /tonight’s release needs the room/);
    must(capacity() === 8, 'the capacity is still 8');
  });
  await beat('A builder has to rest; she leaves the reason out and gets a form.', async () => {
    await maria.slash('/koji builder disable builder1', KOJI);
    const form = await teller.form('U0MARIA');
    await maria.submit(form.id, { host: 'builder1', because: 'its disk is failing' });
    const card = await sees(ADMINS, /Disable builder1/, /livecd/, /Approve/);
    await adam.press(ADMINS, card.ts, 'Approve');
    await sees(KOJI, /Disable builder1/, /Done, and checked/);
    must(
      site.hub.world.hosts.find((host) => host.name === 'builder1')?.enabled === false,
      'builder1 is disabled on the hub',
    );
  });
  await site.hosts.misbehave('builder2', { mount: '/mnt/koji', is: 'hung' });
  await beat('Tasks are stuck. In NFS, perhaps: /koji nfs check all', async () => {
    await maria.slash('/koji nfs check all', KOJI);
    await sees(KOJI, /hung/, /builder2/, /\/mnt\/koji/);
  });
  await site.hosts.heal('builder2');
  await beat('Adam freezes everything while they look at it. The other admins read why.', async () => {
    await adam.slash('/koji freeze because=the NFS server is being looked at', KOJI);
    await sees(ADMINS, /adam froze everything: the NFS server is being looked at/);
    await adam.slash('/koji thaw', KOJI);
    await sees(ADMINS, /adam thawed everything/);
  });
  await beat(
    'The server is back; kojid on builder2 is to be restarted, by a pinned script with root’s rights.',
    async () => {
      await adam.slash('/koji builder restart builder2 because=NFS hung', KOJI);
      const card = await sees(ADMINS, /Restart kojid on builder2/i, /Approve/);
      await bea.press(ADMINS, card.ts, 'Approve');
      await sees(KOJI, /Restart kojid on builder2/i, /Done/);
      must(site.hosts.restarts('builder2') === 1, 'kojid was restarted exactly once');
    },
  );
  await tellForum(site, teller);
  await tellCertificate(site, teller, print);
  await tellRepository(site, teller, print);
  return { beats: teller.beats(), failures: teller.failures() };

  function must(holds: boolean, what: string): void {
    if (!holds) throw new Error(`expected: ${what}`);
  }
}
