import { type Context, Fault, find, type Methods } from '../method.ts';
import type { Wire } from '../wire.ts';
import type { Tag } from '../world.ts';

/** Tags. */
export const tagMethods: Methods = {
  getTag: {
    signature: 'tagInfo, strict?, event?, blocked?',
    run: (context, { tagInfo, strict }) => {
      const tag = find(context.world.tags, tagInfo);
      if (tag !== undefined) return { ...tagWire(tag), extra: {} };
      if (strict === true) throw unknownTag(context, tagInfo);
      return null;
    },
  },
  listTags: {
    signature: 'build?, package?, perms?, queryOpts?, pattern?',
    run: ({ world }) => world.tags.map(tagWire),
  },
  getBuildTargets: {
    signature: 'info?, event?, buildTagID?, destTagID?, queryOpts?',
    run: ({ world }) =>
      world.targets.map(({ id, name, buildTagId, destTagId }) => ({
        build_tag: buildTagId,
        build_tag_name: find(world.tags, buildTagId)?.name ?? null,
        dest_tag: destTagId,
        dest_tag_name: find(world.tags, destTagId)?.name ?? null,
        id,
        name,
      })),
  },
  getFullInheritance: {
    signature: 'tag, event?, reverse?, stops?, jumps?',
    run: (context, { tag, reverse }) => inherited(context, existingTag(context, tag).id, reverse === true),
  },
};

/** The way up from a tag, or with `reverse` the tags that have it above them; each one once, deeper ones behind. */
function inherited({ world }: Context, from: number, reverse: boolean): Wire[] {
  const found: Wire[] = [];
  const seen = new Set([from]);
  const walk = (at: number, depth: number): void => {
    const rows = world.inheritance
      .filter(({ tagId, parentId }) => (reverse ? parentId : tagId) === at)
      .toSorted((a, b) => a.priority - b.priority);
    for (const { tagId, parentId, priority } of rows) {
      const next = reverse ? tagId : parentId;
      if (seen.has(next)) continue;
      seen.add(next);
      found.push({
        currdepth: depth,
        filter: [],
        intransitive: false,
        maxdepth: null,
        name: find(world.tags, next)?.name ?? null,
        nextdepth: null,
        noconfig: false,
        parent_id: parentId,
        pkg_filter: '',
        priority,
        ...(reverse ? { tag_id: tagId } : { child_id: tagId }),
      });
      walk(next, depth + 1);
    }
  };
  walk(from, 1);
  return found;
}

/** A tag that must be there. */
export function existingTag(context: Context, info: unknown): Tag {
  const tag = find(context.world.tags, info);
  if (tag === undefined) throw unknownTag(context, info);
  return tag;
}

function unknownTag({ version }: Context, info: unknown): Fault {
  return new Fault(1000, `${version === '1.20' ? 'Invalid' : 'No such'} tagInfo: '${info}'`);
}

function tagWire({ id, name, arches }: Tag): Record<string, Wire> {
  return {
    arches,
    id,
    locked: false,
    maven_include_all: false,
    maven_support: false,
    name,
    perm: null,
    perm_id: null,
  };
}
