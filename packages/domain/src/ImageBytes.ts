/** How the base64 of the images begins that models can look at. */
const beginnings: ReadonlyArray<readonly [mediaType: string, begins: RegExp]> = [
  ["image/png", /^iVBORw0KGgo/],
  ["image/jpeg", /^\/9j\//],
  ["image/gif", /^R0lGOD[dl]h/],
  ["image/webp", /^UklGR.{6}XRUJQ/]
]

/**
 * What an image in base64 is by its first bytes, whatever it is called. A provider refuses, for ever, an image that is not
 * what it is said to be. Undefined: no image that models can look at.
 */
export const imageTypeOf = (base64: string): string | undefined =>
  beginnings.find(([, begins]) => begins.test(base64))?.[0]
