/** Thrown by a handler whose module cannot be reached: handled by the callback's `onFailure`. */
export class CallbackLost extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CallbackLost';
  }
}
