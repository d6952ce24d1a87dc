import type { IncomingMessage } from 'node:http';

/** The whole body of a request. Throws where it has more than `most` bytes. */
export async function bodyOf(request: IncomingMessage, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > most) throw new Error('body too large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}
