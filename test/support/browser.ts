import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

/** Debian's Chromium, where it is installed. */
export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => existsSync(path),
);

/** A headless window with a profile of its own. `trouble`: what it had to say in its console. */
export async function openTab(url: string, size = { width: 1280, height: 800 }) {
  const profile = mkdtempSync(join(tmpdir(), 'page-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM ?? '',
    headless: true,
    viewport: size,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--no-first-run',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  context.setDefaultTimeout(20_000);
  const tab: Page = context.pages()[0] ?? (await context.newPage());
  const trouble: string[] = [];
  tab.on('console', (message) => {
    if (message.type() === 'error') trouble.push(message.text());
  });
  tab.on('pageerror', (error) => trouble.push(error.message));
  await tab.goto(url);
  return {
    tab,
    trouble,
    async close(): Promise<void> {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
