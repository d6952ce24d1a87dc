import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startPage } from '../../sandbox/page/page.ts';
import { startSite } from '../../sandbox/site.ts';
import { startSteward } from '../../sandbox/steward.ts';
import { openTab } from '../support/browser.ts';

/** The whole demo with its page in a tab of this size, for one test. */
export async function openDemo(
  size: { readonly width: number; readonly height: number },
  suggestions?: readonly string[],
) {
  const dir = await mkdtemp(join(tmpdir(), 'steward-page-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const site = await startSite({ dir });
  onTestFinished(() => site.close());
  const steward = await startSteward(site);
  onTestFinished(() => steward.stop());
  const page = await startPage({
    slack: site.slack,
    forum: site.forum,
    extras: { commands: steward.commands, ...(suggestions ? { suggestions } : {}) },
  });
  onTestFinished(() => page.close());
  const { tab, trouble, close } = await openTab(page.url, size);
  onTestFinished(close);
  return { site, tab, trouble };
}
