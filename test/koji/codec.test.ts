import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCall, decodeReply, NotXmlRpc } from '../../src/koji/decode.ts';
import { encodeCall, encodeItem, encodeMultiCall, Unsendable } from '../../src/koji/encode.ts';

// The npm package `xmlrpc`, as somebody else's reading of the same format.
const require = createRequire(import.meta.url);
const theirs = {
  serializer: require('xmlrpc/lib/serializer.js') as {
    serializeMethodCall(method: string, params: readonly unknown[]): string;
    serializeMethodResponse(value: unknown): string;
    serializeFault(fault: { faultCode: number; faultString: string }): string;
  },
  Deserializer: require('xmlrpc/lib/deserializer.js') as new () => {
    deserializeMethodCall(
      stream: Readable,
      done: (error: unknown, method: string, params: unknown) => void,
    ): void;
  },
};

function readByTheirs(xml: string): Promise<{ method: string; params: unknown }> {
  return new Promise((resolve, reject) => {
    new theirs.Deserializer().deserializeMethodCall(
      Readable.from([Buffer.from(xml)]),
      (error, method, params) => (error ? reject(error) : resolve({ method, params })),
    );
  });
}

const reply = (value: string) =>
  `<?xml version='1.0'?><methodResponse><params><param><value>${value}</value></param></params></methodResponse>`;
const valueOfReply = (value: string) => {
  const read = decodeReply(reply(value));
  return read.kind === 'value' ? read.value : read;
};

const SAMPLES: readonly unknown[] = [
  0,
  -2147483648,
  2147483647,
  1.5,
  -0.1,
  1e-7,
  true,
  false,
  null,
  '',
  ' x ',
  'a\nb\tc',
  'Größe “zu” klein ☃ <&> ]]> 😀',
  'it\'s "quoted"',
  [],
  [null, [1, ['x']]],
  {},
  { a: null, b: { c: [true] }, 'with <&> key': 1 },
];

describe('the codec and the xmlrpc package', () => {
  it('reads in one what the other wrote', async () => {
    const read = await readByTheirs(encodeCall('echo', SAMPLES));
    expect(read).toEqual({ method: 'echo', params: SAMPLES });
    expect(decodeCall(theirs.serializer.serializeMethodCall('echo', SAMPLES))).toEqual({
      method: 'echo',
      params: SAMPLES,
    });
    for (const sample of SAMPLES) {
      expect(decodeReply(theirs.serializer.serializeMethodResponse(sample))).toEqual({
        kind: 'value',
        value: sample,
      });
    }
  });

  it('agrees on faults', () => {
    const fault = theirs.serializer.serializeFault({ faultCode: 1004, faultString: 'no' });
    expect(decodeReply(fault)).toEqual({ kind: 'fault', code: 1004, text: 'no' });
  });

  it('agrees on keyword arguments and on batches', async () => {
    const call = await readByTheirs(encodeCall('editHost', ['builder2'], { capacity: 8, comment: null }));
    expect(call.params).toEqual(['builder2', { capacity: 8, comment: null, __starstar: true }]);
    const items = [encodeItem('getHost', ['a']), encodeItem('editHost', ['b'], { capacity: 2.5 })];
    const batch = await readByTheirs(encodeMultiCall(items));
    expect(batch).toEqual({
      method: 'multiCall',
      params: [
        [
          { methodName: 'getHost', params: ['a'] },
          { methodName: 'editHost', params: ['b', { capacity: 2.5, __starstar: true }] },
        ],
      ],
    });
  });
});

describe('encoding', () => {
  it('gives back what went in, whatever it was', () => {
    const text = fc.string({ unit: 'binary' }).filter((s) => isXmlText(s));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
        text,
        fc.array(tie('value'), { maxLength: 5 }),
        fc.dictionary(
          text.filter((s) => s !== '__starstar'),
          tie('value'),
          { maxKeys: 5 },
        ),
      ),
    }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), (params) => {
        expect(decodeCall(encodeCall('m', params)).params).toEqual(params);
      }),
      { numRuns: 300 },
    );
  });

  it('sends integers beyond 32 bits as i8, and whole numbers as ints', () => {
    expect(encodeCall('m', [2147483648, -2147483649, 8.0])).toContain(
      '<i8>2147483648</i8></value></param><param><value><i8>-2147483649</i8></value></param><param><value><int>8</int>',
    );
  });

  it('leaves out empty keyword arguments', () => {
    expect(encodeCall('m', [], {})).not.toContain('struct');
  });

  it.each([
    ['undefined in a struct', { comment: undefined }],
    ['undefined in a list', [undefined]],
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested.
    ['a hole in a list', [1, , 2]],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['an integer that is not exact', 2 ** 53],
    ['a huge whole double', 1e300],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['bytes', new Uint8Array(2)],
    ['NUL', 'a\0b'],
    ['a bell', '\x07'],
    ['a carriage return, which would come back as a line feed', 'a\r\nb'],
    ['an escape', '\x1b[31m'],
    ['a C1 control', '\x85'],
    ['a lone surrogate', 'a\ud800b'],
    ['U+FFFF', '\uffff'],
    ['a control character in a key', { 'a\x01': 1 }],
    ['somebody else’s keyword arguments', { capacity: 3, __starstar: true }],
  ])('refuses %s', (_, value) => {
    expect(() => encodeCall('editHost', ['builder2', value])).toThrow(Unsendable);
    expect(() => encodeCall('editHost', [], { value })).toThrow(Unsendable);
    expect(() => encodeItem('editHost', [value])).toThrow(Unsendable);
  });

  it('says where the value stood', () => {
    expect(() => encodeCall('editHost', ['b'], { comment: undefined })).toThrow(
      'editHost(): kwargs.comment: undefined',
    );
  });

  it('refuses a circle and a method that is no name', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => encodeCall('m', [circle])).toThrow('nested too deep');
    expect(() => encodeCall('m</methodName>', [])).toThrow(Unsendable);
  });
});

