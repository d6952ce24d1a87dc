import type { Names } from './mrkdwn.ts';
import type { SandboxSlack } from './slack.ts';

/** Ids to names, as people see them. */
export function namesOf(slack: SandboxSlack): Names {
  return {
    user: (id) => slack.users.find((user) => user.id === id)?.name,
    channel: (id) => slack.channels.find((channel) => channel.id === id)?.name,
    group: (id) => slack.groups.find((group) => group.id === id)?.handle,
  };
}
