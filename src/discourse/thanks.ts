/** A post has at least so many characters, as forums come; a short line alone would be refused to the one who copies it. */
const SHORTEST_POST = 20;
const THANKS = ', thank you';

/** The line as it can be posted alone. */
export function longEnough(line: string): string {
  return line.length < SHORTEST_POST ? `${line}${THANKS}` : line;
}

/** A word that is a smile, a thumb or a tick: `:)`, `:+1:`, 👍. */
const SMILE =
  /^(?:[:;=]['’]?-?[()DP3]+|<3|:[a-z0-9_+-]+:|[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Variation_Selector}\p{Join_Control}]+)[.!]*$/iu;
/** One kind word, with a dash before it or a name behind it: `- thanks in advance, Adam`. */
const POLITE =
  /[\s,;]+(?:[-–—]+\s*)?(?:please|pls|plz|(?:thanks|thank you|thx|cheers|danke|merci)(?:[\s,]+(?:a lot|so much|very much|in advance|you))?(?:[.!,]*\s+(?:[-–—]+\s*)?\p{L}[\p{L}'’-]{0,30})?)[\s.!,\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Variation_Selector}]*$/iu;
/** No kind word is longer, and so no line takes the square of its length. */
const LONGEST = 100;
/** `please, thanks :)` */
const TIMES = 3;

/** The line without the kind words at its end, unless they belong to a reason that people read. */
export function withoutThanks(line: string): string {
  if (/\bbecause\b/iu.test(line)) return line;
  let rest = line;
  for (let time = 0; time < TIMES; time++) {
    const before = rest;
    rest = withoutSmiles(rest);
    const kind = POLITE.exec(rest.slice(-LONGEST))?.[0];
    if (kind !== undefined) rest = withoutSpace(rest.slice(0, -kind.length));
    if (rest === before) break;
  }
  return rest;
}

function withoutSmiles(line: string): string {
  const words = [...line.matchAll(/\S+/gu)];
  const last = words.findLastIndex(([word]) => !SMILE.test(word));
  const end = words[last];
  return end === undefined || last === words.length - 1 ? line : line.slice(0, end.index + end[0].length);
}

function withoutSpace(line: string): string {
  // Begins where a run of white space begins, or a long run would take the square of its length.
  return line.replace(/(?<![\s,;])[\s,;]+$/u, '');
}
