/** Text of people as it is shown anywhere: with nothing in it that cannot be seen or that moves what is seen. */

/** Marks that change the order in which text is read: shown by their number, never obeyed. */
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** Marks that cannot be seen at all: dropped. */
const INVISIBLE =
  /\u00ad|\u034f|\u115f|\u1160|\u17b4|\u17b5|[\u180b-\u180e]|\u200b|\u200c|\u200d|[\u2060-\u2065]|[\u206a-\u206f]|\u2800|\u3164|[\ufe00-\ufe0f]|\ufeff|\uffa0|[\ufff9-\ufffb]|[\u{1d173}-\u{1d17a}]|[\u{e0000}-\u{e0fff}]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/gu;
const LONE_SURROGATE = /\p{Surrogate}/gu;

/** The text with everything visible, on as many lines as it has. */
export function visible(text: string): string {
  return text
    .replace(LONE_SURROGATE, '\ufffd')
    .replace(/\r\n?|[\u2028\u2029\u0085]/gu, '\n')
    .replace(BIDI, byNumber)
    .replace(INVISIBLE, '')
    .replace(CONTROL, byNumber);
}

/** The same on one line. */
export function oneLine(text: string): string {
  // Line by line: one expression for the white space on both sides of a break takes the square of its length.
  const [first = '', ...rest] = visible(text).replace(/\t/gu, ' ').split('\n');
  const last = rest.pop();
  if (last === undefined) return first.trim();
  const between = rest.map((line) => line.trim()).filter((line) => line !== '');
  return [first.trim(), ...between, last.trim()].join(' ⏎ ').trim();
}

function byNumber(mark: string): string {
  return `⟨U+${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

/** The text, or as much of it as fits in `max` with an ellipsis. Never cuts a character in two. */
export function cut(
  text: string,
  max: number,
  lengthOf: (text: string) => number = (one) => one.length,
): string {
  if (lengthOf(text) <= max) return text;
  let kept = '';
  let length = 1;
  for (const character of text) {
    length += lengthOf(character);
    if (length > max) break;
    kept += character;
  }
  return `${kept}…`;
}
