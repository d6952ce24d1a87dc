import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand, type Recognition } from '../../src/core/command.ts';
import { hostName } from '../../src/core/fields.ts';
import { recognise } from '../../src/core/recognise.ts';
import { createRegistry, scanCommands } from '../../src/core/registry.ts';
import { cpuMs } from '../support/cpu.ts';

const registry = await scanCommands(new URL('../../commands/', import.meta.url));
const lines = (text: string) => recognise(text, registry.all).map(({ line }) => line);

/** Texts as people write them who have never heard of the bot, and the line that each should be answered with first. */
const ASKING: readonly (readonly [string, string])[] = [
  ['please raise capacity of kojibuilder2 to 12', 'builder capacity kojibuilder2 12'],
  [
    'Could somebody please raise the capacity of builder2 to 40? It is bored.',
    'builder capacity builder2 40',
  ],
  ['our builder has no room, could somebody give it more slots?', 'builder capacity <host> <capacity>'],
  [
    'Koji builder capacity\nHi all, kojibuilder1.katello.org has 16 cores and a capacity of 4 only. Could we set it to 16?',
    'builder capacity kojibuilder1.katello.org 16',
  ],
  ['Increase `builder3` capacity from 4 to 7.5, please', 'builder capacity builder3 7.5'],
  ['Can the builders take more tasks at once? We wait for hours.', 'builder capacity <host> <capacity>'],
  ['Lower the capacity of builder1 and builder2 to 4 during the release.', 'builder capacity <host> 4'],
  ['Set capacity of koji-fedora28-builder = 8', 'builder capacity koji-fedora28-builder 8'],
  ['Nightlies need a bit more capacity; builder2 has 64 GB now.', 'builder capacity builder2 <capacity>'],

  [
    'Please disable builder2 because its disk is failing. I will look on Monday.',
    'builder disable builder2 because=its disk is failing',
  ],
  [
    'Could you take kojibuilder1 out of rotation until the kernel is fixed?',
    'builder disable kojibuilder1 because=<because>',
  ],
  [
    'We should stop using builder3 for now, every build there segfaults.',
    'builder disable builder3 because=<because>',
  ],
  ['Maintenance tonight: can an admin drain the builders?', 'builder disable <host> because=<because>'],
  ['builder2 should get no new tasks, I have to swap its RAM', 'builder disable builder2 because=<because>'],

  ['The RAM of builder2 is swapped. Please enable it again.', 'builder enable builder2'],
  ['kojibuilder1 can go back into rotation, thanks everybody!', 'builder enable kojibuilder1'],
  ['Could builder3 be enabled again please', 'builder enable builder3'],
  ['Could somebody re-enable builder3?', 'builder enable builder3'],
  ['Please put back builder2, the disk is new.', 'builder enable builder2'],

  ['kojid on builder2 looks dead, can somebody restart it?', 'builder restart builder2 because=<because>'],
  ['kojid died on builder3', 'builder restart builder3 because=<because>'],
  [
    'Please restart kojid on kojibuilder1 because it lost the hub after the upgrade',
    'builder restart kojibuilder1 because=it lost the hub after the upgrade',
  ],

  ['is NFS on builder1 hanging?', 'nfs check builder1'],
  ['Is the NFS mount of kojibuilder2.katello.org stale again?', 'nfs check kojibuilder2.katello.org'],
  ['Builds fail with "Stale file handle" in /mnt/koji, is something broken?', 'nfs check'],
  ['Could somebody check the mounts on the builders?', 'nfs check'],
  ['mock fails on builder1 with "Input/output error" on /mnt/koji/repos', 'nfs check builder1'],
  ['ls /mnt/koji hangs on builder3', 'nfs check builder3'],
  ['nfs: server koji not responding, still trying, says every build host', 'nfs check'],

  ['builds are stuck', 'builder list'],
  ['Koji: nothing is picked up\nMy scratch build is in the queue since this morning.', 'builder list'],
  ['All tasks are in free state for two hours, are the builders up?', 'builder list'],
  ['builder2 takes no tasks since yesterday, can someone have a look?', 'builder list builder2'],
  ['My builds have been waiting since noon', 'builder list'],
  ['scratch builds are not starting', 'builder list'],
  ['Hey folks, the EL9 builder seems overloaded, any chance to bump it up a bit?', 'builder list'],
  ['What is the status of builder2?', 'builder list builder2'],
  ['Are the builders idle? My builds are pending.', 'builder list'],
  ['Which builders do we have, and how busy are they?', 'builder list'],

  ['I need a Koji account to build my plugin. User name: toni', 'account create toni'],
  [
    'Koji account for a new packager\nHello, could somebody set up an account for me?',
    'account create <user>',
  ],
  ['please add me to koji, username jdoe', 'account create <user>'],
  ['Would it be possible to get a login for Koji?', 'account create <user>'],
  ['Please add a user called robin to koji', 'account create robin'],
  ['Can I get the repo permission on koji? My account: robin', 'account grant robin repo'],
  ['I lack the rights to build in koji', 'account grant <user> <permissions>'],
  [
    'I am a new maintainer and would like to get access to koji for building.',
    'account grant <user> <permissions>',
  ],
  ['Please give user: sasha the admin permission in Koji', 'account grant sasha admin'],
  [
    'Please remove the repo permission of pat in koji, they work on other things now',
    'account revoke <user> repo',
  ],
  ['Sasha has left, please disable the koji account', 'account disable <user> because=<because>'],
  ['Could you unlock my koji account? login: retired', 'account enable retired'],
  ['When does my koji certificate run out?', 'cert list'],
  ['Hi, could I have a certificate for Koji? I package a plugin.', 'cert issue'],
  ['I am new here and need a koji client certificate to build packages', 'cert issue'],
  ['My koji certificate has expired, could somebody renew it?', 'cert renew'],
  ['The laptop with my koji certificate was stolen!', 'cert revoke <which> because=<because>'],
  ['Whose is the koji cert with the serial number 0x1A?', 'cert show 0x1A'],
  ['Is the CA of Koji about to expire?', 'ca check'],
  ['Could an admin renew the CA of koji before summer?', 'ca renew because=<because>'],
  ['Where can I download the CA certificate for kkoji?', 'ca file'],
  ['Could somebody add the external repo epel10 to koji?', 'repo add epel10 from=<from>'],
  ['We need another external repository in our builds, Ruby 3.3', 'repo add <label> from=<from>'],
  ['Which external repositories do we have?', 'repo list'],
  ['Is the mirrored repo stale? Builds say packages are missing.', 'repo check'],
  ['Which permissions do I have on koji? user name: pat', 'account show pat'],
  ['The sync of our external repo failed in r42, where do I see the whole log?', 'log r42'],
];

