// Writes docs/commands.md and docs/topic-template.md from the declarations. With --check it only says whether they are fresh.
import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from '../src/core/command.ts';
import { isOptional, metaOf } from '../src/core/field-meta.ts';
import { lineInShort } from '../src/core/in-short.ts';
import { usageOf } from '../src/core/line.ts';
import { scanCommands } from '../src/core/registry.ts';
import { VERBS } from '../src/core/verbs.ts';
import { topicTemplatePage } from './topic-template.ts';

const registry = await scanCommands(new URL('../commands/', import.meta.url));

const commandsPage = `# What you can ask for

This page is made from the declarations under \`commands/\` by \`npm run docs\`. The same lines work as
\`/koji …\` in Slack, as \`@steward …\` in a thread, and as \`steward ask …\` in a terminal. A parameter that is
missing in Slack opens a form, and in the forum it is answered with one.

A text (\`because=lost the laptop\`) needs no quotes. It goes on to the end of the line, or up to the name of another
parameter of the command that is not given yet: \`because=lost the laptop reason=key-lost\`. What is in quotes is taken
as it stands.

${registry.all.map(section).join('\n')}
# What you can do with requests

In the thread of a request its id can be left out.

| line | what it does |
|---|---|
${VERBS.map((verb) => `| \`${usageOf(verb.name, verb.params).replaceAll('|', '\\|')}\` | ${verb.summary} |`).join('\n')}
`;

const pages = { 'commands.md': commandsPage, 'topic-template.md': topicTemplatePage(registry.all) };

for (const [name, text] of Object.entries(pages)) {
  const file = new URL(`../docs/${name}`, import.meta.url);
  if (!process.argv.includes('--check')) await writeFile(file, text);
  else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    process.stderr.write(`docs/${name} is not what the declarations say: run npm run docs\n`);
    process.exitCode = 1;
  }
}

function section(command: Command): string {
  const { risk, ask, approval, hubPermission } = command;
  const decides =
    approval.people === 0
      ? 'It only looks; nobody has to approve it.'
      : `Needs the yes of ${approval.people} ${approval.roles.join(' or ')}${approval.people > 1 ? 's' : ''}${approval.ownRequest ? '' : ', not the asker'}; expires after ${approval.expiresHours} hours. Risk: ${risk}.${hubPermission ? ` The bot needs \`${hubPermission}\` on the hub.` : ''}`;
  const rows = Object.entries(command.params.shape).map(([name, field]) => {
    const { hint, example } = metaOf(field);
    return `| \`${name}\`${isOptional(field) ? ' (optional)' : ''} | ${hint} | \`${example}\` |`;
  });
  const table =
    rows.length === 0 ? [] : ['| parameter | what it is | for example |', '|---|---|---|', ...rows, ''];
  return `## ${command.name}

${command.summary}. For ${ask.join(', ')}. ${decides}

\`\`\`
${usageOf(command.name, command.params)}
\`\`\`

${table.map((line) => `${line}\n`).join('')}Examples: ${command.examples.map((example) => `\`${lineInShort(example)}\``).join(', ')}
`;
}
