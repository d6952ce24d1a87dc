import { hasCurl } from './mirror/mirror.ts';
import type { SandboxSite } from './site.ts';
import { ADMINS, KOJI, type Teller } from './teller.ts';

const TAG = 'foreman-nightly-el8-build';
const LINE = `/koji repo add epel10 from="os=http://mirror.example.org/os/$arch/" tag=${TAG}`;

/** The part of the story that takes an admin an afternoon by hand: packages from elsewhere, to builds that use them. */
export async function tellRepository(
  { hub, slack, forum }: SandboxSite,
  { beat, sees }: Teller,
  print: (text: string) => void,
): Promise<void> {
  if (!hasCurl) {
    print('\n— There is no curl here, so nobody can look at an upstream: no repository is added.');
    return;
  }
  const [maria, adam] = [slack.as('U0MARIA'), slack.as('U0ADAM')];
  await beat(
    'Maria needs packages from outside, and types what a runbook of old would tell her.',
    async () => {
      await maria.slash('/koji repo add epel10 from="os=http://127.0.0.1/os/$arch/"', KOJI);
      await sees(KOJI, /this machine itself/);
    },
  );
  const card = await beat(LINE, async () => {
    await maria.slash(LINE, KOJI);
    return sees(ADMINS, /Mirror epel10/, /\[Approve\]/);
  });
  await beat(
    'Adam approves. The entry, the packages and the hub follow by themselves; then the hub makes repositories anew.',
    async () => {
      await adam.press(ADMINS, card.ts, 'Approve');
      await sees(KOJI, /Mirror epel10/, /newRepo of foreman-nightly-el8-build: task \d+/);
    },
  );
  await beat(
    'Nobody has to watch those tasks: the thread says which is where, and when builds have the packages.',
    async () => {
      await sees(KOJI, /Mirror epel10/, /steps are done, and checked/, /builds use it now/);
      must(
        hub.world.externalRepos.some(({ name }) => name === 'epel10-os'),
        'the hub knows epel10-os',
      );
    },
  );
  await beat('Packagers are told, in chat and in the forum, once.', async () => {
    await sees(KOJI, /New external repository: epel10-os/);
    // The forum takes a few posts a minute, and this one comes last.
    const announced = () =>
      forum.topics(forum.category.id).find(({ title }) => title === 'New external repository: epel10-os');
    await forum.waitFor(announced, 60_000);
  });
  await beat('What is mirrored here, and who uses it? /koji repo list', async () => {
    await maria.slash('/koji repo list', KOJI);
    await sees(KOJI, /epel10/, /centos8-base/);
  });
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`expected: ${what}`);
}
