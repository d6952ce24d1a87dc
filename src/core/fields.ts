import { z } from 'zod';
import { type Describe, meta } from './field-meta.ts';
import { plainText, shorten } from './plain-text.ts';

/** Longest text that any parameter takes, in characters: what a Slack text input carries. */
const LONGEST = 3000;

// Host names as DNS and Koji have them. A leading letter or digit, so that nothing reads as an option.
const HOST = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

/** One host name. */
export function hostName(describe: Describe) {
  return typed(253).regex(HOST, { error: notAHost }).meta(meta(describe, 'line'));
}

/** Several host names, or patterns with `*`, separated by commas or spaces; no name twice. */
export function hostNames(describe: Describe) {
  return typed(LONGEST)
    .transform((text) => [...new Set(wordsOf(text))])
    .pipe(
      z
        .array(z.string().refine((name) => HOST.test(name.replaceAll('*', 'x')), { error: notAHost }))
        .min(1, 'Name at least one host.')
        .max(200, 'Name at most 200 hosts at a time.'),
    )
    .meta(meta(describe, 'line'));
}

const notAHost = (issue: { input?: unknown }): string => {
  const text = String(issue.input);
  // Pasted from a web page or a chat: what people see looks right.
  if (/\S[ \t]+\S/.test(text))
    return `“${shorten(text)}” is more than one word, and a host name is one. A reason begins with because=.`;
  if (text !== plainText(text) && HOST.test(plainText(text)))
    return `“${shorten(text)}” holds characters that cannot be seen. Type it anew instead of pasting it.`;
  return `“${shorten(String(issue.input))}” is not a host name: letters, digits, dots and dashes, beginning with a letter or digit.`;
};

/** What stands between commas or spaces. */
const wordsOf = (text: string): readonly string[] => text.split(/[\s,]+/).filter(Boolean);

/** What people type, without the space around it. */
const typed = (most: number) => z.string().trim().max(most, atMost(most));

const atMost = (most: number): string => `That is too long: at most ${most} characters.`;

/** A decimal number in ordinary writing (`8`, `7.5`): no exponents, no signs, no spaces. */
export function decimal(describe: Describe, limits: { readonly above: number; readonly most: number }) {
  const wanted = `Give a number above ${limits.above}, at most ${limits.most}, like ${describe.example}.`;
  return z
    .string()
    .trim()
    .refine((text) => /^\d{1,9}(\.\d{1,4})?$/.test(text), wanted)
    .transform(Number)
    .refine((value) => value > limits.above && value <= limits.most, wanted)
    .meta(meta(describe, 'line'));
}

/** Words for people: a reason, a comment. Control characters become spaces. */
export function words(describe: Describe, most = 500) {
  return z
    .string()
    .transform((text) => plainText(text))
    .refine((text) => text.length > 0, 'Say it in a few words.')
    .refine((text) => text.length <= most, `Say it in at most ${most} characters.`)
    .meta(meta(describe, 'text'));
}

/** Bytes in base64, as one word. */
export function base64(describe: Describe, most: number) {
  return typed(most)
    .regex(/^[A-Za-z0-9+/]{8,}={0,2}$/, 'Give it as it was printed: one word of letters, digits, + and /.')
    .meta(meta(describe, 'line'));
}

/** A text as it was pasted, line breaks and all. What it has to be is for the command to say. */
export function pasted(describe: Describe, most: number) {
  return z
    .string()
    .refine((text) => text.trim() !== '', `Paste it here: ${describe.example}`)
    .refine((text) => text.length <= most, atMost(most))
    .meta({ steward: { ...meta(describe, 'text').steward, pem: true } });
}

/** A number of days: `30d`, `30`, `2w`. */
export function days(describe: Describe, most: number) {
  const wanted = `Give a number of days, at most ${most}, like ${describe.example}.`;
  return z
    .string()
    .trim()
    .toLowerCase()
    .refine((text) => /^\d{1,5} ?(d|days?|w|weeks?)?$/.test(text), wanted)
    .transform((text) => Number.parseInt(text, 10) * (text.includes('w') ? 7 : 1))
    .refine((value) => value <= most, wanted)
    .meta(meta(describe, 'line'));
}

/** One of a few words. */
export function choice<const C extends readonly [string, ...string[]]>(describe: Describe, choices: C) {
  return z
    .string()
    .trim()
    .toLowerCase()
    .pipe(z.enum(choices, { error: `Give one of: ${choices.join(', ')}.` }))
    .meta(meta(describe, 'choice', choices));
}

