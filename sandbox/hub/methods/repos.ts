import { type Context, dateText, Fault, find, type Methods, nextId } from '../method.ts';
import { double, type Wire } from '../wire.ts';
import type { ExternalRepo, TagExternalRepo } from '../world.ts';
import { existingTag } from './tags.ts';

const MODES = ['koji', 'simple', 'bare'];

/** External repositories and the tags that use them. */
export const repoMethods: Methods = {
  getExternalRepo: {
    signature: 'info, strict?, event?',
    run: (context, { info, strict }) => {
      const repo = find(context.world.externalRepos, info);
      if (repo !== undefined) return repoWire(repo);
      if (strict === true) throw unknownRepo(context, info);
      return null;
    },
  },
  listExternalRepos: {
    signature: 'info?, url?, event?, queryOpts?',
    run: ({ world }, { info, url }) =>
      world.externalRepos
        .filter((repo) => info === undefined || info === null || repo.name === info || repo.id === info)
        .filter((repo) => typeof url !== 'string' || repo.url === url)
        .map(repoWire),
  },
  getTagExternalRepos: {
    signature: 'tag_info?, repo_info?, event?',
    run: (context, { tag_info: tagInfo, repo_info: repoInfo }) => {
      const { world } = context;
      const tag = tagInfo === undefined || tagInfo === null ? null : existingTag(context, tagInfo).id;
      const repo = repoInfo === undefined || repoInfo === null ? null : existingRepo(context, repoInfo).id;
      return world.tagExternalRepos
        .filter((row) => (tag === null || row.tagId === tag) && (repo === null || row.repoId === repo))
        .toSorted((a, b) => a.priority - b.priority)
        .map((row) => tagRepoWire(context, row));
    },
  },
  getRepo: {
    signature: 'tag, state?, event?, dist?',
    run: (context, { tag }) => {
      const { id: tagId } = existingTag(context, tag);
      const repo = context.world.repos.findLast((row) => row.tagId === tagId);
      if (repo === undefined) return null;
      return {
        create_event: repo.id,
        create_ts: double(repo.createTs),
        creation_time: dateText(repo.createTs, context.version),
        dist: false,
        id: repo.id,
        state: 1,
        task_id: null,
      };
    },
  },
  createExternalRepo: {
    signature: 'name, url',
    writes: true,
    run: (context, { name, url }) => {
      const { world } = context;
      context.need('admin');
      if (typeof name !== 'string' || typeof url !== 'string')
        throw new Fault(1, "<class 'TypeError'>: not a string");
      if (context.version === '1.35' && !/^[A-Za-z0-9/_.+-]+$/.test(name)) {
        throw new Fault(1000, `Name ${name} does not match RegexNameInternal value`);
      }
      if (find(world.externalRepos, name) !== undefined) {
        throw new Fault(1000, `An external repo named "${name}" already exists`);
      }
      // Any text is a URL to it.
      const repo = { id: nextId(world), name, url: url.endsWith('/') ? url : `${url}/` };
      world.externalRepos.push(repo);
      context.changed();
      return repoWire(repo);
    },
  },
  deleteExternalRepo: {
    signature: 'info',
    writes: true,
    run: (context, { info }) => {
      const { world } = context;
      context.need('admin');
      const repo = existingRepo(context, info);
      if (world.tagExternalRepos.some(({ repoId }) => repoId === repo.id)) {
        throw new Fault(1000, `cannot delete external repo ${repo.name}, used by a tag`);
      }
      world.externalRepos = world.externalRepos.filter((other) => other !== repo);
      context.changed();
      return null;
    },
  },
  addExternalRepoToTag: {
    signature: 'tag_info, repo_info, priority, merge_mode?, arches?',
    writes: true,
    run: (context, { tag_info: tagInfo, repo_info: repoInfo, priority, merge_mode: mode, arches }) => {
      const { world, version } = context;
      if (version === '1.20' && arches !== undefined) {
        throw new Fault(
          1019,
          "RootExports.addExternalRepoToTag() got an unexpected keyword argument 'arches'",
        );
      }
      context.need('tag');
      const mergeMode = typeof mode === 'string' ? mode : 'koji';
      if (!MODES.includes(mergeMode)) {
        throw new Fault(1000, `${version === '1.20' ? 'Invalid' : 'No such'} merge mode: ${mergeMode}`);
      }
      const tag = existingTag(context, tagInfo);
      const repo = existingRepo(context, repoInfo);
      if (typeof priority !== 'number')
        throw new Fault(1, "<class 'TypeError'>: priority must be an integer");
      const there = world.tagExternalRepos.filter(({ tagId }) => tagId === tag.id);
      if (there.some(({ repoId }) => repoId === repo.id)) {
        throw new Fault(1000, `tag ${tag.name} already associated with external repo ${repo.name}`);
      }
      if (there.some((row) => row.priority === priority)) {
        throw new Fault(
          1000,
          `tag ${tag.name} already associated with an external repo at priority ${priority}`,
        );
      }
      world.tagExternalRepos.push({
        tagId: tag.id,
        repoId: repo.id,
        priority,
        mergeMode,
        arches: typeof arches === 'string' ? arches : null,
      });
      context.changed();
      return null;
    },
  },
  removeExternalRepoFromTag: {
    signature: 'tag_info, repo_info',
    writes: true,
    run: (context, { tag_info: tagInfo, repo_info: repoInfo }) => {
      const { world } = context;
      context.need('tag');
      const tag = existingTag(context, tagInfo);
      const repo = existingRepo(context, repoInfo);
      const row = world.tagExternalRepos.find(({ tagId, repoId }) => tagId === tag.id && repoId === repo.id);
      if (row === undefined) {
        throw new Fault(1000, `external repo ${repo.name} not associated with tag ${tag.name}`);
      }
      world.tagExternalRepos = world.tagExternalRepos.filter((other) => other !== row);
      context.changed();
      return null;
    },
  },
};

function existingRepo(context: Context, info: unknown): ExternalRepo {
  const repo = find(context.world.externalRepos, info);
  if (repo === undefined) throw unknownRepo(context, info);
  return repo;
}

function unknownRepo({ version }: Context, info: unknown): Fault {
  return new Fault(1000, `${version === '1.20' ? 'invalid repo info' : 'No such repo'}: ${info}`);
}

function repoWire({ id, name, url }: ExternalRepo) {
  return { id, name, url };
}

function tagRepoWire({ world, version }: Context, row: TagExternalRepo): Wire {
  const repo = find(world.externalRepos, row.repoId);
  const common = {
    external_repo_id: row.repoId,
    external_repo_name: repo?.name ?? null,
    merge_mode: row.mergeMode,
    priority: row.priority,
    tag_id: row.tagId,
    tag_name: find(world.tags, row.tagId)?.name ?? null,
    url: repo?.url ?? null,
  };
  return version === '1.20' ? common : { ...common, arches: row.arches };
}
