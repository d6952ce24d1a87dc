import { cut } from './recording.ts';
import type { Request, StepNow } from './request.ts';
import { sentence } from './status-line.ts';

/** What stands in a request that has come to its good end. */
export function successText(request: Request, steps: readonly StepNow[]): string {
  const ours = steps.filter((now) => now.begun !== null).length;
  const late = request.stopping ? ' The wish to stop came after the last step.' : '';
  const unended = steps.filter((now) => now.how === 'unended');
  if (unended.length > 0) return unendedText(steps, unended) + late;
  if (ours === 0) return `Nothing was left to do: somebody else has done it meanwhile.${late}`;
  if (ours < steps.length)
    return `${ours} of ${steps.length} steps are done, and checked; somebody else had done the rest.${late}`;
  return `${steps.length === 1 ? 'Done, and checked.' : `All ${steps.length} steps are done, and checked.`}${late}`;
}

/** What was waited for in vain is named, and that nobody was told what is not so yet. */
function unendedText(steps: readonly StepNow[], unended: readonly StepNow[]): string {
  const untold = steps.some((now) => now.step.effect.kind === 'notice' && now.state !== 'done');
  const rest = steps.filter((now) => now.state === 'done').length - unended.length;
  const how = unended.map((now) => `“${now.step.title}”: ${sentence(now.progress ?? '')}`).join(' ');
  const silent = untold ? ' Nobody else was told of it, because it is not so yet.' : '';
  return cut(`${rest} of ${steps.length} steps are done, and checked. ${how}${silent}`);
}
