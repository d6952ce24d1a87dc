import { VERBS } from '../core/verbs.ts';

/** How surely a line has to be its author's own words, written now. */
export type Weight =
  | 'light' // looks only, or tells its author something
  | 'asking' // asks for something that others decide on
  | 'decision'; // says yes, no, stop or go

const LIGHT: readonly string[] = ['help', 'requests', 'show', 'history', 'check', 'link'];
const NAMES: readonly string[] = VERBS.map((verb) => verb.name);

/** Read as the desk reads it, which takes quotes away. */
export function weightOf(line: string): Weight {
  const word = /^[\s"'“”„‘’«»`]*([a-z-]+)/iu.exec(line)?.[1]?.toLowerCase() ?? '';
  if (LIGHT.includes(word)) return 'light';
  return NAMES.includes(word) ? 'decision' : 'asking';
}
