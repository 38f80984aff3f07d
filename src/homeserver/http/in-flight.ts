/** Counts the requests being answered, so that closing can wait for them; a set of promises would cost each of them more. */
export class InFlight {
  private count = 0;
  private onIdle: (() => void) | undefined;

  /** Counts a response until it is there. */
  track(response: Promise<Response>): Promise<Response> {
    this.count++;
    response.then(this.done, this.done);
    return response;
  }

  /** Resolves when nothing is being answered. */
  async idle(): Promise<void> {
    if (this.count === 0) return;
    await new Promise<void>((resolve) => {
      this.onIdle = resolve;
    });
  }

  private readonly done = (): void => {
    this.count--;
    if (this.count === 0) this.onIdle?.();
  };
}
