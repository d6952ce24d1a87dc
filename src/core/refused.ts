/**
 * The one error whose text people see: an expected "no", in plain words, with what to do next.
 * Every other error is a bug of ours: it is logged with a reference, and the person sees the reference.
 */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** What the person can do now, or who could say yes. */
  readonly next: string | undefined;
  constructor(message: string, next?: string) {
    super(message);
    this.next = next;
  }
}

/**
 * An expected "not now": a hub or a host that does not answer. The request waits and is tried again.
 * Its text is shown to people too.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  /** The thing that is away: `the Koji hub`, `host builder2`. */
  readonly what: string;
  constructor(what: string, message: string) {
    super(message);
    this.what = what;
  }
}
