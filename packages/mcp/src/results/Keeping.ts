/** A stored file with content that a result could not show. */
export interface KeptFile {
  /** The name that the model uses. */
  readonly name: string
  /** The full path, for a person. */
  readonly path: string
  /** The name of the tool that reads such files, if there is one. */
  readonly readWith: string | undefined
}

/**
 * Stores the complete content that a result cannot show. Returns the file, or `undefined` if nothing can be stored. `ending`
 * is the extension of the file, without the dot.
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

/** The file extension for a media type. It comes from a fixed list, so no text of the server gets into a file name. */
export const endingOf = (mediaType: unknown): string =>
  (typeof mediaType === "string" && Object.hasOwn(endings, mediaType.toLowerCase())
    ? endings[mediaType.toLowerCase()]
    : undefined) ?? "bin"

/** All extensions that a stored file may have. */
export const allEndings: ReadonlyArray<string> = ["txt", "bin", ...Object.values(endings)]
