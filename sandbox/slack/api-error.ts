/** A "no" of the Web API: `{ok: false, error}` with HTTP 200. */
export class ApiError extends Error {
  readonly code: string;
  readonly extra: Readonly<Record<string, unknown>>;
  constructor(code: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(code);
    this.code = code;
    this.extra = extra;
  }
}
