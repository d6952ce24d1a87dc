// Holds a pretend forum for another process until SIGTERM: prints what that needs to know of it, and then does as each
// line says: `away TOPICS POSTS OTHERS` is a day of other people's talk.
import { createInterface } from 'node:readline';
import { startForum } from '../sandbox/discourse/forum.ts';

const OTHER_CATEGORY = 7;

const forum = await startForum({
  rateScale: Number.POSITIVE_INFINITY,
  seedTopics: Number(process.argv[2] ?? 0),
});
const { url, apiKey, bot, category } = forum;
process.once('SIGTERM', () => void forum.close().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ url, apiKey, bot, category })}\n`);

let said = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const [topics = 0, posts = 0, others = 0] = line.split(' ').slice(1).map(Number);
  await away(topics, posts, others);
  process.stdout.write('done\n');
}

/** Half of the topics are old ones. */
async function away(topics: number, posts: number, others: number): Promise<void> {
  const maria = forum.as('maria');
  const ids = forum
    .topics(category.id)
    .slice(1, 1 + Math.ceil(topics / 2))
    .map(({ id }) => id);
  const elsewhere = await maria.topic(
    `A question of another kind, number ${said++}`,
    words(),
    OTHER_CATEGORY,
  );
  const old = ids.length;
  while (ids.length < topics)
    ids.push((await maria.topic(`A new question, number ${said++}`, words())).topic);
  for (let n = topics - old; n < posts; n++) await maria.reply(ids[n % ids.length] ?? 0, words());
  for (let n = 0; n < others; n++) await maria.reply(elsewhere.topic, words());
}

function words(): string {
  said += 1;
  return `Something that somebody says about the build system, the ${said}th time.`;
}
