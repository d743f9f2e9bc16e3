/** A file that holds what a result could not show. */
export interface KeptFile {
  /** What the model calls it. */
  readonly name: string
  /** Where a person finds it. */
  readonly path: string
  /** The tool that reads such files, if there is one. */
  readonly readWith: string | undefined
}

/**
 * Keeps something whole that a result cannot show, and says where; or says nothing, when there is no place for it. `ending`
 * is what the name of the file ends in.
 */
export type Keep = (content: string | Uint8Array, ending: string) => KeptFile | undefined

export const keepNothing: Keep = () => undefined

const endings: { readonly [mediaType: string]: string } = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/svg+xml": "svg",
  "audio/wav": "wav",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "application/pdf": "pdf"
}

/** What the name of a file of some media type ends in; nothing that a server says gets into it. */
export const endingOf = (mediaType: unknown): string =>
  (typeof mediaType === "string" && Object.hasOwn(endings, mediaType.toLowerCase())
    ? endings[mediaType.toLowerCase()]
    : undefined) ?? "bin"

/** Every ending that a kept file may have. */
export const allEndings: ReadonlyArray<string> = ["txt", "bin", ...Object.values(endings)]
