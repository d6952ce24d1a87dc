import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PEOPLE } from '../support/kernel.ts';
import { type RepoSite, startRepoSite } from '../support/repo-site.ts';

const { maria, adam } = PEOPLE;
const TAG = 'foreman-nightly-el8-build';
const OS = 'os=http://mirror.example.org/os/$arch/';

let site: RepoSite;
beforeAll(async () => {
  site = await startRepoSite({ announce: { audience: 'packagers' } });
});
afterAll(() => site?.close());
beforeEach(() => site.reset());

describe('repo add', () => {
  it('mirrors a repository, makes it known to the hub and lets a tag use it', async () => {
    const before = site.config();
    const request = await site.through(maria, `repo add epel10 from="${OS}" tag=${TAG}`);
    console.log(request.says, JSON.stringify(request.plan?.steps.map(s=>[s.state,s.says,s.step.key])), JSON.stringify(request.answer));
    expect(request.status).toBe('succeeded');
    expect(site.config().startsWith(before)).toBe(true);
    console.log(site.config(), site.calls());
  });
});
