import type { HostOutcome } from '../core/ports.ts';
import { fingerprint } from './known-hosts.ts';
import type { Target } from './target.ts';

type Bad = Exclude<HostOutcome, { kind: 'exit' }>;

const at = (target: Target): string => `${target.address} port ${target.port}`;

/** RSA of 16,384 bits. */
const LONGEST_KEY = 2_100;

/** The one file on the host that a fingerprint can be compared with, by key type. */
function compare(type: string): string {
  const kind = type === 'ssh-rsa' ? 'rsa' : type.startsWith('ecdsa') ? 'ecdsa' : 'ed25519';
  return `\`ssh-keygen -lf /etc/ssh/ssh_host_${kind}_key.pub\``;
}

function knownHostsLine(target: Target, key: Buffer, type: string): string {
  // Whoever answers there chose these bytes: what is no key is not to be copied anywhere.
  if (type === '' || key.length > LONGEST_KEY) return 'the line of its real key';
  const name = target.port === 22 ? target.address : `[${target.address}]:${target.port}`;
  return `\`${name} ${type} ${key.toString('base64')}\``;
}

/** What each bad outcome means and what to do about it, for people. */
export const says = {
  unknownHost: (name: string, meant: string | null): Bad => ({
    kind: 'unknown-host',
    says: `There is no host ${name} in the config.${meant ? ` Did you mean ${meant}?` : ''}`,
  }),
  refused: (target: Target): Bad => ({
    kind: 'unreachable',
    says: `Nothing listens on ${at(target)}: ${target.name} is up, but its sshd is not running there.`,
  }),
  noSuchName: (target: Target): Bad => ({
    kind: 'unreachable',
    says: `The name ${target.address} of ${target.name} does not resolve. Check DNS, or the address in the config.`,
  }),
  noAnswer: (target: Target): Bad => ({
    kind: 'unreachable',
    says: `No answer from ${at(target)}: ${target.name} is down, or a firewall or the network is in the way.`,
  }),
  noBanner: (target: Target): Bad => ({
    kind: 'no-banner',
    says: `${target.name} accepts connections but its sshd says nothing: the machine is frozen, out of memory, or its disk hangs. Look at its console.`,
  }),
  handshakeUnfinished: (target: Target): Bad => ({
    kind: 'unreachable',
    says: `${target.name} began to talk SSH and did not finish in time: it is overloaded, or its home directories hang. Nothing was started there.`,
  }),
  droppedEarly: (target: Target): Bad => ({
    kind: 'unreachable',
    says: `${target.name} accepts connections and closes them at once: too many are being opened (MaxStartups), or its sshd cannot read its host keys. See its sshd log.`,
  }),
  noCommonAlgorithm: (target: Target, detail: string): Bad => ({
    kind: 'unreachable',
    says: `${target.name} and Steward have no algorithm in common (${detail.replace('Handshake failed: ', '')}). Allow curve25519-sha256 in its sshd_config.`,
  }),
  authFailed: (target: Target): Bad => ({
    kind: 'auth-failed',
    says: `${target.name} does not accept Steward's key for the account ${target.user}. Check ~${target.user}/.ssh/authorized_keys there, its permissions, and that the account is not locked or expired.`,
  }),
  hostKeyUnknown: (target: Target, type: string, key: Buffer): Bad => ({
    kind: 'host-key-unknown',
    says: `No key of ${target.name} is known yet. It showed the ${type} key ${fingerprint(key)}. On the host's own console run ${compare(type)}; if the fingerprint is the same, add ${knownHostsLine(target, key, type)} to the known_hosts file.`,
  }),
  hostKeyChanged: (target: Target, type: string, key: Buffer): Bad => ({
    kind: 'host-key-changed',
    says: `${target.name} showed another key than the one that is known: ${type} ${fingerprint(key)}. It was installed anew, or somebody is in between; nothing was sent. On the host's own console run ${compare(type)}; only if the fingerprint is the same, replace its line in the known_hosts file by ${knownHostsLine(target, key, type)}.`,
  }),
  hostKeyRevoked: (target: Target, type: string, key: Buffer): Bad => ({
    kind: 'host-key-changed',
    says: `${target.name} showed the ${type} key ${fingerprint(key)}, which the known_hosts file marks as revoked. Do not use the host until it has a new key; compare it on the host's own console with ${compare(type)}.`,
  }),
  hostKeyTypeGone: (target: Target, types: readonly string[]): Bad => ({
    kind: 'host-key-changed',
    says: `${target.name} no longer offers a key of the kind that is known (${types.join(', ')}). On its own console list its keys with ${compare('ssh-ed25519')} and put the one you see there into the known_hosts file.`,
  }),
  busy: (target: Target): Bad => ({
    kind: 'unreachable',
    says: `${target.name} was busy with other commands of Steward until the time was up; this one was not started.`,
  }),
  noChannel: (target: Target): Bad => ({
    kind: 'unreachable',
    says: `${target.name} is connected but did not start the command (it refuses channels, or has stopped answering). Nothing was run.`,
  }),
  noExec: (target: Target): Bad => ({
    kind: 'auth-failed',
    says: `${target.name} lets ${target.user} in but refuses to run commands: check its login shell, and ForceCommand in sshd_config.`,
  }),
  timeout: (target: Target, ms: number): Bad => ({
    kind: 'timeout',
    says: `${target.name} did not finish within ${Math.round(ms / 100) / 10} s. What was started there may still be running.`,
  }),
  stopped: (target: Target): Bad => ({
    kind: 'timeout',
    says: `Steward stopped waiting for ${target.name}. What was started there may still be running.`,
  }),
  lost: (target: Target): Bad => ({
    kind: 'lost',
    says: `The connection to ${target.name} broke while the command ran, so it may or may not have finished there.`,
  }),
  signalled: (target: Target, signal: string): Bad => ({
    kind: 'signalled',
    says: `The command was killed on ${target.name} (${signal}); out of memory, or somebody ended it.`,
  }),
  notInstalled: (target: Target, path: string, found: string): Bad => ({
    kind: 'not-installed',
    says: `${target.name} has ${found === '' ? `no readable ${path}` : `another version of ${path}`}. Install the bundle of \`steward host bundle\` there; nothing was run.`,
  }),
  sudoRefused: (target: Target, path: string): Bad => ({
    kind: 'sudo-refused',
    says: `sudo on ${target.name} does not let ${target.user} run ${path}. Install the bundle of \`steward host bundle\` there (it holds the sudoers file); nothing was run.`,
  }),
} as const;
