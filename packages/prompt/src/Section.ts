import type { Provenance } from "@parley/domain/Provenance"

/** A part of a request's text, with its source and its author. */
export interface Section {
  /** For example `instructions` or `file:src/a.ts`. */
  readonly source: string
  readonly text: string
  /** Why it is there. Shown to people, never to a model. */
  readonly why?: string | undefined
  readonly provenance: Provenance
}

/** The sections that have text, in their order. */
export const present = (sections: ReadonlyArray<Section>): ReadonlyArray<Section> =>
  sections.filter((section) => section.text !== "")

/** Concatenates the sections that have text, separated by empty lines. Half of a surrogate pair becomes U+FFFD. */
export const join = (sections: ReadonlyArray<Section>): string =>
  present(sections)
    .map((section) => section.text.toWellFormed())
    .join("\n\n")

/** Adds a heading. A section without text stays empty. */
export const titled = (title: string, { text, ...section }: Section & { readonly why: string }): Section => ({
  ...section,
  text: text === "" ? "" : `# ${title}\n\n${text}`
})
