/** What mail programs put below an answer: the letter it answers, and the signature. */

/** What begins at a line: nothing, one or two lines that introduce a quote, or all the rest. */
export type History = { readonly lines: number } | 'rest' | null;

/** A line is looked at so far. */
const LOOK = 300;

/** How the line begins that introduces the letter: `On Tue, 3 Mar …`, `Am 3. März …`, `út 3. 3. …`, `2026-03-03 …`. */
const OPENS = /^(on|le|am|el|il|em|op|den|på|dne|w dniu)\s|^\p{L}{2,4}\.?,? \d|^\d/iu;
/** And what it says: `Adam wrote:`, or only `<adam@example.org>:`. */
const SAYS =
  /(?<!\p{L})(wrote|a écrit|schrieb|escribió|ha scritto|escreveu|schreef|skrev|(?:napsal|napísal|napisał)(?:\(a\)|a)?|pisze|написала?)(?!\p{L})|<[^<>\s]+@[^<>\s]+>\s?:$/iu;

/** `-----Original Message-----`, and what stands there in other languages. */
const FORWARDED =
  /^[-– ]{2,}(original message|original-nachricht|ursprüngliche nachricht|weitergeleitete nachricht|message d['’]origine|message original|mensaje original|messaggio originale|mensagem original|oorspronkelijk bericht|originalmeddelande|původní zpráva|pôvodná správa|oryginalna wiadomość|wiadomość oryginalna|forwarded message|reply message)[-– ]{2,}$|^begin forwarded message:$/iu;

const FROM = /^(from|von|de|da|van|od|från|fra|от)\s?:\s*[\p{L}"'<]/iu;
const SENT =
  /^(sent|date|gesendet|datum|envoyé|enviado|enviada(?: em)?|fecha|inviato|data|verzonden|odesláno|odoslané|wysłano|skickat|sendt|subject|betreff|objet|asunto|oggetto|assunto|onderwerp|předmět|predmet|temat|отправлено|дата|тема)(?: le| el)?\s?:\s*\S/iu;

/** Looks for where the mail history begins, in lines without invisible characters. Lines quoted with `>` are not its business. */
export function findHistory(lines: readonly string[]): (at: number) => History {
  const bared = lines.map(bare);
  // Each line is asked once, however many headers stand before it.
  const sent = new Map<number, boolean>();
  function isSent(at: number): boolean {
    const known = sent.get(at) ?? SENT.test(bared[at] ?? '');
    sent.set(at, known);
    return known;
  }
  return (at) => {
    const line = bared[at] ?? '';
    if (/^(--|—)$/u.test(line) && (!bared[at - 1] || lines[at] === '-- ')) return 'rest';
    if (/^[-–b]/i.test(line) && FORWARDED.test(line)) return 'rest';
    if (FROM.test(line) && [1, 2, 3].some((more) => isSent(at + more))) return 'rest';
    return OPENS.test(line) ? introduction(bared, at) : null;
  };
}

/** `On …, Adam wrote:`, over three lines at most. What follows unquoted belongs to the letter. */
function introduction(bared: readonly string[], at: number): History {
  let joined = '';
  for (const more of [0, 1, 2]) {
    const line = bared[at + more];
    if (!line) return null;
    joined += ` ${line}`;
    if (!line.endsWith(':')) continue;
    if (!SAYS.test(joined)) return null;
    const after = bared.slice(at + more + 1, at + more + 3).find((one) => one !== '');
    if (after === undefined || /^(>|\[quote)/i.test(after)) return { lines: more + 1 };
    // With a time in it, it is no sentence.
    return /\d/.test(joined) ? 'rest' : null;
  }
  return null;
}

/** Without what makes it bold, so much of it as is looked at. */
function bare(line: string): string {
  return line.slice(0, LOOK).replaceAll(/[*_]+/g, '').trim();
}
