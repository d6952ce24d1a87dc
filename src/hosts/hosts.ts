import { nearest } from '../core/near.ts';
import type { HostOutcome, HostReader, HostScript, HostWriter, Log } from '../core/ports.ts';
import { type Examined, examineHost } from './examine.ts';
import { rootGate } from './gate.ts';
import { parseKnownHosts } from './known-hosts.ts';
import { startLimit } from './limit.ts';
import { createLink, type Link, type Ran } from './link.ts';
import { commandLine } from './quote.ts';
import { says } from './says.ts';
import type { Target } from './target.ts';

export interface HostsOptions {
  readonly hosts: readonly Target[];
  /** PEM text of the bot's key. */
  readonly privateKey: string;
  /** Text of a known_hosts file. */
  readonly knownHosts: string;
  /** Where the root scripts are installed on the hosts: `/usr/local/libexec/steward`. */
  readonly scriptsDir: string;
  readonly log: Log;
}

export interface Hosts extends HostReader, HostWriter {
  /** For `steward doctor`: what works on a host, and which of these root scripts it has. */
  examine(host: string, scripts: readonly HostScript[], signal: AbortSignal): Promise<readonly Examined[]>;
  /** Ends every connection. */
  close(): Promise<void>;
}

type Options = { readonly deadlineMs: number; readonly signal: AbortSignal };

/**
 * The hosts, over one kept SSH connection each. Neither call rejects for anything a host does. An asker
 * who gives up (the signal) gets the signal's reason thrown, except when a root script may have been
 * started: that is the outcome `timeout`, because somebody has to look.
 */
export function createHosts(options: HostsOptions): Hosts {
  const known = parseKnownHosts(options.knownHosts);
  const targets = new Map(options.hosts.map((target) => [target.name, target]));
  const links = new Map<string, Link>();

  function linkOf(target: Target): Link {
    const kept = links.get(target.name);
    if (kept) return kept;
    const keys = known.keysOf(target.address, target.port, target.name);
    const made = createLink(target, options.privateKey, keys, options.log);
    links.set(target.name, made);
    return made;
  }

  async function exec(target: Target, command: string, input: string, how: Options): Promise<Ran> {
    how.signal.throwIfAborted();
    const limit = startLimit(how.deadlineMs, how.signal);
    const began = performance.now();
    try {
      const ran = await linkOf(target).exec(command, input, limit, how.deadlineMs);
      const ms = Math.round(performance.now() - began);
      options.log.info('host command ended', { host: target.name, outcome: ran.outcome.kind, ms });
      return ran;
    } finally {
      limit.stop();
    }
  }

  function unknown(host: string): HostOutcome {
    return says.unknownHost(host, nearest(host, targets.keys()));
  }

  const read: HostReader['read'] = async (host, script, args, how) => {
    const target = targets.get(host);
    if (!target) return unknown(host);
    const words = args.length === 0 ? '' : ` ${commandLine(args)}`;
    const { outcome } = await exec(target, `cd / && exec bash -s --${words}`, script.text, how);
    if (outcome.kind !== 'exit') how.signal.throwIfAborted();
    return outcome;
  };

  const run: HostWriter['run'] = async (host, script, args, how) => {
    const target = targets.get(host);
    if (!target) return unknown(host);
    const gate = rootGate(target, options.scriptsDir, script, args);
    const { outcome, started } = await exec(target, gate.command, gate.input, how);
    if (!started) how.signal.throwIfAborted();
    return gate.read(outcome);
  };

  return {
    names: () => options.hosts.map((target) => target.name),
    read,
    run,
    examine: (host, scripts, signal) =>
      examineHost({ host, scripts, scriptsDir: options.scriptsDir, read, signal }),
    close: async () => {
      await Promise.all([...links.values()].map((link) => link.close()));
    },
  };
}