describe('decoding', () => {
  it('takes a value without a type for a string, white space and all', () => {
    expect(valueOfReply(' x ')).toBe(' x ');
    expect(valueOfReply('')).toBe('');
    expect(valueOfReply('\n <int> 7 </int>\n')).toBe(7);
    expect(valueOfReply('<![CDATA[<a>]]>')).toBe('<a>');
  });

  it('does not guess types', () => {
    const strings = ['007', '1e5', 'true', 'nan', '<nil/>'];
    const array = strings.map((s) => `<value><string>${s.replace('<', '&lt;')}</string></value>`).join('');
    expect(valueOfReply(`<array><data>${array}</data></array>`)).toEqual(strings);
  });

  it('gives null for a double that is not finite, and keeps the rest', () => {
    const host = (capacity: string) =>
      `<value><struct><member><name>capacity</name><value><double>${capacity}</double></value></member></struct></value>`;
    expect(valueOfReply(`<array><data>${host('nan')}${host('inf')}${host('6.0')}</data></array>`)).toEqual([
      { capacity: null },
      { capacity: null },
      { capacity: 6 },
    ]);
    expect(decodeReply(reply('<double>NaN</double>'), { keepNaN: true })).toEqual({
      kind: 'value',
      value: Number.NaN,
    });
  });

  it('gives 64-bit integers as numbers, and as bigints where a number would not be exact', () => {
    expect(valueOfReply('<i8>2147483648</i8>')).toBe(2147483648);
    expect(valueOfReply('<i8>4611686018427387905</i8>')).toBe(4611686018427387905n);
  });

  it('keeps a member called __proto__ a member', () => {
    const read = valueOfReply(
      '<struct><member><name>__proto__</name><value><int>1</int></value></member></struct>',
    );
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.entries(read as object)).toEqual([['__proto__', 1]]);
  });

  it('gives bytes for base64', () => {
    expect(valueOfReply('<base64>aGk=</base64>')).toEqual(new Uint8Array([104, 105]));
  });

  it.each([
    ['a web page', '<!DOCTYPE html><html><body>503</body></html>'],
    ['nothing', ''],
    ['plain text', 'Invalid request: Empty request'],
    ['half an answer', reply('<string>x</string>').slice(0, 80)],
    ['a DTD', `<!DOCTYPE a [<!ENTITY x "y">]>${reply('<string>x</string>').slice(21)}`],
    ['an entity of its own', reply('<string>&x;</string>')],
    ['a call', encodeCall('m', [])],
    ['two values', reply('<int>1</int>').replace('</params>', '<param><value>2</value></param></params>')],
    ['no value', '<methodResponse><params></params></methodResponse>'],
    ['two types in one value', reply('<int>1</int><int>2</int>')],
    ['text beside a type', reply('x<int>1</int>')],
    ['an unknown type', reply('<float>1</float>')],
    ['an int that is none', reply('<int>1.5</int>')],
    ['a boolean that is none', reply('<boolean>yes</boolean>')],
    ['a double that is none', reply('<double>0x10</double>')],
    ['a member without a value', reply('<struct><member><name>a</name></member></struct>')],
    ['a member without a name', reply('<struct><member><value>a</value></member></struct>')],
    ['a fault without a code', '<methodResponse><fault><value>no</value></fault></methodResponse>'],
    [
      'a value nested too deep',
      reply(`${'<array><data><value>'.repeat(200)}${'</value></data></array>'.repeat(200)}`),
    ],
  ])('refuses %s', (_, xml) => {
    expect(() => decodeReply(xml)).toThrow(NotXmlRpc);
  });
});

/** What XML can carry, less what the codec refuses on purpose. */
function isXmlText(text: string): boolean {
  return [...text].every((char) => {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x20) return code === 9 || code === 10;
    return (
      !(code >= 0x7f && code <= 0x9f) &&
      !(code >= 0xd800 && code <= 0xdfff) &&
      code !== 0xfffe &&
      code !== 0xffff
    );
  });
}
