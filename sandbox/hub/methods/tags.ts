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
};

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