/** A name of something on the hub or of a person: printable, no white space, nothing that reads as an option. */
export function identifier(describe: Describe, most = 100) {
  return typed(most)
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.+@:/-]*$/, {
      error: (issue) => `“${shorten(String(issue.input))}” is not a name.`,
    })
    .meta(meta(describe, 'line'));
}

/** The id of a request, as people type it: `r42`, or `42`. */
export function requestId(describe: Describe) {
  return typed(100)
    .regex(/^r?\d+$/i, {
      error: (issue) =>
        `“${shorten(String(issue.input))}” is no id of a request: that is the letter r and a number.`,
    })
    .meta({ steward: { ...meta(describe, 'line').steward, talkBehind: true } });
}

/**
 * A Koji user name: what a hub takes by default (`RegexUserName`, and the column's 255), without the slash of a
 * service's Kerberos principal and with a first character that nothing reads as an option.
 */
export function accountName(describe: Describe) {
  return typed(255).regex(ACCOUNT, { error: notAnAccount }).meta(meta(describe, 'line'));
}

const ACCOUNT = /^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/;

const notAnAccount = (issue: { input?: unknown }): string => {
  const text = String(issue.input);
  if (text !== plainText(text) && ACCOUNT.test(plainText(text)))
    return `“${shorten(text)}” holds characters that cannot be seen. Type it anew instead of pasting it.`;
  return `“${shorten(text)}” is not a Koji user name: a to z, digits, dots, dashes, _ and @, in one word.`;
};

/** One word that a command has rules of its own for: `wrong` says what is wrong with it, as a sentence. */
export function word(describe: Describe, wrong: (text: string) => string | null, most = 200) {
  return typed(most)
    .superRefine((text, context) => {
      const says = wrong(text);
      if (says !== null) context.addIssue({ code: 'custom', message: says });
    })
    .meta(meta(describe, 'line'));
}

/** Several words like that, separated by commas or spaces; none twice. */
export function wordList(describe: Describe, wrong: (text: string) => string | null, most = 50) {
  return typed(LONGEST)
    .transform((text) => [...new Set(wordsOf(text))])
    .superRefine((list, context) => {
      const says = list.map(wrong).find((one) => one !== null);
      if (list.length === 0) context.addIssue({ code: 'custom', message: 'Name at least one.' });
      else if (list.length > most) context.addIssue({ code: 'custom', message: `Name at most ${most}.` });
      else if (says) context.addIssue({ code: 'custom', message: says });
    })
    .meta(meta(describe, 'line'));
}

/** `os=https://…, updates=https://…`: names and values, separated by commas or spaces; no name twice. */
export function pairs(describe: Describe, wrong: (name: string, value: string) => string | null, most = 20) {
  return typed(LONGEST)
    .transform((text, context) => {
      const words = wordsOf(text);
      const found = words.map((one) => {
        const at = one.indexOf('=');
        return { name: one.slice(0, Math.max(0, at)), value: one.slice(at + 1) };
      });
      const says =
        found.length === 0 || found.some(({ name, value }) => name === '' || value === '')
          ? found.some(({ name, value }) => name === '' && value.includes('://'))
            ? `A name and = are missing before the address: write it like ${describe.example}.`
            : `Give each one as name=value, like ${describe.example}.`
          : found.length > most
            ? `Give at most ${most}.`
            : new Set(found.map(({ name }) => name)).size < found.length
              ? 'One of the names is there twice.'
              : (found.map(({ name, value }) => wrong(name, value)).find((one) => one !== null) ?? null);
      if (says !== null) context.addIssue({ code: 'custom', message: says });
      return found;
    })
    .meta(meta(describe, 'line'));
}

/** A whole number in ordinary writing. */
export function whole(describe: Describe, limits: { readonly least: number; readonly most: number }) {
  const wanted = `Give a whole number from ${limits.least} to ${limits.most}, like ${describe.example}.`;
  return z
    .string()
    .trim()
    .refine((text) => /^\d{1,9}$/.test(text), wanted)
    .transform(Number)
    .refine((value) => value >= limits.least && value <= limits.most, wanted)
    .meta(meta(describe, 'line'));
}

/** Several names of things on the hub, separated by commas or spaces; none twice. */
export function identifiers(describe: Describe, most = 100) {
  return typed(LONGEST)
    .transform((text) => [...new Set(wordsOf(text))])
    .pipe(z.array(identifier(describe, most)).min(1, 'Name at least one.').max(50, 'Name at most 50.'))
    .meta(meta(describe, 'line'));
}
