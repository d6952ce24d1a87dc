import { expect, it } from 'vitest';
import { CHROMIUM } from '../support/browser.ts';
import { openDemo } from './demo-page.ts';

it.skipIf(CHROMIUM === undefined)(
  'the demo page lets one person ask and another approve, and shows how it went (skipped where there is no chromium)',
  { timeout: 120_000 },
  async () => {
    const { site, tab, trouble } = await openDemo({ width: 1320, height: 720 });

    const write = async (text: string) => {
      await tab.getByLabel('Message', { exact: true }).fill(text);
      await tab.keyboard.press('Enter');
    };
    await write('/koji builder capacity builder2 8');
    await tab.getByRole('button', { name: 'Approve' }).waitFor();
    await tab.getByText('editHost("builder2", capacity=8)').waitFor();
    await tab.getByRole('radio', { name: 'adam' }).click();
    await tab.locator('.person.me[data-person=U0ADAM]').waitFor();
    await tab.getByRole('button', { name: 'Approve' }).click();
    // Approving asks once more.
    const sure = tab.getByRole('dialog').getByRole('button', { name: 'Approve' });
    if (await sure.isVisible()) await sure.click();
    await tab.getByText('Done, and checked. Approved by adam.').first().waitFor();
    expect(await tab.getByRole('button', { name: 'Approve' }).count()).toBe(0);
    expect(site.hub.world.hosts.find((host) => host.name === 'builder2')?.capacity).toBe(8);
    await tab.getByRole('button', { name: /\d repl/ }).click();
    await tab.locator('#thread').getByText('Done, and checked').last().waitFor();
    expect(trouble).toEqual([]);
  },
);
