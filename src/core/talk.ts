/** What people say to a request in words of their own, and the lines that they seem to mean by it. */
const TALK: readonly { readonly words: RegExp; readonly lines: (id: string) => readonly string[] }[] = [
  {
    words:
      /^\W*(?:y|yes|yep|yeah|ok|okay|sure|fine|go|lgtm|approved|accept|confirm|do it|ship it)\b|^\W*(?:\+1|👍)/iu,
    lines: (id) => [`approve ${id}`],
  },
  {
    words: /^\W*(?:no|nope|nack|reject|refuse|never|don.?t)\b|^\W*(?:-1|👎)/iu,
    lines: (id) => [`deny ${id} because=…`, `cancel ${id}`],
  },
  {
    words: /^\W*(?:finished|completed?|all done|did it|i did)\b/iu,
    lines: (id) => [`done ${id} …`, `check ${id}`],
  },
  { words: /^\W*(?:stop|abort|halt|kill|quit)\b/iu, lines: (id) => [`cancel ${id}`] },
  { words: /^\W*(?:retry|again|continue|go on)\b/iu, lines: (id) => [`resume ${id}`] },
  {
    words: /^\W*(?:status|state|progress|what|where|how|when|why|who|eta|any news|is it|info)\b|^\W*\?/iu,
    lines: (id) => [`show ${id}`, `history ${id}`],
  },
];

/** A request that is named in the text. */
const ID = /\br\d{1,9}\b/iu;

/**
 * Lines to say instead of “yes, go ahead” or “what now?”, about the request that is named or in whose thread it is said.
 * Nobody's words are acted on: a yes is `approve`.
 */
export function saidOf(text: string, here: string | undefined): readonly string[] {
  const id = ID.exec(text)?.[0].toLowerCase() ?? here;
  const meant = TALK.find(({ words }) => words.test(text));
  if (meant && id !== undefined) return meant.lines(id);
  return meant && /^\W*(?:status|state|progress|any news)\b/iu.test(text) ? ['requests mine'] : [];
}
