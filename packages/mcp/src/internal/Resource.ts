/** The SDK sends the `href` of what it is given, which for an address without a path has a slash more than was written. */
class WrittenUrl extends URL {
  readonly #written: string
  constructor(written: string) {
    super(written)
    this.#written = written
  }
  override get href(): string {
    return this.#written
  }
  override toString(): string {
    return this.#written
  }
}

/**
 * What tokens are asked for: the resource that the server says to be, if that is the server or a part of its address above
 * it, and the server's own address when it says nothing. A token for anything else would be one that this server could use
 * there.
 */
export const resourceFor = (
  server: string | URL,
  named: string | undefined,
  check: (of: { requestedResource: string | URL; configuredResource: string | URL }) => boolean
): URL => {
  if (named === undefined) return new WrittenUrl(String(server))
  if (!URL.canParse(named) || !check({ requestedResource: server, configuredResource: named }))
    throw new TypeError("the server names another resource than itself: a token for that is not asked for")
  return new WrittenUrl(named)
}
