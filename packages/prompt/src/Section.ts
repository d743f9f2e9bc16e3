import type { Provenance } from "@parley/domain/Provenance"

/** One named piece of text in a request. */
export interface Section {
  /** Such as `instructions` or `file:src/a.ts`. */
  readonly source: string
  readonly text: string
  /** For a person: why it is there. */
  readonly why?: string | undefined
  readonly provenance: Provenance
}

/** Sections whose text is empty vanish. The rest keep their order, one empty line apart. */
export const present = (sections: ReadonlyArray<Section>): ReadonlyArray<Section> =>
  sections.filter((section) => section.text !== "")

export const join = (sections: ReadonlyArray<Section>): string =>
  present(sections)
    .map((section) => section.text)
    .join("\n\n")

/** A heading and its text, or nothing when there is no text. */
export const titled = (title: string, { text, ...section }: Section & { readonly why: string }): Section => ({
  ...section,
  text: text === "" ? "" : `# ${title}\n\n${text}`
})
