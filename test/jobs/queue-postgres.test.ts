import { describeQueue } from './queue-suite.ts';

describeQueue('postgres');
