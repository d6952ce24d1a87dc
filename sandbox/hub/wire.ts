const DOUBLE = Symbol('double');

/** A number that the hub sends as a double, whole or not: its database has the column so. */
export interface Double {
  readonly [DOUBLE]: number;
}

/** What a method of the hub can give back. Times are doubles, whole numbers ints. */
export type Wire =
  | null
  | boolean
  | number
  | string
  | Double
  | readonly Wire[]
  | { readonly [key: string]: Wire };

/** Marks a double. */
export function double(value: number): Double {
  return { [DOUBLE]: value };
}

/** An answer, laid out as Python's xmlrpc library does it. */
export function encodeAnswer(value: Wire): string {
  return response(`<params>\n<param>\n${encode(value)}</param>\n</params>`);
}

/** A fault, which goes out with HTTP status 200 like any answer. */
export function encodeFault(code: number, text: string): string {
  return response(`<fault>\n${encode({ faultCode: code, faultString: text })}</fault>`);
}

function response(inside: string): string {
  return `<?xml version='1.0'?>\n<methodResponse>\n${inside}\n</methodResponse>\n`;
}

function encode(value: Wire): string {
  if (value === null) return '<value><nil/></value>';
  return `<value>${inside(value)}</value>\n`;
}

function inside(value: Exclude<Wire, null>): string {
  if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`;
  if (typeof value === 'number') return wholeOrNot(value);
  if (typeof value === 'string') return `<string>${escapeText(value)}</string>`;
  if (isDouble(value)) return `<double>${pythonFloat(value[DOUBLE])}</double>`;
  if (isArray(value)) return `<array><data>\n${value.map(encode).join('')}</data></array>`;
  const members = Object.entries(value).map(
    ([key, item]) => `<member>\n<name>${escapeText(key)}</name>\n${encode(item)}</member>\n`,
  );
  return `<struct>\n${members.join('')}</struct>`;
}

function wholeOrNot(value: number): string {
  if (!Number.isInteger(value)) return `<double>${pythonFloat(value)}</double>`;
  return value === (value | 0) ? `<int>${value}</int>` : `<i8>${value}</i8>`;
}

function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value);
}

function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function isArray(value: Wire): value is readonly Wire[] {
  return Array.isArray(value);
}

function isDouble(value: Wire): value is Double {
  return typeof value === 'object' && value !== null && DOUBLE in value;
}