/** Texts that are none of its business, and some that sound as if they were. */
const TALKING: readonly string[] = [
  'Foreman 3.12.0 has been released\nWe are happy to announce the general availability of Foreman 3.12. Upgrade today! Packages are on yum.theforeman.org; see the release notes for what is new.',
  'Katello 4.14 RC2 is ready for testing. Please report issues in Redmine. Thanks to everybody who helped with builds and triage.',
  'How do I enable the nodejs:18 module with dnf? `dnf module enable nodejs:18` says it conflicts.',
  'dnf says "nothing provides rubygem-foo" after I enable the builder repo, what is missing?',
  'Thank you so much, that was quick!',
  'Thanks, works again.',
  'Does anybody know how to cherry-pick into the 3.9 branch of packaging?',
  'We raised the capacity of kojibuilder2 to 12 last week and it has been fine since.',
  'builder1 was restarted by the hosting company last night, everything came back.',
  'Thanks for enabling builder3!',
  'builder3 has been enabled again, thanks Adam',
  'koji list-hosts shows builder2 disabled, is that on purpose?',
  'Should we enable SELinux on the builders?',
  'Foreman plugin builder: how to enable more workers?',
  'We plan to change the builders to another instance type in AWS, with more CPU at less cost',
  'How do I restart a failed koji build?',
  'How do I check the koji build log for my task?',
  'Where do I see the log of the job that reads an external repo in Katello?',
  'The sync of epel failed again, see the log on the mirror.',
  'Which koji tag do I use for EL9 plugin builds?',
  'What is the right account to report koji issues with?',
  'Proposal: give every plugin maintainer access to koji',
  'Nightly is broken: the koji build of foreman failed with a missing dependency',
  'The builder ran out of disk space, could someone clean up?',
  'Meeting notes, Infra SIG, 3 March\n- website moved\n- Discourse upgraded\n- Jenkins agents rebuilt\nNext meeting in two weeks.',
  'Jenkins builds are stuck in the queue, all nodes look busy.',
  'The docs build is stuck on GitHub.',
  'COPR builds are pending for an hour. Is this a known outage?',
  'Who maintains the container images? The build fails with an out of memory error.',
  'I would like to add my SSH key to the Jenkins nodes, see the pull request.',
  'Could I get access to the Infra repository on GitHub? My account: toni',
  'I need an account on the forum for our bot, whom do I ask?',
  'New Redmine project for my plugin\nCould somebody create foreman_example and give me permissions there?',
  'How can I give a Foreman user permissions to build hosts only?',
  'Provisioning over NFS hangs: the kickstart is missing on the host. Foreman 3.10, EL9.',
  'Puppet agent runs hang on the host after the upgrade to 3.11, any ideas?',
  'My hosts are stuck in build mode, what can I do?',
  'Capsule sync is stuck at 30 %, tasks are pending in Dynflow, restart did not help.',
  'What capacity should I plan for a Foreman with 5000 hosts? More memory or more cores?',
  'The disk of our Foreman is full, can I give Pulp more room?',
  'The query builder in the new UI is great, could it show more at once?',
  'Image builder for EL9: can we set it to build more at a time?',
  'RFC: drop EL8 packaging\nI propose to stop building for EL8 with 3.13. It costs time, and few people use it. What do you think?',
  'RFC: mirror clean-up\nThe mirror needs 2 TB. Let us drop Fedora 27 and EL6 and use external URLs. Opinions on cost and on timing are welcome.',
  'Please merge my packaging PR, it is green.',
  'Is the release pipeline for 3.12 green? I want to tag today.',
  'Nightly RPM pipeline failed: rubygem-katello needs a bump to 4.15.',
  'The certificate of yum.theforeman.org expires in two weeks.',
  'The Puppet CA has expired, how do I renew the certificates of my hosts?',
  'Which certificate does the smart proxy need?',
  'Why was koji removed from foreman-infra?',
  'Does Koji still build for Foreman, or is everything on COPR now?',
  'Upgrade of the forum on Saturday, expect ten minutes of downtime.',
  'Has somebody experience with Ansible roles for Foreman Proxy?',
  'I wrote a blog post on building plugins, feedback is welcome.',
  'Please vote for the talks at the community day!',
  'Weekly dev update\nPRs merged: 42. Issues closed: 17. A big thank you to the builders of this community, more people than ever give their time.',
  '',
  '???',
  '🎉🎉🎉',
];

