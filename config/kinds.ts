import { z } from 'zod';

// The kinds of values that settings have.

/** A secret is named, never written down here: an environment variable, or a file that holds it alone. */
const INLINE_SECRET =
  'a secret may not stand in this file: write { env: NAME } or { file: path }, and change the secret that stood here';

const EITHER = 'should be { env: NAME } or { file: path }';

/** A secret. */
export const secretRef = z.union(
  [z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })],
  { error: (issue) => (typeof issue.input === 'string' ? INLINE_SECRET : EITHER) },
);

/** An address of one of these schemes: without a password it is no secret, with one it is. */
export const secretUrl = (schemes: readonly string[]) => {
  const error = (issue: { readonly input?: unknown }): string =>
    typeof issue.input === 'string' && hasPassword(issue.input)
      ? INLINE_SECRET
      : `${EITHER}, or an address without a password (${schemes.map((one) => `${one}://…`).join(' or ')})`;
  return z.union([secretRef, z.string().refine((text) => isOpenUrl(text, schemes), { error })], { error });
};

/** Of a file on Steward’s machine. */
export const path = z.string().min(1, 'should be the path of a file').max(4000);
export const port = z.number().int().min(1).max(65_535);
/** The name of a role. */
export const role = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,39}$/,
    'should be a role: small letters, digits and dashes, beginning with a letter',
  );
/** What a host is called. */
export const hostName = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i,
    'should be a host name: letters, digits, dots and dashes',
  );
/** An account of an operating system. */
export const account = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'should be the name of an account: small letters, digits, _ and -');
/** An address of the web. */
export const webUrl = z.url({ protocol: /^https?$/, error: 'should be an address: https://…' });

/** A channel of Slack, by id. */
export const slackChannel = z
  .string()
  .regex(/^[CG][A-Z0-9]{2,}$/, 'should be the id of a channel (C…), not its name');

/** A category of the forum, by its path. */
export const forumCategory = z
  .string()
  .regex(
    /^([a-z0-9_%-]+\/){1,3}[0-9]+$/i,
    'should be the path of the category as its address has it after /c/: development/infra/24',
  );

/** Where a secret is. */
export type SecretRef = z.output<typeof secretRef>;

function hasPassword(text: string): boolean {
  return URL.canParse(text) && new URL(text).password !== '';
}

function isOpenUrl(text: string, schemes: readonly string[]): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.password === '' && schemes.includes(url.protocol.slice(0, -1));
}
