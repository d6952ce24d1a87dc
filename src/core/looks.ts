import type { View } from './command.ts';
import type { HostScript } from './ports.ts';

/**
 * A view that knows whether it was used for what `perMinute` counts: a run of one of these scripts on a host, or any look
 * at a host where none are named.
 */
export function watchLooks(
  view: View,
  scripts: readonly HostScript[] | undefined,
): { readonly view: View; readonly hasLooked: () => boolean } {
  let looked = false;
  return {
    hasLooked: () => looked,
    view: {
      ...view,
      hosts: {
        names: () => view.hosts.names(),
        read(host, script, args, options) {
          looked ||= scripts?.some(({ sha256 }) => sha256 === script.sha256) ?? true;
          return view.hosts.read(host, script, args, options);
        },
      },
      jobLogs: {
        last(request, signal) {
          looked = true;
          return view.jobLogs.last(request, signal);
        },
      },
    },
  };
}
