/**
 * What a hub can do to its callers.
 * - `down`: nothing listens; connections are cut. Lasts `ms`, or until the hub is told to behave.
 * - `reset`: the connection is closed before the call is looked at.
 * - `lose-answer`: carried out, and closed instead of answered. `truncate`: half of the answer, then closed.
 * - `lose-session`: as `lose-answer`, and the hub forgets all sessions. `anonymous`: the session gets lost on the way.
 * - `slow`: carried out, answered after `ms`. `hang`: never answered, nor carried out.
 * - `html`: a maintenance page with status 503, not carried out. `gateway`: carried out, answered with a 502 page.
 * - `forbid`: 403 page. `redirect`: 302. `garbage`: status 200 and no XML-RPC. `huge`: an answer without an end.
 * - `offline`: fault 1014. `sql`: fault 1 with the text of a row.
 * - `expire-sessions`: every session expires now. `drop-sessions`: the hub forgets them. Both at once, once.
 */
export type Misbehaviour = {
  readonly kind:
    | 'down'
    | 'reset'
    | 'lose-answer'
    | 'truncate'
    | 'lose-session'
    | 'anonymous'
    | 'slow'
    | 'hang'
    | 'html'
    | 'gateway'
    | 'forbid'
    | 'redirect'
    | 'garbage'
    | 'huge'
    | 'offline'
    | 'sql'
    | 'expire-sessions'
    | 'drop-sessions';
  /** How many calls it hits; 1. `Infinity` for until told to behave. */
  readonly times?: number;
  readonly ms?: number;
  /** Only calls of this method; a batch is `multiCall`. */
  readonly method?: string;
};

/** What Apache shows. */
export function page(status: number, title: string, reason: string): string {
  return `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">
<html><head>
<title>${status} ${title}</title>
</head><body>
<h1>${title}</h1>
<p>${reason}<br /></p>
</body></html>
`;
}
