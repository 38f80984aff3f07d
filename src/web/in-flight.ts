/** Counts the requests being answered, so that closing can wait for them; a set of promises would cost each of them more. */
export class InFlight {
  private count = 0;
  private onIdle: (() => void) | undefined;

  /** Counts a response until it is there. */
  track(response: Promise<Response>): Promise<Response> {
    this.begin();
    response.then(this.end, this.end);
    return response;
  }

  /** Counts one more, which its caller ends: what is awaited anyway needs no promise for this. */
  begin(): void {
    this.count++;
  }

  /** Resolves when nothing is being answered. */
  async idle(): Promise<void> {
    if (this.count === 0) return;
    await new Promise<void>((resolve) => {
      this.onIdle = resolve;
    });
  }

  /** One is answered. */
  readonly end = (): void => {
    this.count--;
    if (this.count === 0) this.onIdle?.();
  };
}
