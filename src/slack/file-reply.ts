import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { z } from 'zod';
import type { AnswerFile } from '../core/answer.ts';
import type { Card } from '../core/card.ts';
import type { Log } from '../core/ports.ts';
import type { FileStore, ShownPlace } from '../core/store.ts';
import { inline } from './escape.ts';
import type { LookFor } from './lost.ts';
import { readState, splitWhere } from './place-state.ts';
import { postingOf, type Target } from './posting.ts';
import type { Scheduler, Written } from './scheduler.ts';
import type { Spots } from './spots.ts';

/** A longer text is sent compressed; Slack shows a shorter one to those who do not want to load it. */
const PLAIN_BYTES = 1_000_000;
/** For the bytes. Another process keeps off for longer than that. */
const SEND_MS = 25_000;
/** After so long of trying it is given up, and said. */
const PATIENCE_MS = 10 * 60_000;

const announced = z.looseObject({ upload_url: z.url(), file_id: z.string() });
const decompress = promisify(gunzip);

/** Gives the file of an answer, where there is one, in the thread of its request: once. */
export type ShareFile = (card: Card, where: string) => Promise<void>;

/** Has this place still to get the file of its card? */
export function owesFile(card: Card, place: ShownPlace): boolean {
  const { shared, gone } = readState(place.state);
  return Boolean(card.answer?.file) && place.purpose === 'origin' && !shared && !gone;
}

export function createShareFile(deps: {
  readonly spots: Spots;
  readonly scheduler: Scheduler;
  readonly files: Pick<FileStore, 'get'>;
  readonly lookFor: LookFor;
  /** May bytes be sent to this host? */
  readonly uploadHosts: (host: string) => boolean;
  readonly log: Log;
  readonly now: () => Date;
}): ShareFile {
  const { spots, scheduler, files, lookFor, uploadHosts, log, now } = deps;

  /** Null: it is there. Otherwise why Slack will not have it. Throws where trying again may help. */
  async function give(card: Card, file: AnswerFile, at: Target): Promise<string | null> {
    const packed = await files.get(card.id);
    if (packed === null) return 'it was kept for a day, and that is over';
    const plain = file.bytes <= PLAIN_BYTES;
    const bytes = plain ? await decompress(packed) : packed;
    const opened = await scheduler.write({
      ...{ method: 'files.getUploadURLExternal', urgency: 'new', repeatable: true },
      args: { filename: plain ? file.name : `${file.name}.gz`, length: bytes.length },
    });
    if (opened.kind === 'error') return refusalOf(opened);
    if (opened.kind !== 'ok') throw new Error(`no address for a file: ${opened.kind}`);
    const { upload_url, file_id } = announced.parse(opened.data);
    if (!uploadHosts(new URL(upload_url).host)) throw new Error('an address for a file that is not of Slack');
    const sent = await fetch(upload_url, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: new Uint8Array(bytes),
      redirect: 'error',
      signal: AbortSignal.timeout(SEND_MS),
    });
    await sent.arrayBuffer();
    if (!sent.ok) throw new Error(`Slack answers ${sent.status} to the bytes of a file`);
    const { channel, thread } = at;
    const shared = await scheduler.write({
      ...{ method: 'files.completeUploadExternal', urgency: 'new', channel, repeatable: false },
      args: {
        files: [{ id: file_id, title: titleOf(card) }],
        channel_id: channel,
        ...(thread ? { thread_ts: thread } : {}),
      },
    });
    if (shared.kind === 'error') return refusalOf(shared);
    if (shared.kind !== 'ok') throw new Error(`Slack does not say whether a file is there: ${shared.kind}`);
    return null;
  }

  async function refuse(card: Card, { elsewhere, line }: AnswerFile, at: Target, why: string): Promise<void> {
    log.warn('a file is not given', { request: card.id, why });
    const says = `I cannot give this as a file here: ${why}. All of it is ${elsewhere}; in a terminal \`steward ask ${line}\` prints it.`;
    const written = await scheduler.write(postingOf(at, { text: inline(says, 2500), blocks: [] }, 'end'));
    if (written.kind === 'stopped') throw new Error('why a file is not given is still to be said');
  }

  return async (card, where) => {
    const place = await spots.at(card.id, where);
    const file = card.answer?.file;
    if (!place || !file || !owesFile(card, place)) return;
    const { channel, ts, thread, sharing } = readState(place.state);
    if (channel === undefined || ts === undefined) return;
    const at = { channel, thread: splitWhere(thread ?? '').thread ?? ts };
    const done = (shared: string) => spots.remember(card, where, { shared, sharing: undefined }, 0);
    if (sharing !== undefined && (await lookFor(at, sharing, { file: titleOf(card) })) !== null)
      return done('there');
    const since = sharing ?? now().toISOString();
    await spots.remember(card, where, { sharing: since }, 0);
    const isLate = now().getTime() - Date.parse(since) > PATIENCE_MS;
    const why = await give(card, file, at).catch((error: unknown) => {
      if (!isLate) throw error;
      log.warn('a file does not get through', { request: card.id, error: String(error) });
      return 'it does not get through to Slack';
    });
    if (why !== null) await refuse(card, file, at, why);
    return done(why ?? 'there');
  };
}

/** Tells this file from that of another look at the same log. */
function titleOf(card: Card): string {
  return `${card.title} (${card.id})`;
}

function refusalOf({ error }: Extract<Written, { kind: 'error' }>): string {
  if (error === 'missing_scope')
    return 'the app may not (its scope files:write is missing, and `steward doctor` says what to do)';
  return `Slack says ${error}`;
}
