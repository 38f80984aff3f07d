import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<Question>();

/** One question of the homeserver while it is answered: everything that answering it runs through finds it again. */
export class Question {
  /** What belongs to this question, by whom it belongs to. */
  readonly values = new Map<object, unknown>();
  private readonly endings: (() => Promise<void>)[] = [];
  private hasEnded = false;

  /** The question that the running code belongs to; undefined outside of one. */
  static current(): Question | undefined {
    return current.getStore();
  }

  /** Runs `work` as a question of its own, even inside of another. The caller ends it. */
  run<T>(work: () => T): T {
    return current.run(this, work);
  }

  get isOver(): boolean {
    return this.hasEnded;
  }

  /** Does something when the question is answered, the last first. */
  atEnd(work: () => Promise<void>): void {
    this.endings.push(work);
  }

  async end(): Promise<void> {
    this.hasEnded = true;
    await this.run(async () => {
      for (const work of this.endings.splice(0).toReversed()) await work();
    });
    // Whatever was started meanwhile keeps the question, but not what belonged to it.
    this.values.clear();
  }
}

/** Runs `work` as one question, from its start until its promise is settled. */
export async function asQuestion<T>(work: () => Promise<T>): Promise<T> {
  const question = new Question();
  try {
    return await question.run(work);
  } finally {
    await question.end();
  }
}
