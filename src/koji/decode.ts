import { SaxesParser } from 'saxes';

/** Bytes that are not the XML-RPC that Koji speaks. */
export class NotXmlRpc extends Error {
  override readonly name = 'NotXmlRpc';
}

/** What a hub answers. `text` is for the log only: it can hold SQL. */
export type Reply =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'fault'; readonly code: number; readonly text: string };

/** Options of reading. */
export interface DecodeOptions {
  /** What a double that is not finite becomes; null without it. */
  readonly keepNaN?: boolean;
}

/** An open element and what was found in it. */
interface Node {
  readonly tag: string;
  text: string;
  /** Finished children, in order: values, or [name, value] pairs of a struct. */
  readonly items: unknown[];
  /** The text of a `name` or `methodName` in it. */
  name?: string;
  /** Which of params and fault the root held. */
  part?: string;
}

const MAX_DEPTH = 100;
const LONGEST_NUMBER = 400;
const SCALARS = [
  'string',
  'int',
  'i4',
  'i8',
  'i2',
  'i1',
  'boolean',
  'double',
  'nil',
  'base64',
  'dateTime.iso8601',
];
const CHILDREN: Readonly<Record<string, readonly string[]>> = {
  '': ['methodResponse', 'methodCall'],
  methodResponse: ['params', 'fault'],
  methodCall: ['methodName', 'params'],
  params: ['param'],
  param: ['value'],
  fault: ['value'],
  value: [...SCALARS, 'array', 'struct'],
  array: ['data'],
  data: ['value'],
  struct: ['member'],
  member: ['name', 'value'],
};
const TEXT = new Set([...SCALARS, 'value', 'name', 'methodName']);

/**
 * Reads a hub's answer. Throws `NotXmlRpc` for anything else, and for a DTD or an entity of its own.
 * nil gives null, boolean, int/i4/i8 a number (a bigint where a number would not be exact), string, array,
 * struct, base64 a Uint8Array. A double that is not finite gives null for that one value: a hub stores NaN
 * without a word, what comes from it is kept as JSON, and one odd host must not cost the whole list.
 */
export function decodeReply(xml: string, options: DecodeOptions = {}): Reply {
  const root = parse(xml, options.keepNaN ?? false);
  if (root.tag !== 'methodResponse') throw new NotXmlRpc(`a ${root.tag}, not a methodResponse`);
  if (root.items.length !== 1) throw new NotXmlRpc(`${root.items.length} values where one belongs`);
  const [value] = root.items;
  if (root.part === 'params') return { kind: 'value', value };
  const fault = faultOf(value);
  if (fault === null) throw new NotXmlRpc('a fault without a code');
  return fault;
}

/** Reads a call, as a hub does. */
export function decodeCall(
  xml: string,
  options: DecodeOptions = {},
): { method: string; params: readonly unknown[] } {
  const root = parse(xml, options.keepNaN ?? false);
  if (root.tag !== 'methodCall' || root.name === undefined) throw new NotXmlRpc('not a methodCall');
  return { method: root.name, params: root.items };
}

/** A struct that stands for a fault, as the root of a fault or as one item of a multiCall's answer; else null. */
export function faultOf(value: unknown): (Reply & { kind: 'fault' }) | null {
  if (typeof value !== 'object' || value === null || !('faultCode' in value)) return null;
  if (typeof value.faultCode !== 'number') return null;
  const text = 'faultString' in value && typeof value.faultString === 'string' ? value.faultString : '';
  return { kind: 'fault', code: value.faultCode, text };
}

function parse(xml: string, keepNaN: boolean): Node {
  const parser = new SaxesParser();
  const top: Node = { tag: '', text: '', items: [] };
  const open: Node[] = [top];
  let root = top;
  const here = (): Node => open.at(-1) ?? top;

  parser.on('error', (error) => {
    throw new NotXmlRpc(error.message);
  });
  parser.on('doctype', () => {
    throw new NotXmlRpc('it holds a DTD');
  });
  parser.on('opentag', ({ name: tag }) => {
    const parent = here();
    if (!CHILDREN[parent.tag]?.includes(tag)) throw new NotXmlRpc(`<${tag}> in <${parent.tag}>`);
    if (parent.tag === 'value' && parent.items.length > 0) throw new NotXmlRpc('two types in one value');
    if (open.length > 4 * MAX_DEPTH) throw new NotXmlRpc('nested too deep');
    open.push({ tag, text: '', items: [] });
  });
  const text = (chars: string) => {
    const node = here();
    if (TEXT.has(node.tag)) node.text += chars;
    else if (/[^ \t\r\n]/.test(chars)) throw new NotXmlRpc(`text in <${node.tag}>`);
  };
  parser.on('text', text);
  parser.on('cdata', text);
  parser.on('closetag', () => {
    const node = open.pop() ?? top;
    const parent = here();
    if (parent === top) root = node;
    else close(node, parent, keepNaN);
  });
  parser.write(xml).close();
  return root;
}

function close(node: Node, parent: Node, keepNaN: boolean): void {
  if (node.tag === 'name' || node.tag === 'methodName') parent.name = node.text;
  else if (node.tag === 'value') parent.items.push(typed(node));
  else if (node.tag === 'member') parent.items.push([nameOf(node), only(node)]);
  // fromEntries makes an own property of `__proto__` too.
  else if (node.tag === 'struct') parent.items.push(Object.fromEntries(node.items as [string, unknown][]));
  else if (node.tag === 'data') parent.items.push(node.items);
  else if (node.tag === 'array' || node.tag === 'param') parent.items.push(only(node));
  else if (node.tag === 'params' || node.tag === 'fault') {
    parent.part = node.tag;
    for (const item of node.items) parent.items.push(item);
  } else parent.items.push(scalar(node.tag, node.text, keepNaN));
}

/** What a value holds; text without a type is a string. */
function typed(node: Node): unknown {
  if (node.items.length === 0) return node.text;
  if (node.text.trim() !== '') throw new NotXmlRpc('text beside a type');
  return node.items[0];
}

function only(node: Node): unknown {
  if (node.items.length !== 1) throw new NotXmlRpc(`${node.items.length} values in <${node.tag}>`);
  return node.items[0];
}

function nameOf(node: Node): string {
  if (node.name === undefined) throw new NotXmlRpc('a member without a name');
  return node.name;
}

function scalar(tag: string, text: string, keepNaN: boolean): unknown {
  if (tag === 'string' || tag === 'dateTime.iso8601') return text;
  if (tag === 'base64') return new Uint8Array(Buffer.from(text, 'base64'));
  const word = text.trim();
  // No number is that long, and the expressions below take the square of a length.
  if (word.length > LONGEST_NUMBER) throw new NotXmlRpc(`not a ${tag}`);
  if (tag === 'nil') {
    if (word === '') return null;
  } else if (tag === 'boolean') {
    if (word === '0' || word === '1') return word === '1';
  } else if (tag === 'double') {
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word)) return finite(Number(word), keepNaN);
    if (/^[+-]?(nan|inf|infinity)$/i.test(word))
      return finite(/nan/i.test(word) ? NaN : signed(word), keepNaN);
  } else if (/^[+-]?\d{1,40}$/.test(word)) {
    const number = Number(word);
    return Number.isSafeInteger(number) ? number : BigInt(word.replace('+', ''));
  }
  throw new NotXmlRpc(`not a ${tag}`);
}

function signed(word: string): number {
  return word.startsWith('-') ? -Infinity : Infinity;
}

function finite(number: number, keepNaN: boolean): number | null {
  return Number.isFinite(number) || keepNaN ? number : null;
}
