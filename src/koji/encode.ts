/** A value that XML-RPC cannot carry. Its text names the place, e.g. `editHost(): kwargs.capacity: NaN ...`. */
export class Unsendable extends TypeError {
  override readonly name = 'Unsendable';
}

const MAX_DEPTH = 100;
// What XML 1.0 cannot carry, DEL and C1, which nobody means, and CR: a hub takes it and gives back LF, so that
// what was set would never be found set.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point.
const FORBIDDEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]|\p{Surrogate}/u;
// `>` too: `]]>` must not stand in text.
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * The body of a call. Keyword arguments go as a last struct marked `__starstar`, Koji's own convention.
 * Throws `Unsendable` for undefined, NaN, infinities, integers that a double cannot hold, control characters,
 * lone surrogates and anything that is not plain data: each of these reaches a hub as something else.
 */
export function encodeCall(method: string, args: readonly unknown[], kwargs?: object): string {
  if (!/^[A-Za-z][A-Za-z0-9_.]*$/.test(method)) throw new Unsendable(`not a method name: ${method}`);
  const params = args.map((arg, at) => encodeValue(arg, `${method}(): args[${at}]`));
  if (kwargs !== undefined && Object.keys(kwargs).length > 0)
    params.push(encodeKwargs(kwargs, `${method}(): kwargs`));
  const body = params.map((value) => `<param>${value}</param>`).join('');
  return `<?xml version='1.0'?><methodCall><methodName>${method}</methodName><params>${body}</params></methodCall>`;
}

/** The params of one item of a multiCall. */
export function encodeItem(method: string, args: readonly unknown[], kwargs?: object): string {
  const values = args.map((arg, at) => encodeValue(arg, `${method}(): args[${at}]`));
  if (kwargs !== undefined && Object.keys(kwargs).length > 0)
    values.push(encodeKwargs(kwargs, `${method}(): kwargs`));
  return struct([
    ['methodName', encodeValue(method, 'methodName')],
    ['params', array(values)],
  ]);
}

/** The body of a multiCall of items made by `encodeItem`. */
export function encodeMultiCall(items: readonly string[]): string {
  return `<?xml version='1.0'?><methodCall><methodName>multiCall</methodName><params><param>${array(items)}</param></params></methodCall>`;
}

function encodeKwargs(kwargs: object, where: string): string {
  return struct([...members(kwargs, where, 0), ['__starstar', '<value><boolean>1</boolean></value>']]);
}

function encodeValue(value: unknown, where: string, depth = 0): string {
  if (depth > MAX_DEPTH) throw new Unsendable(`${where}: nested too deep`);
  if (value === null) return '<value><nil/></value>';
  if (typeof value === 'boolean') return `<value><boolean>${value ? 1 : 0}</boolean></value>`;
  if (typeof value === 'number') return `<value>${encodeNumber(value, where)}</value>`;
  if (typeof value === 'string') return `<value><string>${escapeText(value, where)}</string></value>`;
  if (Array.isArray(value)) {
    // Array.from, not map: a hole must be seen as the undefined that it is.
    return array(Array.from(value, (item, at) => encodeValue(item, `${where}[${at}]`, depth + 1)));
  }
  if (typeof value === 'object' && isPlain(value)) return struct(members(value, where, depth));
  throw new Unsendable(
    `${where}: ${value === undefined ? 'undefined' : `a ${typeof value}`} cannot be sent to the hub`,
  );
}

function encodeNumber(value: number, where: string): string {
  if (!Number.isFinite(value)) throw new Unsendable(`${where}: ${value} cannot be sent to the hub`);
  if (!Number.isInteger(value)) return `<double>${value}</double>`;
  if (!Number.isSafeInteger(value)) throw new Unsendable(`${where}: ${value} is too large to be exact`);
  // `+ 0` makes 0 of -0.
  return value === (value | 0) ? `<int>${value + 0}</int>` : `<i8>${value}</i8>`;
}

function escapeText(text: string, where: string): string {
  const found = FORBIDDEN.exec(text);
  if (found !== null) {
    const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    throw new Unsendable(`${where}: the text holds a character that cannot be sent to the hub (U+${code})`);
  }
  return text.replace(/[&<>]/g, (char) => ESCAPES[char] ?? char);
}

function members(value: object, where: string, depth: number): [string, string][] {
  return Object.entries(value).map(([key, item]) => {
    if (key === '__starstar') throw new Unsendable(`${where}: __starstar is not for callers`);
    return [escapeText(key, where), encodeValue(item, `${where}.${key}`, depth + 1)];
  });
}

function struct(pairs: readonly (readonly [string, string])[]): string {
  const inside = pairs.map(([name, value]) => `<member><name>${name}</name>${value}</member>`).join('');
  return `<value><struct>${inside}</struct></value>`;
}

function array(values: readonly string[]): string {
  return `<value><array><data>${values.join('')}</data></array></value>`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
