/** What one registration of a category's callbacks must hold to, as data. */
export interface CategoryRule {
  /** Callbacks that one registration brings together or not at all; `error` is Synapse's text. */
  readonly paired?: { readonly names: readonly string[]; readonly error: string };
  /** Callbacks that a registration must bring. */
  readonly required?: readonly string[];
  /** Only the first registration counts; the text is logged for each later one, which is ignored whole. */
  readonly onlyFirst?: string;
}
