import type { View } from './command.ts';
import type { Person } from './person.ts';
import type { HostJobs, HostReader, HostWriter, HubReader, HubWriter, JobLogs } from './ports.ts';

/** The outside, as the worker holds it. Commands only ever see the reading half, through a `View`. */
export interface World {
  readonly hubReader: HubReader;
  readonly hubWriter: HubWriter;
  readonly hostReader: HostReader;
  readonly hostWriter: HostWriter;
  readonly hostJobs: HostJobs;
  readonly jobLogs: JobLogs;
}

/** The reading half of the world, at this moment, for this asker. */
export function viewOf(world: World, asker: Person, now: Date, signal: AbortSignal): View {
  // Fresh objects with the reading methods alone: a command cannot reach a writer by casting.
  const { hubReader, hostReader, jobLogs } = world;
  return {
    hub: {
      read: (call, readSignal) => hubReader.read(call, readSignal),
      account: (readSignal) => hubReader.account(readSignal),
    },
    hosts: {
      names: () => hostReader.names(),
      read: (host, script, args, options) => hostReader.read(host, script, args, options),
    },
    jobLogs: { last: (request, readSignal) => jobLogs.last(request, readSignal) },
    asker,
    now,
    signal,
  };
}