describe('the words of somebody who has never heard of the bot', () => {
  it.each(ASKING)('%j: %s', (text, line) => {
    expect(lines(text)[0]).toBe(line);
  });

  it.each(TALKING.map((text) => [text]))('%j: silence', (text) => {
    expect(lines(text)).toEqual([]);
  });

  it('are found in another writing too', () => {
    for (const [text, line] of ASKING.slice(0, 3)) {
      expect(lines(text.toUpperCase())[0]?.toLowerCase()).toBe(line.toLowerCase());
      expect(lines(`“${text}”`)[0]).toBe(line);
      expect(lines(text.replaceAll(' ', '\n'))[0]).toBe(line);
    }
  });

  it('are not put together from all over a long post', () => {
    const far = (between: string) => `The builder runs. ${between} What capacity does it need? More.`;
    expect(lines(far(''))).not.toEqual([]);
    expect(lines(far('All work and no play makes Jack a dull boy. '.repeat(8)))).toEqual([]);
  });

  it('give three lines at most, the likeliest first', () => {
    const all = lines(
      'Restart, enable or disable builder2, or raise its capacity, whatever helps; builds are stuck',
    );
    expect(all.length).toBe(3);
  });

  it('are filled in where they are clear, and what is missing stands at its field', () => {
    const [first] = recognise('please raise capacity of kojibuilder2', registry.all);
    expect(first?.form.fields).toMatchObject([
      { name: 'host', value: 'kojibuilder2', problem: null },
      { name: 'capacity', value: '', problem: 'missing' },
    ]);
  });

  it.each([
    [
      'Raise the capacity of builder2, please, since the update to 12.5 GB of swap',
      'builder capacity builder2 <capacity>',
    ],
    ['Give builder2 more slots, and move the meeting to 10:30', 'builder capacity builder2 <capacity>'],
    ['More capacity for foo@builder2.example.org, please', 'builder capacity <host> <capacity>'],
    ['Raise builder1 to 4 and change builder2 to 8, capacity is short', 'builder capacity <host> <capacity>'],
    ['Raise the capacity of builder1 to 1', 'builder capacity builder1 <capacity>'],
  ])('leave out what is doubtful: %j', (text, line) => {
    expect(lines(text)[0]).toBe(line);
  });

  it('are read in a moment, however many there are', () => {
    const piece = [
      'builder capacity more ',
      'a',
      'builder',
      '1builder',
      'raise ',
      'because ',
      '-',
      '.',
      'builder1.',
      'user name: ',
      ' ',
      '`',
    ];
    for (const one of piece) {
      const text = one.repeat(32_000 / one.length);
      expect(
        cpuMs(() => recognise(text, registry.all)),
        one,
      ).toBeLessThan(100);
    }
  });
});

