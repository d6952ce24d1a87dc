// Sends one load, and says what came of it. Plain sockets: an HTTP client would cost more than what it measures.
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { sign } from '../sandbox/slack/signature.ts';
import type { Load, Loaded } from './load.ts';

const load = JSON.parse(process.argv[2] ?? '') as Load;
const run = randomUUID();
// Made before the clock starts, so that signing is no part of the rate.
const requests = Array.from({ length: load.count }, (_, at) => requestOf(at));
const lines = await Promise.all(Array.from({ length: load.connections }, () => openLine()));
process.stdout.write(JSON.stringify(await send()));
for (const line of lines) line.socket.destroy();

function requestOf(at: number): Buffer {
  const body = new URLSearchParams({
    token: 'unused',
    team_id: load.team,
    team_domain: 'koji',
    channel_id: load.channel,
    channel_name: 'koji',
    user_id: load.user,
    user_name: 'maria',
    command: '/koji',
    text: load.text,
    api_app_id: 'A0STEWARD',
    is_enterprise_install: 'false',
    trigger_id: `${run}.${at}`,
  }).toString();
  const timestamp = Math.floor(Date.now() / 1000);
  const head = [
    'POST /slack/events HTTP/1.1',
    `Host: 127.0.0.1:${load.port}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Slack-Request-Timestamp: ${timestamp}`,
    `X-Slack-Signature: ${sign(load.secret, timestamp, body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

interface Line {
  readonly socket: Socket;
  /** Resolves with the status of the answer. */
  ask(request: Buffer): Promise<number>;
}

function openLine(): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: load.port, noDelay: true });
    let heard = '';
    let answered: (status: number) => void = () => {};
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      const status = statusOf(heard);
      if (status === null) return;
      heard = '';
      answered(status);
    });
    socket.once('error', reject);
    socket.once('close', () => answered(0));
    socket.once('connect', () =>
      resolve({
        socket,
        ask: (request) =>
          new Promise((settle) => {
            answered = settle;
            if (socket.destroyed) settle(0);
            else socket.write(request);
          }),
      }),
    );
  });
}

/** Null while the answer is not whole. */
function statusOf(heard: string): number | null {
  const end = heard.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const head = heard.slice(0, end);
  const length = /content-length: *(\d+)/i.exec(head)?.[1];
  const whole = length === undefined ? heard.endsWith('0\r\n\r\n') : heard.length >= end + 4 + Number(length);
  return whole ? Number(head.slice(9, 12)) : null;
}

async function send(): Promise<Loaded> {
  const latencies: number[] = [];
  let failures = 0;
  let next = 0;
  const began = performance.now();
  const one = async (line: Line): Promise<void> => {
    const at = next++;
    const request = requests[at];
    if (!request) return;
    const due = load.perSecond === null ? performance.now() : began + (at * 1000) / load.perSecond;
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const status = await line.ask(request);
    latencies.push(performance.now() - due);
    if (status !== 200) failures++;
    await one(line);
  };
  await Promise.all(lines.map(one));
  const seconds = (performance.now() - began) / 1000;
  return {
    perSecond: (load.count - failures) / seconds,
    latencies: latencies.sort((a, b) => a - b),
    failures,
  };
}
