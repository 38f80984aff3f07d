import type { Logger } from '../../log/logger.js';
import type { WireConfigProblem } from '../protocol/wire-values.js';

/** Says once what is wrong each time that a bridge comes again, which is every second. */
export class ComplaintLog {
  private said = '';

  constructor(private readonly log: Logger) {}

  /** Says what keeps Synapse from using the modules; the next time that nothing does, it may be said again. */
  problems(problems: readonly WireConfigProblem[]): void {
    const texts = problems.map(({ path, messages, at }) => {
      const place = at === undefined ? '' : ` (${at})`;
      return `${path.join('.')}: ${messages.join(': ')}${place}`;
    });
    const text = texts.length === 0 ? '' : `Synapse cannot use the modules: ${texts.join('; ')}`;
    if (text !== '' && text !== this.said) this.log.error(text);
    this.said = text;
  }
}
