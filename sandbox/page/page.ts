import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { bodyOf } from '../body.ts';
import type { SandboxForum } from '../discourse/forum.ts';
import type { SandboxSlack } from '../slack/slack.ts';
import { forumScreenOf } from './forum-screen.ts';
import { HEADERS, whyRefused } from './guard.ts';
import { carryOut, orderShape } from './orders.ts';
import { createReading } from './reading.ts';
import { screenOf } from './screen.ts';

/** A box of the panel that shows the world behind the chat. */
export interface WorldBox {
  readonly title: string;
  readonly rows: readonly {
    readonly label: string;
    readonly value: string;
    readonly note?: string;
    readonly tone?: 'good' | 'warn' | 'bad';
  }[];
}

export interface PageExtras {
  /** Asked every two seconds while somebody looks. */
  readonly world?: () => Promise<readonly WorldBox[]>;
  /** Lines offered while somebody types, without `/koji`. */
  readonly commands?: readonly { readonly line: string; readonly summary: string }[];
  /** Lines offered for one click. */
  readonly suggestions?: readonly string[];
  /** What a new topic of the forum may begin with. */
  readonly template?: string;
}

/** The demo page, on 127.0.0.1 only. */
export interface Page {
  readonly url: string;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const WORLD_MS = 2000;
const SETTLE_MS = 25;
const MAX_BODY = 200_000;

/** Somebody's open window. */
interface Window {
  readonly user: string;
  readonly response: ServerResponse;
  /** What it has been told, part by part. */
  readonly told: Map<string, string>;
}

export async function startPage(options: {
  readonly slack: SandboxSlack;
  /** Shown beside the chat. */
  readonly forum?: SandboxForum;
  readonly port?: number;
  readonly extras?: PageExtras;
}): Promise<Page> {
  const { slack, forum, extras = {} } = options;
  const reading = createReading();
  const windows = new Set<Window>();
  let world: readonly WorldBox[] = [];
  let settling: NodeJS.Timeout | undefined;
  let port = 0;

  const tell = (window: Window) => {
    const screen = {
      ...screenOf(slack, window.user, reading),
      ...(forum !== undefined && forumScreenOf(forum, slack, window.user, reading)),
      world,
    };
    const gone = [...window.told.keys()]
      .filter((part) => !(part in screen))
      .map((part) => [part, null] as const);
    for (const [part, value] of [...Object.entries(screen), ...gone]) {
      const text = JSON.stringify(value);
      if (window.told.get(part) === text) continue;
      window.told.set(part, text);
      window.response.write(`data: ${JSON.stringify({ part, value })}\n\n`);
    }
  };
  const tellSoon = () => {
    settling ??= setTimeout(() => {
      settling = undefined;
      for (const window of windows) tell(window);
    }, SETTLE_MS);
  };
  const lookAtWorld = async () => {
    if (extras.world === undefined || windows.size === 0) return;
    try {
      world = await extras.world();
    } catch {
      world = [{ title: 'The hub does not answer', rows: [] }];
    }
    tellSoon();
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = whyRefused(request, port);
    if (refused !== null) return send(response, 403, { error: refused });
    const url = new URL(request.url ?? '/', 'http://page');
    if (request.method === 'POST') {
      if (url.pathname !== '/do') return send(response, 404, { error: 'no such thing' });
      const parsed = orderShape.safeParse(await jsonOf(request));
      if (!parsed.success) return send(response, 400, { error: 'that cannot be understood' });
      try {
        const answer = await carryOut(parsed.data, { slack, forum, reading });
        // Neither the chat nor the forum is told what was read, so neither says that something changed.
        if (/^read/.test(parsed.data.what)) tellSoon();
        return send(response, 200, answer);
      } catch (error) {
        return send(response, 400, { error: error instanceof Error ? error.message : 'that did not work' });
      }
    }
    if (url.pathname === '/live') return live(url.searchParams.get('as') ?? '', response);
    if (url.pathname === '/extras')
      return send(response, 200, {
        commands: extras.commands ?? [],
        suggestions: extras.suggestions ?? [],
        template: extras.template ?? null,
        forum: forum !== undefined,
      });
    const file = /^\/files\/(F\w+)$/.exec(url.pathname)?.[1];
    if (file !== undefined) return give(file, response);
    const name = url.pathname === '/' ? 'index.html' : url.pathname.slice(1);
    const type = TYPES[extname(name)];
    if (type === undefined || !/^[a-z-]+\.[a-z]+$/.test(name))
      return send(response, 404, { error: 'no such page' });
    try {
      const body = await readFile(new URL(`assets/${name}`, import.meta.url));
      response.writeHead(200, { ...HEADERS, 'content-type': type }).end(body);
    } catch {
      send(response, 404, { error: 'no such page' });
    }
  }

  /** A file of the chat: a text opens, anything else is loaded. */
  function give(id: string, response: ServerResponse): void {
    const file = slack.file(id);
    if (file === null) {
      send(response, 404, { error: 'this file is gone' });
      return;
    }
    const isText = file.name.endsWith('.txt');
    response
      .writeHead(200, {
        ...HEADERS,
        'content-type': isText ? 'text/plain; charset=utf-8' : 'application/octet-stream',
        'content-disposition': `${isText ? 'inline' : 'attachment'}; filename="${file.name.replace(/[^\w.-]/gu, '_')}"`,
      })
      .end(file.bytes);
  }

  function live(user: string, response: ServerResponse): void {
    if (!slack.users.some((one) => one.id === user && !one.isBot)) {
      send(response, 404, { error: 'nobody' });
      return;
    }
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
    const window: Window = { user, response, told: new Map() };
    windows.add(window);
    response.on('close', () => windows.delete(window));
    tell(window);
    void lookAtWorld();
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500, HEADERS);
      response.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the page has no port');
  port = address.port;
  const stopListening = [slack.onChange(tellSoon), forum?.onChange(tellSoon)];
  const poll = setInterval(() => void lookAtWorld(), WORLD_MS);
  poll.unref();

  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      for (const stop of stopListening) stop?.();
      clearInterval(poll);
      clearTimeout(settling);
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { ...HEADERS, 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  try {
    return JSON.parse((await bodyOf(request, MAX_BODY)).toString('utf8'));
  } catch {
    return null;
  }
}
