import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that mostly wait. Begun last, one of them would run on alone while the other core has nothing to do. */
const LONG = [
  'test/kill/repositories.test.ts',
  'test/kill/served.test.ts',
  'test/kill/certificates.test.ts',
  'test/kill/kill.test.ts',
  'test/kill/sync.test.ts',
  'test/laws.test.ts',
  'test/discourse/front.test.ts',
  'test/deploy/two-processes.test.ts',
  'test/demo/demo.test.ts',
  'test/commands/koji-mirror-dnf.test.ts',
  'test/commands/cert-issue.test.ts',
  'test/core/job.test.ts',
  'test/kill/outage.test.ts',
  'test/jobs/queue-redis.test.ts',
  'test/kill/inbox.test.ts',
  'test/demo/page-forum.test.ts',
  'test/jobs/queue-pglite.test.ts',
  'test/jobs/queue-postgres.test.ts',
];

/** The order of the files, longest first, also where nothing is known of an earlier run. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}
