/** One named piece of text in a request. */
export interface Section {
  /** Such as `instructions` or `file:src/a.ts`. */
  readonly source: string
  readonly text: string
  /** For a person: why it is there. */
  readonly why?: string | undefined
}

/** Sections whose text is empty vanish. The rest keep their order, one empty line apart. */
export const present = (sections: ReadonlyArray<Section>): ReadonlyArray<Section> =>
  sections.filter((section) => section.text !== "")

export const join = (sections: ReadonlyArray<Section>): string =>
  present(sections)
    .map((section) => section.text)
    .join("\n\n")

/** A heading and its text, or nothing when there is no text. */
export const titled = (source: string, title: string, text: string, why: string): Section => ({
  source,
  text: text === "" ? "" : `# ${title}\n\n${text}`,
  why
})
