import { expect, it } from 'vitest';
import { CHROMIUM } from '../support/browser.ts';
import { openDemo } from './demo-page.ts';

// `npm run docs:picture` sets this: the picture in the README is made by this test.
const PICTURE = process.env.STEWARD_PICTURE;

it.skipIf(CHROMIUM === undefined)(
  'the demo page shows a request of the forum beside the chat, where it is approved (skipped where there is no chromium)',
  { timeout: 120_000 },
  async () => {
    const { site, tab, trouble } = await openDemo({ width: 1680, height: 900 }, ['help', 'builder list']);
    const forum = tab.locator('#forum');

    await tab.getByRole('button', { name: 'New topic' }).click();
    await tab.getByLabel('Title').fill('More room on koji-fedora28 please');
    await tab
      .getByLabel('What do you need?')
      .fill('Hi, the Fedora builds queue up for hours.\n\n@steward builder capacity koji-fedora28 12');
    await tab.getByRole('button', { name: 'Create topic' }).click();
    await forum.getByText('Raise the capacity of koji-fedora28 from 8 to 12').waitFor();

    await tab.getByRole('radio', { name: 'adam' }).click();
    await tab.locator('.person.me[data-person=U0ADAM]').waitFor();
    await tab.getByRole('button', { name: /^koji-admins/ }).click();
    await tab.locator('#chat').getByRole('button', { name: 'Approve' }).click();
    // Approving asks once more.
    const sure = tab.getByRole('dialog').getByRole('button', { name: 'Approve' });
    if (await sure.isVisible()) await sure.click();
    await forum.getByText('Done, and checked. Approved by adam.').first().waitFor();
    await forum.getByRole('img', { name: 'done' }).first().waitFor();
    await tab.locator('#chat').getByText('Done, and checked').first().waitFor();
    expect(site.hub.world.hosts.find((host) => host.name === 'koji-fedora28')?.capacity).toBe(12);
    expect(trouble).toEqual([]);
    if (PICTURE) {
      await tab.waitForTimeout(2_000);
      await tab.screenshot({ path: PICTURE });
    }
  },
);
