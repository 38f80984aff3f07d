/**
 * The key in YAML of a property, and Synapse's name of one of ours: `banned_words` of `bannedWords`. A word begins at a capital
 * letter, letters of an acronym stay together (`homeserverURL` is `homeserver_url`), digits belong to the word that they end
 * (`retry3Times` is `retry3_times`), and `3pid`, Matrix's name of a third-party identifier, is a word (`enable3pidChanges` is
 * `enable_3pid_changes`).
 */
export function snakeCase(name: string): string {
  return name
    .replace(/(?<=[A-Za-z])(?=3pid)/g, '_')
    .replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_')
    .replace(/(?<=[A-Z])(?=[A-Z][a-z])/g, '_')
    .toLowerCase();
}
