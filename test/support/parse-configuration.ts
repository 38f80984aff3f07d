import { Configuration, type ConfigurationOptions } from '../../src/config/configuration.js';

/** Reads a configuration and throws everything wrong with it; modules are not looked at. */
export function parseConfiguration(text: string | Uint8Array, options: ConfigurationOptions = {}): Configuration {
  const configuration = Configuration.read(text, options);
  configuration.throwProblems();
  return configuration;
}
