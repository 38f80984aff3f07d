/** Whether a decorator stands on a static member: it then gets the class in place of the prototype. */
export function isClass(target: object): boolean {
  return typeof target === 'function';
}

/** The class of the member that a decorator stands on. */
export function classOf(target: object): object {
  return isClass(target) ? target : target.constructor;
}
