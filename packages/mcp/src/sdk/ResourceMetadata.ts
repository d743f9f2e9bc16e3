/** The SDK sends the `href` of this URL. For an address without a path, the standard `href` would add a slash. */
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
 * The resource (RFC 8707) that tokens are requested for: the one that the server names, if `check` accepts it as the server
 * itself or a parent of its path, or the server's own address if it names none. Throws for any other resource, since the
 * server could use such a token elsewhere.
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
