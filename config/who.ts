import { z } from 'zod';
import { forumCategory, role, slackChannel } from './kinds.ts';

/** Somebody known by name. */
export const person = z.strictObject({
  id: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9._-]{0,63}$/i,
      'should be a short name: letters, digits, dots and dashes. It stands in every record',
    )
    .refine((id) => id !== 'steward', '`steward` is the bot itself'),
  name: z.string().min(1).max(100).describe('What people read.'),
  slack: z
    .string()
    .regex(/^[UW][A-Z0-9]{2,}$/, 'should be the id of a Slack member (U…), not a name')
    .optional()
    .describe('Slack member id.'),
  discourse: z
    .number({
      error:
        'should be the number of the account, as https://…/u/<name>.json says at user.id: a name can change hands',
    })
    .int()
    .positive()
    .optional()
    .describe('Number of the account in the forum.'),
  koji: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$/, 'should be a Koji user name')
    .optional()
    .describe('Koji user name, if it is not `id`: certificates are made for it.'),
  roles: z.array(role).default([]).describe('Roles of this person.'),
});

/** Who may ask for a command and approve it, and its settings. */
export const command = z.strictObject({
  ask: z.array(role).optional().describe('Roles that may ask. Empty: nobody may.'),
  roles: z
    .array(role)
    .min(1, 'should name at least one role: nobody could approve otherwise')
    .optional()
    .describe('Roles that may approve.'),
  people: z.number().int().min(0).max(20).optional().describe('How many different people have to approve.'),
  ownRequest: z.boolean().optional().describe('May the asker be one of them?'),
  expiresHours: z
    .number()
    .positive()
    .max(8760)
    .optional()
    .describe('Hours after which a plan that nobody decided on expires.'),
  settings: z.unknown().optional().describe('The command’s own settings.'),
});

/** Who has a role by being in a group. */
export const roleGroups = z.strictObject({
  slackGroups: z
    .array(
      z
        .string()
        .regex(
          /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/,
          'should be the id (S…) or the handle of a Slack user group, without @',
        ),
    )
    .default([])
    .describe('Slack user groups, by id or handle, whose members have the role. An id survives a renaming.'),
  discourseGroups: z
    .array(
      z
        .string()
        .regex(
          /^[\p{L}\p{N}_][\p{L}\p{N}._-]{0,59}$/u,
          'should be the name of a group of the forum, without @',
        ),
    )
    .default([])
    .describe(
      'Groups of the forum, one of which somebody has to be in to use the role there. A role that approves also needs the person to be listed, with the number of that account.',
    ),
});

const forumPlace = z.union(
  [z.literal(true), z.number().int().positive(), z.strictObject({ category: forumCategory })],
  {
    error:
      'should be true (a new topic in the category that is watched), the number of a topic, or { category: development/packaging/5 }',
  },
);

/** Whom messages are for, by where they read them. */
export const audience = z
  .strictObject({
    slack: slackChannel.optional().describe('Channel that gets the messages.'),
    forum: forumPlace
      .optional()
      .describe(
        'true: each message is a new topic in the category that is watched. The number of a topic: a reply there. Or another category.',
      ),
  })
  .refine(
    ({ slack: channel, forum }) => channel !== undefined || forum !== undefined,
    'names no place: give it slack, forum or both',
  );

/** What somebody is called on the hub: as their id says, where they have no other name there. */
export function kojiUserOf<T>({ id, koji }: { readonly id: T; readonly koji?: T | undefined }): T {
  return koji ?? id;
}
