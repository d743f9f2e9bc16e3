/** The first base64 characters of each image format that models accept. */
const beginnings: ReadonlyArray<readonly [mediaType: string, begins: RegExp]> = [
  ["image/png", /^iVBORw0KGgo/],
  ["image/jpeg", /^\/9j\//],
  ["image/gif", /^R0lGOD[dl]h/],
  ["image/webp", /^UklGR.{6}XRUJQ/]
]

/**
 * The media type of a base64-encoded image, detected from its first bytes. The declared type is not used, because providers
 * permanently reject an image whose declared type is wrong. `undefined` if the data is not an image that models accept.
 *
 * @since 0.1.0
 * @category functions
 */
export const imageTypeOf = (base64: string): string | undefined =>
  beginnings.find(([, begins]) => begins.test(base64))?.[0]
