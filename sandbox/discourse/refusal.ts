/** The forum says no, as JSON: `{errors, error_type, extras}`, or `{action, errors}` for a post that breaks a rule. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    status: number,
    body: { readonly errors: readonly string[] } & Readonly<Record<string, unknown>>,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(body.errors.join(' '));
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

export function invalidAccess(text = 'You are not permitted to view the requested resource.'): Refusal {
  return new Refusal(403, { errors: [text], error_type: 'invalid_access' });
}

/** A key that is wrong, or that is not this person's. */
export function invalidKey(): Refusal {
  return invalidAccess(
    'You are not permitted to view the requested resource. The API username or key is invalid.',
  );
}

export function notFound(extras?: Readonly<Record<string, unknown>>): Refusal {
  return new Refusal(404, {
    errors: ['The requested URL or resource could not be found.'],
    error_type: 'not_found',
    ...(extras && { extras }),
  });
}

export function invalidParameters(text: string): Refusal {
  return new Refusal(400, { errors: [text], error_type: 'invalid_parameters' });
}

/** A new post that breaks a rule. */
export function unfit(...errors: string[]): Refusal {
  return new Refusal(422, { action: 'create_post', errors });
}

/** Too often. `code` names the limit, where the forum names it. */
export function tooMany(seconds: number, code?: string): Refusal {
  const left = `${seconds} second${seconds === 1 ? '' : 's'}`;
  return new Refusal(
    429,
    {
      errors: [`You've performed this action too many times, please try again in ${left}.`],
      error_type: 'rate_limit',
      extras: { wait_seconds: seconds, time_left: left },
    },
    { 'retry-after': String(seconds), ...(code && { 'discourse-rate-limit-error-code': code }) },
  );
}

export function readOnly(): Refusal {
  return new Refusal(503, {
    errors: ['The site is in read only mode. Interactions are disabled.'],
    error_type: 'read_only',
  });
}
