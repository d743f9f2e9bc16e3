const ascii = (bytes: Uint8Array, from: number, text: string): boolean =>
  Array.from(text).every((character, i) => bytes[from + i] === character.charCodeAt(0))

/** How much of a file tells what it is. */
export const signatureBytes = 16

/** The beginnings of what models can look at. A name says nothing: a provider refuses what is not what it is said to be. */
const signatures: ReadonlyArray<readonly [mediaType: string, is: (bytes: Uint8Array) => boolean]> = [
  ["image/png", (bytes) => bytes[0] === 0x89 && ascii(bytes, 1, "PNG\r\n\x1a\n")],
  ["image/jpeg", (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff],
  // Its sixth word is a size and flags, with a zero among them; words about the format have none.
  [
    "image/gif",
    (bytes) => (ascii(bytes, 0, "GIF87a") || ascii(bytes, 0, "GIF89a")) && bytes.subarray(6, 13).includes(0)
  ],
  ["image/webp", (bytes) => ascii(bytes, 0, "RIFF") && ascii(bytes, 8, "WEBP")],
  ["application/pdf", (bytes) => ascii(bytes, 0, "%PDF-")]
]

/** The media type that the first bytes of a file tell, for what is seen and not read. */
export const typeOf = (bytes: Uint8Array): string | undefined => signatures.find(([, is]) => is(bytes))?.[0]
