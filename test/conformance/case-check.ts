import type { Case, Step } from './format.js';

/** What keeps a case from showing anything: it would pass whatever the host does. */
export function caseProblems({ id, startup, steps = [] }: Case): string[] {
  if (startup !== undefined) {
    const isExpected = startup.fails === true || (startup.message_contains ?? []).length > 0;
    return isExpected ? [] : [`${id}: startup expects nothing`];
  }
  if (!steps.some(isAsking)) return [`${id}: has neither steps that ask something nor startup`];
  return steps.flatMap((step, index) => {
    if (!isAsking(step) || Object.keys(step.expect ?? {}).some((key) => key !== 'exact')) return [];
    return [`${id}: step ${index} expects nothing`];
  });
}

/** A step that waits asks nothing. */
function isAsking({ request, api, federation_invite }: Step): boolean {
  return request !== undefined || api !== undefined || federation_invite !== undefined;
}
