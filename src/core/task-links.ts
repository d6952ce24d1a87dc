/** An address that a front end shows as a link of its own making: nothing of it is typed by people. */
export interface Link {
  readonly text: string;
  readonly url: string;
}

/** As every text of ours writes it: `task 412`. */
const TASK = /\btask (\d{1,10})\b/gi;
/** More of them nobody follows, and the numbers stand in the text. */
const MOST = 6;

/** The pages on Koji's web of the hub's tasks that these texts name, each once; none where the site has no address of it. */
export function taskLinks(texts: readonly string[], web: string | undefined): readonly Link[] {
  if (web === undefined) return [];
  const ids = texts.flatMap((text) => [...text.matchAll(TASK)].flatMap(([, id]) => id ?? []));
  return [...new Set(ids)].slice(0, MOST).map((id) => ({
    text: `task ${id}`,
    url: `${web}/taskinfo?taskID=${id}`,
  }));
}
