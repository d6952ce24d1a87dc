import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request's body, or why there is none. */
export type ReadBody = Buffer | 'too-large' | 'busy' | 'broken';

/** What is answered where there is none. */
export const NO_BODY: Readonly<
  Record<Extract<ReadBody, string>, { readonly status: number; readonly says: string }>
> = {
  'too-large': { status: 413, says: 'at most 1 MB' },
  busy: { status: 503, says: 'too much at once' },
  broken: { status: 408, says: 'the body did not arrive' },
};

/** Answers with a text. */
export function endWith(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  res.end(text);
}

/** Reads the bodies of one door: anybody can begin to send one, so all that are being read together have a limit too. */
export function createBodyReader(options: {
  readonly mostBytesTogether: number;
  /** Within this a body has to be there. */
  readonly readMs: number;
}): (req: IncomingMessage, most: number) => Promise<ReadBody> {
  const { mostBytesTogether, readMs } = options;
  let together = 0;

  return (req, most) => {
    if (Number(req.headers['content-length'] ?? 0) > most) {
      req.resume();
      return Promise.resolve('too-large');
    }
    return new Promise((resolve) => {
      let chunks: Buffer[] = [];
      let size = 0;
      let ended = false;
      const timer = setTimeout(() => settle('broken'), readMs);
      function settle(body: ReadBody): void {
        if (ended) return;
        ended = true;
        together -= size;
        chunks = [];
        clearTimeout(timer);
        req.off('data', take);
        // What still comes is thrown away.
        if (typeof body === 'string') req.resume();
        resolve(body);
      }
      function take(chunk: Buffer): void {
        size += chunk.length;
        together += chunk.length;
        if (size > most) settle('too-large');
        else if (together > mostBytesTogether) settle('busy');
        else chunks.push(chunk);
      }
      req.on('data', take);
      req.on('end', () => settle(Buffer.concat(chunks, size)));
      req.on('error', () => settle('broken'));
      req.on('aborted', () => settle('broken'));
    });
  };
}
