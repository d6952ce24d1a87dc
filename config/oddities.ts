import type { Registry } from '../src/core/registry.ts';
import type { CommandOnSite, Found } from './checks.ts';
import type { Config } from './schema.ts';

/** What the settings of commands name and the rest of the config does not have. */
export function misfits(
  { hosts, audiences, hub }: Config,
  commands: ReadonlyMap<string, CommandOnSite>,
  registry: Registry,
): readonly Found[] {
  const around = {
    hosts: hosts.list.map(({ name }) => name),
    audiences: Object.keys(audiences),
    permissions: hub.permissions,
  };
  return registry.all.flatMap((command) => {
    const { name, shared } = command;
    const base = shared === undefined ? ['commands', name, 'settings'] : ['shared', shared];
    const odd = command.oddities(commands.get(name)?.settings, around);
    return odd.map(({ keys, says }) => ({ keys: [...base, ...keys], says }));
  });
}

/** What is allowed and surely not meant. */
export function oddities(config: Config, commands: ReadonlyMap<string, CommandOnSite>): readonly Found[] {
  const found: Found[] = [];
  for (const [name, { rule }] of commands) {
    const { approval, ask } = rule;
    if (approval.people === 0 || rule.off) continue;
    const open = approval.roles.filter((role) => config.everybody.includes(role));
    if (open.length > 0)
      found.push({
        keys: ['everybody'],
        says: `everybody is ${open.join(', ')}, so anybody may approve \`${name}\``,
      });
    const grouped = approval.roles.some((role) => (config.roles[role]?.slackGroups.length ?? 0) > 0);
    const able = config.people.filter((one) => one.roles.some((role) => approval.roles.includes(role)));
    const needed = approval.people + (approval.ownRequest ? 0 : 1);
    const onlyThem = ask.every((role) => approval.roles.includes(role));
    if (!grouped && open.length === 0 && able.length < (onlyThem ? needed : approval.people)) {
      const says = `\`${name}\` needs the yes of ${approval.people} ${approval.roles.join(' or ')}, and people of that role are ${able.length}`;
      found.push({ keys: ['people'], says });
    }
  }
  const approving = new Set(
    [...commands.values()].flatMap(({ rule }) => (rule.approval.people > 0 ? rule.approval.roles : [])),
  );
  config.people.forEach(({ id, slack, roles }, index) => {
    if (config.slack === undefined || slack !== undefined || !roles.some((one) => approving.has(one))) return;
    const says = `is missing: without it ${id} is one person in a terminal and another in Slack, and each may approve what the other asks for`;
    found.push({ keys: ['people', index, 'slack'], says });
  });
  found.push(...forumOddities(config, approving), ...audienceOddities(config));
  const unreached = config.people.findIndex((one) => one.slack !== undefined && config.slack === undefined);
  if (unreached >= 0)
    found.push({
      keys: ['people', unreached, 'slack'],
      says: 'there is no `slack` part, so this account is of no use',
    });
  return found;
}

/** The forum is open to anybody who makes an account, so what is odd there is worth a look. */
function forumOddities(config: Config, approving: ReadonlySet<string>): readonly Found[] {
  const { discourse, people, roles } = config;
  const found: Found[] = [];
  if (discourse === undefined) {
    const index = people.findIndex((one) => one.discourse !== undefined);
    if (index >= 0)
      found.push({
        keys: ['people', index, 'discourse'],
        says: 'there is no `discourse` part, so this account is of no use',
      });
    return found;
  }
  const open = discourse.everybody.filter((role) => approving.has(role));
  if (open.length > 0)
    found.push({
      keys: ['discourse', 'everybody'],
      says: `${open.join(', ')} may approve, so nobody has it in the forum by this`,
    });
  people.forEach((one, index) => {
    const decides = one.roles.filter((role) => approving.has(role));
    if (one.discourse === undefined || decides.length === 0) return;
    if (decides.some((role) => (roles[role]?.discourseGroups.length ?? 0) > 0)) return;
    found.push({
      keys: ['people', index, 'discourse'],
      says: `${one.id} decides nothing in the forum: no group is named at roles.${decides[0]}.discourseGroups`,
    });
  });
  return found;
}

/** Messages that would not reach those whom they are for. */
function audienceOddities(config: Config): readonly Found[] {
  const found: Found[] = [];
  for (const [name, places] of Object.entries(config.audiences))
    for (const [key, service] of [
      ['slack', 'slack'],
      ['forum', 'discourse'],
    ] as const)
      if (places[key] !== undefined && config[service] === undefined) {
        const says = `there is no \`${service}\` part, so nothing is said there`;
        found.push({ keys: ['audiences', name, key], says });
      }
  if (
    config.slack !== undefined &&
    config.slack.approversChannel === undefined &&
    config.discourse === undefined
  )
    found.push({
      keys: ['slack', 'approversChannel'],
      says: 'is missing: what everybody should know in time, like a CA that ends, would be told to nobody',
    });
  return found;
}
