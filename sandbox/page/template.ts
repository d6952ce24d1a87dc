import { readFile } from 'node:fs/promises';

const FILE = new URL('../../docs/topic-template.md', import.meta.url);

/** The part of the topic template that an admin pastes into the forum; undefined where there is no such file. */
export async function readTemplate(): Promise<string | undefined> {
  try {
    return pastedPart(await readFile(FILE, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The page explains itself first; what is to be pasted stands in its widest fence, or else after its first rule. */
export function pastedPart(page: string): string {
  const fenced = /^(`{4,}|~{3,})[^\n]*\n(.*?)\n\1$/ms.exec(page)?.[2];
  const ruled = /^---$\n(.*)/ms.exec(page)?.[1];
  return (fenced ?? ruled ?? page).trim();
}
