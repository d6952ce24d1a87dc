import type { HubCall, HubFault } from '../core/ports.ts';

/** Koji's fault codes that the client acts on. Texts differ between versions and can hold SQL: never matched. */
export const FAULT = {
  generic: 1000,
  auth: 1002,
  notAllowed: 1004,
  locked: 1006,
  expired: 1007,
  sequence: 1008,
  retry: 1009,
  offline: 1014,
  parameters: 1019,
} as const;

/** Faults that say that the session is of no use any more, and that nothing was done. */
export function endsSession(code: number): boolean {
  return code === FAULT.auth || code === FAULT.expired || code === FAULT.sequence;
}

/** A fault in plain words, made from its code and from what was asked: nothing of the hub's own text. */
export function describeFault(code: number, call: HubCall): HubFault {
  const asked = showCall(call);
  const says: Record<number, string> = {
    [FAULT.generic]: `The hub refused ${asked}: something named there does not exist, already exists, or is not in a state that allows it.`,
    [FAULT.auth]: `The hub did not accept the bot's login for ${asked}. An admin of the bot has to look at its Koji account and certificate.`,
    [FAULT.notAllowed]: `The bot's Koji account may not do ${asked}. A Koji admin can grant the permission.`,
    [FAULT.locked]: `The hub did not do ${asked}: another session of the bot's account holds it exclusively. Try again later.`,
    [FAULT.expired]: `The bot's login on the hub had expired before ${asked}. Try again.`,
    [FAULT.sequence]: `The hub did not do ${asked}: the bot's session was out of step. Try again.`,
    [FAULT.offline]: `The hub is switched to offline, so ${asked} was not done. Try again when it is back.`,
    [FAULT.parameters]: `This hub's version does not take ${asked} in this form. This needs an admin of the bot.`,
  };
  return {
    code,
    says:
      says[code] ??
      `The hub failed on ${asked} (code ${code}). It may not accept a value; its admins find the details in the hub's own log.`,
  };
}

/** `editHost("builder2", capacity=8)`: short enough to read. */
export function showCall(call: HubCall): string {
  const args = call.args.map(short);
  for (const [name, value] of Object.entries(call.kwargs ?? {})) args.push(`${name}=${short(value)}`);
  const all = args.join(', ');
  return `${call.method}(${all.length > 200 ? `${all.slice(0, 199)}…` : all})`;
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
