import { randomBytes } from 'node:crypto';
import { ApiError } from './api-error.ts';
import { json, optional, required } from './args.ts';
import { TIER_4 } from './limits.ts';
import { post } from './messages.ts';
import { type Methods, method, type World } from './methods.ts';
import type { Fields } from './model.ts';
import { BOT_USER } from './people.ts';
import type { State } from './state.ts';

const WRITE = ['files:write'];
const TEXT = /\.(?:txt|log)$/u;

/** The three steps of giving a file: an address, the bytes to it, and only then is it there for people. */
export const fileMethods: Methods = {
  'files.getUploadURLExternal': method(TIER_4, WRITE, (args, { state, baseUrl }) => {
    const name = required(args, 'filename', 'missing_argument');
    const length = Number(required(args, 'length', 'missing_argument'));
    // The service says of 0 that it was not given.
    if (!Number.isInteger(length) || length < 1) throw new ApiError('missing_argument');
    const id = `F${randomBytes(5).toString('hex').toUpperCase()}`;
    const secret = randomBytes(16).toString('hex');
    state.uploads.set(secret, { id, name, length, bytes: null });
    return { upload_url: `${baseUrl()}upload/${secret}`, file_id: id };
  }),
  'files.completeUploadExternal': method(TIER_4, WRITE, (args, world) => {
    const { state } = world;
    const asked = filesOf(args);
    const channel = optional(args, 'channel_id');
    const threadTs = optional(args, 'thread_ts');
    if (channel !== undefined) mayShare(channel, world);
    const found = asked.map(({ id, title }) => {
      const [secret, upload] = [...state.uploads].find(([, one]) => one.id === id) ?? [];
      // An address without the bytes is no file, and what was completed once is no ticket any more.
      if (secret === undefined || !upload?.bytes) throw new ApiError('file_not_found');
      return { secret, bytes: upload.bytes, id, name: upload.name, title: title ?? upload.name };
    });
    for (const { secret, bytes, id, name } of found) {
      state.uploads.delete(secret);
      state.files.set(id, { name, bytes });
    }
    const files = found.map(({ id, name, title, bytes }) => ({
      ...{ id, name, title, size: bytes.length },
      mimetype: TEXT.test(name) ? 'text/plain' : 'application/octet-stream',
    }));
    if (channel !== undefined)
      post(state, {
        ...{ channel, threadTs, user: BOT_USER, blocks: [], files },
        text: optional(args, 'initial_comment') ?? '',
      });
    return { files: files.map(({ id, title }) => ({ id, title })) };
  }),
};

/** The bytes of an upload. The address takes them once, and only as many as were announced. */
export function takeUpload(state: State, secret: string, bytes: Buffer): { status: number; text: string } {
  const upload = state.uploads.get(secret);
  if (!upload || upload.bytes) return { status: 404, text: 'not found' };
  if (bytes.length !== upload.length) return { status: 400, text: 'the length is another one' };
  state.uploads.set(secret, { ...upload, bytes });
  return { status: 200, text: `OK - ${bytes.length}` };
}

function filesOf(args: Fields): readonly { readonly id: string; readonly title: string | undefined }[] {
  const value = json(args, 'files', 'invalid_arguments');
  if (!Array.isArray(value) || value.length === 0) throw new ApiError('invalid_arguments');
  return value.map((one: unknown) => {
    if (typeof one !== 'object' || one === null || !('id' in one) || typeof one.id !== 'string')
      throw new ApiError('invalid_arguments');
    return { id: one.id, title: 'title' in one && typeof one.title === 'string' ? one.title : undefined };
  });
}

/** An id, never a name, and of a channel that the bot is in. */
function mayShare(id: string, { state }: World): void {
  const channel = state.channel(id);
  if (channel === undefined) throw new ApiError('channel_not_found');
  if (!channel.members.includes(BOT_USER)) throw new ApiError('not_in_channel');
}
