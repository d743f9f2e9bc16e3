/**
 * Where the key of a provider comes from when a request needs it.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeySource {
  /** The key. Rejects with an error whose message is for people and does not contain a key. */
  readonly get: () => Promise<string>
  /** The provider refused the key, so the next `get` obtains it again. */
  readonly forget: () => void
}

/**
 * Sources of keys that are neither in the environment nor in the configuration file.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeySources {
  /** A program that prints the key: its path or name, and its arguments. */
  readonly ofCommand: (command: ReadonlyArray<string>) => KeySource | undefined
  /** The key that the user has stored for the provider of this name. Undefined if there is none. */
  readonly stored: (provider: string) => KeySource | undefined
}
