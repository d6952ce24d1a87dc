/**
 * Configuration of mrepo, read as the ConfigParser of Python 2 reads it, which is what mrepo uses. Bytes are held as
 * latin1 text, one letter a byte, so that nothing is lost in what is not UTF-8.
 */

/** A section as ConfigParser has it after the whole file. */
export interface Section {
  /** As it stands: `[Fedora]` is another section than `[fedora]`. */
  readonly name: string;
  /** Key in small letters to value; lines of one value are joined with a line break. The last one of a key counts. */
  readonly values: ReadonlyMap<string, string>;
}

/** What a file holds. */
export interface MrepoConf {
  readonly sections: ReadonlyMap<string, Section>;
  /** `[DEFAULT]`, which is part of every section. */
  readonly defaults: ReadonlyMap<string, string>;
  /** Lines that stop mrepo, its other runs too; numbers from 1. */
  readonly broken: readonly { readonly line: number; readonly text: string }[];
}

// `\s` of Python's `str`, which knows bytes only; that of JavaScript has a space at byte 0xa0.
const SPACE = ' \\t\\n\\r\\f\\v';
const HEADER = /^\[([^\]]+)\]/;
const OPTION = new RegExp(`^([^:=${SPACE}][^:=]*)[${SPACE}]*[:=][${SPACE}]*([^\\n]*)`);
const ONLY_SPACE = new RegExp(`^[${SPACE}]*$`);
const FIRST_SPACE = new RegExp(`^[${SPACE}]`);
const AROUND = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'g');
const BEHIND = new RegExp(`[${SPACE}]+$`);
const REM = new RegExp(`^rem([${SPACE}]|$)`, 'i');

/** Reads a file. Never throws: what is broken is said. */
export function readMrepoConf(text: string): MrepoConf {
  const sections = new Map<string, { name: string; values: Map<string, string[]> }>();
  const defaults = new Map<string, string[]>();
  const broken: { line: number; text: string }[] = [];
  let current: Map<string, string[]> | null = null;
  let key: string | null = null;
  let number = 0;
  for (const line of linesOf(text)) {
    number++;
    // Only at the very beginning: an indented # goes on with the value above it.
    if (ONLY_SPACE.test(line) || line.startsWith('#') || line.startsWith(';') || REM.test(line)) continue;
    if (FIRST_SPACE.test(line) && current !== null && key !== null) {
      current.get(key)?.push(strip(line));
      continue;
    }
    const header = HEADER.exec(line)?.[1];
    if (header !== undefined) {
      key = null;
      if (header === 'DEFAULT') current = defaults;
      else {
        const section = sections.get(header) ?? { name: header, values: new Map<string, string[]>() };
        sections.set(header, section);
        current = section.values;
      }
      continue;
    }
    const [, option, value = ''] = OPTION.exec(line) ?? [];
    if (current === null || option === undefined) {
      broken.push({ line: number, text: strip(line).slice(0, 80) });
      // ConfigParser reads no further where a file begins without a section.
      if (current === null) break;
      continue;
    }
    key = lower(option.replace(BEHIND, ''));
    current.set(key, [settingIn(value)]);
  }
  return {
    sections: new Map([...sections].map(([name, { values }]) => [name, { name, values: joined(values) }])),
    defaults: joined(defaults),
    broken,
  };
}

/** A ; is a comment behind white space; only the first one of a line is looked at, and one at its beginning by its end. */
function settingIn(text: string): string {
  const at = text.indexOf(';');
  const before = at === 0 ? text.at(-1) : text[at - 1];
  const cut = at >= 0 && before !== undefined && ONLY_SPACE.test(before) ? text.slice(0, at) : text;
  const value = strip(cut);
  return value === '""' ? '' : value;
}

/** Lines with their ends, as `readline` gives them. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function joined(values: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, string> {
  return new Map([...values].map(([key, lines]) => [key, lines.join('\n')]));
}

function strip(text: string): string {
  return text.replace(AROUND, '');
}

/** Of ASCII alone: `lower` of bytes leaves the others as they are. */
function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
