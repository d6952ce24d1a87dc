/** Reads a literal as Python's repr() writes it: None, True, numbers, strings, lists, tuples, dicts. */
export function readPython(text: string): unknown {
  let at = 0;
  const rest = () => text.slice(at);
  const skip = () => {
    at += /^\s*/.exec(rest())?.[0].length ?? 0;
  };

  function value(): unknown {
    skip();
    const first = text[at] ?? '';
    if (first === '[') return sequence(']');
    if (first === '(') return sequence(')');
    if (first === '{') return dict();
    if (first === "'" || first === '"') return string(first);
    const word = /^[\w.+-]+/.exec(rest())?.[0] ?? '';
    if (word === '') throw new Error(`no Python at ${at}: ${rest().slice(0, 40)}`);
    at += word.length;
    if (word === 'None' || word === 'nan') return null;
    if (word === 'True' || word === 'False') return word === 'True';
    const number = Number(word);
    if (Number.isNaN(number)) throw new Error(`not a number: ${word}`);
    return Number.isInteger(number) && !Number.isSafeInteger(number) && /^-?\d+$/.test(word)
      ? BigInt(word)
      : number;
  }

  function sequence(end: string): unknown[] {
    const items: unknown[] = [];
    at += 1;
    for (skip(); text[at] !== end; skip()) {
      items.push(value());
      skip();
      if (text[at] === ',') at += 1;
    }
    at += 1;
    return items;
  }

  function dict(): unknown {
    const pairs: [string, unknown][] = [];
    at += 1;
    for (skip(); text[at] !== '}'; skip()) {
      const key = String(value());
      skip();
      at += 1;
      pairs.push([key, value()]);
      skip();
      if (text[at] === ',') at += 1;
    }
    at += 1;
    return Object.fromEntries(pairs);
  }

  function string(quote: string): string {
    let out = '';
    for (at += 1; text[at] !== quote; at += 1) {
      if (at >= text.length) throw new Error('a string without an end');
      out += text[at] === '\\' ? escaped() : text[at];
    }
    at += 1;
    return out;
  }

  function escaped(): string {
    at += 1;
    const char = text[at] ?? '';
    const width = { x: 2, u: 4, U: 8 }[char];
    if (width !== undefined) {
      const hex = text.slice(at + 1, at + 1 + width);
      at += width;
      return String.fromCodePoint(Number.parseInt(hex, 16));
    }
    return { n: '\n', t: '\t', r: '\r' }[char] ?? char;
  }

  const read = value();
  skip();
  if (at < text.length) throw new Error(`more than one literal: ${rest().slice(0, 40)}`);
  return read;
}