describe('a declaration', () => {
  const declared = (recognition: Recognition) =>
    createRegistry([
      defineCommand({
        name: 'host wake',
        summary: 'Wake a host',
        params: z.object({ host: hostName({ title: 'Host', hint: 'A host.', example: 'builder2' }) }),
        risk: 'low',
        ask: ['packager'],
        examples: ['host wake builder2'],
        recognise: recognition,
        plan: async () => ({ kind: 'plan', title: 'Wake', steps: [] }),
      }),
    ]);

  it('that cannot work is refused at start', () => {
    expect(() =>
      declared({ words: [['wake', 'get up', 'wake-up call*']], given: { host: /(b\d)/i } }),
    ).not.toThrow();
    for (const [recognition, says] of [
      [{ words: [] }, /a group without words/],
      [{ words: [['wake'], []] }, /a group without words/],
      [{ words: [['Wake']] }, /“Wake”: give words in small letters/],
      [{ words: [['']] }, /“”/],
      [{ words: [['w*ke']] }, /“w\*ke”/],
      [{ words: [['wake']], unless: ['Bed'] }, /“Bed”/],
      [{ words: [['wake']], given: { machine: /(b\d)/ } }, /“machine”, which is no parameter/],
      [{ words: [['wake']], given: { host: /(b\d)/g } }, /flag g or y/],
      [{ words: [['wake']], given: { host: /(b\d)/y } }, /flag g or y/],
      [{ words: [['wake']], given: { host: /b\d/ } }, /not one group/],
    ] as const)
      expect(() => declared(recognition)).toThrow(says);
  });

  it('stands at every command', () => {
    expect(registry.all.filter((command) => !command.recognise).map((command) => command.name)).toEqual([]);
  });
});
