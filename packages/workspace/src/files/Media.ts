const ascii = (bytes: Uint8Array, from: number, text: string): boolean =>
  Array.from(text).every((character, i) => bytes[from + i] === character.charCodeAt(0))

/** How many bytes from the beginning of a file determine its media type. */
export const signatureBytes = 16

/** Signatures of the media that models accept. File names are unreliable, and providers refuse data of the wrong type. */
const signatures: ReadonlyArray<readonly [mediaType: string, is: (bytes: Uint8Array) => boolean]> = [
  ["image/png", (bytes) => bytes[0] === 0x89 && ascii(bytes, 1, "PNG\r\n\x1a\n")],
  ["image/jpeg", (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff],
  // Bytes 6 to 12 contain the size and flags, with a zero among them; a text that begins with "GIF89a" has none there.
  [
    "image/gif",
    (bytes) => (ascii(bytes, 0, "GIF87a") || ascii(bytes, 0, "GIF89a")) && bytes.subarray(6, 13).includes(0)
  ],
  ["image/webp", (bytes) => ascii(bytes, 0, "RIFF") && ascii(bytes, 8, "WEBP")],
  ["application/pdf", (bytes) => ascii(bytes, 0, "%PDF-")]
]

/** The media type of an image or document by its first bytes; undefined for anything else, such as text. */
export const typeOf = (bytes: Uint8Array): string | undefined => signatures.find(([, is]) => is(bytes))?.[0]
