import { SaxesParser } from 'saxes';

/** What a repomd.xml says of the list of packages. */
export interface Repomd {
  /** Below the repository: `repodata/…-primary.xml.gz`. */
  readonly href: string;
  /** Kind of its checksums: `sha256`. */
  readonly checksum: string;
}

/** Reads repomd.xml; a sentence where it is none. */
export function readRepomd(text: string): Repomd | string {
  if (/^\s*(<!doctype html|<html|<head|<body)/i.test(text))
    return 'answers with a web page and not with metadata';
  const parser = new SaxesParser();
  const path: string[] = [];
  const found = { root: '', href: '', checksum: '' };
  let inPrimary = false;
  let broken = false;
  parser.on('error', () => {
    broken = true;
  });
  parser.on('opentag', ({ name, attributes }) => {
    path.push(name);
    if (path.length === 1) found.root = name;
    if (path.length === 2) inPrimary = name === 'data' && attributes.type === 'primary';
    if (inPrimary && name === 'location') found.href = attributes.href ?? '';
    if (inPrimary && name === 'checksum') found.checksum = attributes.type ?? '';
  });
  parser.on('closetag', () => {
    path.pop();
  });
  parser.write(text);
  // To close tells of each that is open.
  broken ||= path.length > 0;
  if (!broken) parser.close();
  if (broken) return 'has a repomd.xml that is broken, or ends in the middle';
  if (found.root !== 'repomd') return 'has a repomd.xml that is something else than metadata of packages';
  if (!/^(?!\/)(?!.*\.\.)[A-Za-z0-9._~+/-]+$/.test(found.href))
    return 'has a repomd.xml that names no list of packages (primary)';
  return { href: found.href, checksum: found.checksum.slice(0, 20) };
}

/** How much a list of packages says there is. */
export interface Amount {
  readonly packages: number;
  readonly bytes: number;
  /** False: reckoned from the first ones. */
  readonly exact: boolean;
}

/** Reads a list of packages, or its beginning; null where it cannot be told. */
export function readAmount(text: string): Amount | null {
  // None of these may go on over the next `<`: upstream could have that tried from each of a million.
  const count = /<metadata\s[^<>]*packages="(\d{1,9})"/.exec(text)?.[1];
  if (count === undefined) return null;
  const packages = Number(count);
  const sizes = [...text.matchAll(/<size\s[^<>]*\bpackage="(\d{1,15})"/g)].map((match) => Number(match[1]));
  const sum = sizes.reduce((all, one) => all + one, 0);
  const exact = sizes.length === packages;
  if (!exact && sizes.length === 0) return null;
  return { packages, bytes: exact ? sum : Math.round((sum / sizes.length) * packages), exact };
}
