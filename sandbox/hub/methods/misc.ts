import { Fault, type Methods } from '../method.ts';
import { double, type Wire } from '../wire.ts';

/** About the hub itself. `echo` is answered apart: it takes anything. */
export const miscMethods: Methods = {
  getAPIVersion: { signature: '', run: () => 1 },
  getKojiVersion: {
    signature: '',
    run: ({ version }) => {
      if (version === '1.20') throw new Fault(1000, 'Invalid method: getKojiVersion');
      return '1.35.3';
    },
  },
};

/** What was read from the wire, to be sent back. */
export function echo(value: unknown): Wire {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? value : double(value);
  if (Array.isArray(value)) return value.map(echo);
  if (typeof value !== 'object') return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, echo(item)]));
}
