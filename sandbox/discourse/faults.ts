/** How the pretend forum misbehaves: one of the first group, and when. */
export interface ForumFault {
  /** Answers this instead. 503 without `html` is the forum's own read-only mode. */
  readonly status?: number;
  /** The page of the web server in front, where the forum itself would give JSON. */
  readonly html?: boolean;
  /** Takes the request and never answers. */
  readonly hang?: true;
  /** Does it, then cuts the connection. */
  readonly lostAnswer?: true;
  /** Does it, answers after so many milliseconds. */
  readonly slowMs?: number;
  /** Closes the connection at once. */
  readonly down?: true;
  /** A new post is held for approval. */
  readonly enqueue?: true;
  /** The forum's own 429: so many seconds to wait. */
  readonly rateLimit?: number;
  /** The bot may not write. */
  readonly silenced?: true;

  /** How many requests; 1 unless told, `Infinity` until told to behave. */
  readonly times?: number;
  /** Only requests whose path (with the query) matches. */
  readonly on?: RegExp | string;
  readonly method?: string;
}

/** Does a request of this method and path meet it? */
export function concerns(fault: ForumFault, method: string, path: string): boolean {
  if (fault.method !== undefined && fault.method.toUpperCase() !== method) return false;
  if (fault.on !== undefined && !new RegExp(fault.on).test(path)) return false;
  if (fault.enqueue) return method === 'POST' && /^\/posts(\.json)?(\?|$)/.test(path);
  if (fault.silenced) return method !== 'GET';
  return true;
}

/** What nginx shows when it cannot ask the forum, or does not want to. */
export function nginxPage(status: number): string {
  const names: Readonly<Record<number, string>> = {
    413: 'Request Entity Too Large',
    429: 'Too Many Requests',
    502: 'Bad Gateway',
    503: 'Service Temporarily Unavailable',
    504: 'Gateway Time-out',
  };
  const title = `${status} ${names[status] ?? 'Error'}`;
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
}
