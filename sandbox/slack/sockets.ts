import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { ApiError } from './api-error.ts';
import { SOCKETS } from './limits.ts';
import type { Fields } from './model.ts';
import { APP_ID } from './people.ts';

/** The Socket Mode side: connections that the bot opened. */
export interface Sockets {
  /** An address that works once. */
  url(base: string): string;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  count(): number;
  /**
   * Sends to one of the connections and waits for its acknowledgement; null when none is there or none came
   * in time. The value is what the acknowledgement carried.
   */
  send(envelope: Fields, ms: number): Promise<{ readonly payload: unknown } | null>;
  /** Tells the oldest `most` connections to go and come back; closes them after `graceMs`. */
  refresh(reason: 'refresh_requested' | 'warning', graceMs: number, most: number): void;
  /** Cuts every connection, without a word. */
  drop(): void;
  close(): Promise<void>;
}

const ack = z.looseObject({ envelope_id: z.string(), payload: z.unknown().optional() });
const PING_MS = 10_000;

export function createSockets(): Sockets {
  const server = new WebSocketServer({ noServer: true });
  const tickets = new Set<string>();
  const open: WebSocket[] = [];
  /** Told to go: used only while there is no other. */
  const leaving = new WeakSet<WebSocket>();
  const waiting = new Map<string, (taken: { readonly payload: unknown } | null) => void>();
  let turn = 0;
  const pings = setInterval(() => {
    for (const socket of open) socket.ping('still there');
  }, PING_MS);
  pings.unref();

  const greet = (socket: WebSocket) => {
    open.push(socket);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => void open.splice(open.indexOf(socket), 1));
    socket.on('message', (data) => {
      const message = parse(String(data));
      if (message === null) return;
      waiting.get(message.envelope_id)?.({ payload: message.payload });
      waiting.delete(message.envelope_id);
    });
    socket.send(
      JSON.stringify({
        type: 'hello',
        num_connections: open.length,
        connection_info: { app_id: APP_ID },
        debug_info: { host: 'sandbox', approximate_connection_time: 18_060 },
      }),
    );
  };

  return {
    url(base) {
      if (open.length >= SOCKETS) throw new ApiError('too_many_websockets');
      const ticket = randomUUID();
      tickets.add(ticket);
      return `${base.replace(/^http/, 'ws')}link/?ticket=${ticket}&app_id=${APP_ID}`;
    },
    upgrade(request, socket, head) {
      const ticket = new URL(request.url ?? '', 'http://sandbox').searchParams.get('ticket') ?? '';
      if (!tickets.delete(ticket)) {
        socket.end('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
        return;
      }
      server.handleUpgrade(request, socket, head, greet);
    },
    count: () => open.length,
    send(envelope, ms) {
      turn += 1;
      const usable = open.filter((one) => one.readyState === one.OPEN);
      const staying = usable.filter((one) => !leaving.has(one));
      const ready = staying.length > 0 ? staying : usable;
      const socket = ready[turn % Math.max(1, ready.length)];
      if (socket === undefined) return Promise.resolve(null);
      const id = randomUUID();
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          waiting.delete(id);
          resolve(null);
        }, ms);
        waiting.set(id, (taken) => {
          clearTimeout(timer);
          resolve(taken);
        });
        socket.send(JSON.stringify({ envelope_id: id, ...envelope }));
      });
    },
    refresh(reason, graceMs, most) {
      for (const socket of open.slice(0, most)) {
        leaving.add(socket);
        socket.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'sandbox' } }));
        setTimeout(() => socket.close(), graceMs).unref();
      }
    },
    drop() {
      for (const socket of [...open]) socket.terminate();
    },
    async close() {
      clearInterval(pings);
      for (const socket of [...open]) socket.terminate();
      for (const settle of waiting.values()) settle(null);
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function parse(text: string): z.output<typeof ack> | null {
  try {
    return ack.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
