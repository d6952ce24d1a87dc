import { isIP } from 'node:net';
import { holdsCredentials } from '../../src/core/credentials.ts';
import { shown } from './names.ts';

// What may stand in an address that mrepo hands to a shell, and that ends in files and messages: nothing that any of
// them could read as more than a letter.
const PLAIN = /^[A-Za-z0-9._~:/+=&?-]*$/;
const LONGEST = 500;

/** An address that was let through. */
export interface Upstream {
  /** As it was given, with a slash at the end; `$arch` may stand in it. */
  readonly url: string;
  /** A name, or an address without brackets. */
  readonly host: string;
}

/** What is wrong with an address, and what to do about it. */
export interface WrongUrl {
  readonly says: string;
  readonly next: string;
}

/** Is there a user or a password in the address? Looked at before the request is stored or shown; null: there is none. */
export function wrongInSecrecy(text: string): string | null {
  return holdsCredentials(text)
    ? 'There is a user or a password in the address, so I have kept none of it: it would be posted here, and stored on the mirror. If it was a real password, change it. Only what anybody can download is mirrored.'
    : null;
}

/** Reads an upstream's address as somebody typed it. `$arch` stands for the arch and is the only $ that it may have. */
export function readUpstream(text: string, schemes: readonly string[]): Upstream | WrongUrl {
  const no = (says: string, next: string): WrongUrl => ({ says, next });
  const url = text.endsWith('/') ? text : `${text}/`;
  const what = `“${shown(text)}”`;
  if (url.length > LONGEST) return no(`An address has at most ${LONGEST} characters.`, 'Give a shorter one.');
  const secret = wrongInSecrecy(url);
  if (secret !== null) return no(secret, 'Give the address without it.');
  // Brackets are for an address of IPv6 and nowhere else.
  // What dnf fills in where it stands in files of dnf.
  const other = /\$\{?(releasever\w*|contentdir|stream|infra)/i.exec(url)?.[1];
  if (other !== undefined)
    return no(
      `${what}: only $arch is filled in here, not $${shown(other)}.`,
      `Write what $${shown(other)} stands for${/^releasever/i.test(other) ? ', like 10' : ''}.`,
    );
  const odd = url.replace(/\$(base)?arch(?![a-z0-9_])/gi, '').replace(/^([a-z]+:\/\/)\[([^\]]*)\]/, '$1$2');
  const bad = [...odd].find((letter) => !PLAIN.test(letter));
  if (bad !== undefined)
    return no(
      `${what} has ${nameOf(bad)} in it, and addresses end up in a shell on the mirror, so only plain letters may stand in one.`,
      'Give it with letters, digits and . _ - ~ + / : only; $arch stands for the arch.',
    );
  if (/\$basearch/i.test(url) || /\$arch/i.test(url.replaceAll('$arch', '')))
    return no(`${what}: the arch is written $arch here.`, `Say ${url.replace(/\$(base)?arch/gi, '$arch')}`);
  if (/[?&]/.test(url))
    return no(
      `${what} asks a question (a ? or & is in it), and a repository is a directory.`,
      'Give the address of the directory.',
    );
  const scheme = /^([a-z]+):\/\//.exec(url)?.[1] ?? '';
  if (!schemes.includes(scheme))
    return no(
      scheme === '' ? `${what} is no address.` : `${what}: ${scheme}:// cannot be mirrored here.`,
      `Give one that begins with ${schemes.map((one) => `${one}://`).join(' or ')}.`,
    );
  const place = /^[a-z]+:\/\/([^/]*)\/(.*)$/.exec(url);
  const authority = place?.[1] ?? '';
  const host = hostIn(authority);
  if (host === null)
    return no(
      `${what}: “${shown(authority)}” is neither a name nor an address in the usual form.`,
      'Give the name of the host in small letters, or its address like 192.0.2.1.',
    );
  const inside = /\/repodata\/(repomd\.xml\/)?$/.exec(url)?.[0];
  if (inside !== undefined)
    return no(
      `${what} leads into a repository, and the address of one is the directory that repodata is in.`,
      `Say ${url.slice(0, 1 - inside.length)}`,
    );
  if (place?.[2]?.split('/').some((part) => part === '..' || part === '.'))
    return no(`${what} has . or .. as a directory.`, 'Give the address that it leads to.');
  if (`/${place?.[2] ?? ''}`.includes('//'))
    return no(`${what} has two slashes together.`, 'Give it with one.');
  return { url, host };
}

/** Was it let through? */
export function isWrong(read: Upstream | WrongUrl): read is WrongUrl {
  return 'says' in read;
}

/**
 * Host of `name`, `name:80`, `192.0.2.1` or `[2001:db8::1]:80`. Null for numbers in other forms (`0x7f.1`,
 * `2130706433`, `017700000001`): every program reads those as another address.
 */
export function hostIn(authority: string): string | null {
  const six = /^\[([0-9a-f:.]+)\](:\d{1,5})?$/.exec(authority)?.[1];
  if (six !== undefined) return isIP(six) === 6 ? six : null;
  const [, host = '', port] = /^([^:[\]]+)(?::(\d{1,5}))?$/.exec(authority) ?? [];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return null;
  if (isIP(host) === 4) return host;
  if (!/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(host)) return null;
  // A name whose last part can be read as a number is one to some programs.
  return /(^|\.)0x[0-9a-f]*$/.test(host) || host.length > 253 ? null : host;
}

function nameOf(letter: string): string {
  const known: Record<string, string> = {
    ' ': 'a space',
    '\n': 'a line break',
    '`': 'a backtick',
    "'": 'a quote',
    '"': 'a quote',
    '%': 'a %',
    $: 'a $',
    ',': 'a comma',
  };
  const code = letter.codePointAt(0) ?? 0;
  return known[letter] ?? (code < 0x21 || code > 0x7e ? 'a letter that is not plain' : `a ${letter}`);
}
