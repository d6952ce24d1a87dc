import type { Command } from '../src/core/command.ts';
import { isOptional } from '../src/core/field-meta.ts';
import { formOf } from '../src/core/form.ts';
import { writeForm } from '../src/core/form-text.ts';

/**
 * What an admin pastes into the template of the forum's category: an empty form for each command of packagers, and a line
 * for those that need nothing, whose empty form could not be told from one that nobody wants.
 */
export function topicTemplate(commands: readonly Command[]): string {
  const offered = commands.filter(({ ask }) => ask.includes('packager'));
  const forms = offered.filter(needsSomething).map(emptyForm);
  const lines = offered
    .filter((command) => !needsSomething(command))
    .map(({ name, summary }) => `  @steward ${name}   (${summary})`);
  return `<!--
Steward is a bot that looks after requests to the people who run the build system. It shows here what it would do,
waits for the yes of those who decide, does it, and tells you.
Say what you need in plain words, and it tells you how to go on. Or fill in one of the forms below and leave the others.
Or write a line of its own:
${lines.join('\n')}
  @steward help
Never paste a private key, here or anywhere. Steward never needs one.
-->



[details="Forms"]

${forms.join('\n\n')}

[/details]`;
}

function needsSomething({ params }: Command): boolean {
  return Object.values(params.shape).some((field) => !isOptional(field));
}

function emptyForm({ name, summary, params }: Command): string {
  return `\`\`\`steward\n# ${summary}\n${writeForm(formOf(name, summary, params, {}, {}))}\n\`\`\``;
}

/** The page that says where it goes. */
export function topicTemplatePage(commands: readonly Command[]): string {
  return `# The template of the forum's category

This page is made from the declarations under \`commands/\` by \`npm run docs\`.

Whoever opens a topic finds this text in the editor. In Discourse, open the category that Steward watches, then
*Edit*, then *Topic Template*, and paste all that stands between the two lines of backticks. Before you do:

- Where the bot's account has another name than \`steward\`, change \`@steward\`. The word behind the three backticks
  of a form stays \`steward\`.
- Leave out the forms of commands that your config switches off, or that packagers may not ask for there.
- Add what else people should say in that category. What stands between \`<!--\` and \`-->\` is seen only while
  somebody writes.

A form that nobody has filled in is no request, so nobody has to delete the others. Paste the template again after
an upgrade that brings a new command.

\`\`\`\`markdown
${topicTemplate(commands)}
\`\`\`\`
`;
}
