/**
 * A proxy, and the setting that its address comes from, which error messages tell the user to correct.
 *
 * @since 0.1.0
 * @category models
 */
export interface NamedProxy {
  /** `[http://|https://][USER:PASSWORD@]HOST:PORT`. Without a scheme it is `http://`. */
  readonly url: string
  /** The name of the setting, such as `HTTPS_PROXY`. */
  readonly from: string
}

/**
 * Which requests go through which proxy.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProxySettings {
  /** The proxy for `http:` addresses. */
  readonly http?: string | NamedProxy | undefined
  /** The proxy for `https:` addresses. It is used through a tunnel (CONNECT): it sees the host, but not the content. */
  readonly https?: string | NamedProxy | undefined
  /**
   * The hosts that are connected to without a proxy, as in `NO_PROXY`: entries separated by commas or spaces. `example.org`,
   * `.example.org` and `*.example.org` all match that host and its subdomains, `192.0.2.1` and `[2001:db8::1]` an address,
   * `192.0.2.0/24` and `2001:db8::/32` a network, and `*` everything. `:PORT` after an entry that is not a network restricts
   * it to that port. Host names are not resolved to compare them with addresses.
   */
  readonly except?: string | undefined
  /** Whether the proxy is also used for addresses of this machine (`localhost`, 127.0.0.0/8, `::1`). Default: false. */
  readonly loopback?: boolean | undefined
}

/**
 * Reads the proxy settings from environment variables: `https_proxy` and `http_proxy`, which both default to `all_proxy`,
 * and `no_proxy`. Names in lower case take precedence over those in upper case. Empty variables are ignored.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEnvironment = (env: { readonly [name: string]: string | undefined }): ProxySettings => {
  const named = (...names: ReadonlyArray<string>): NamedProxy | undefined => {
    for (const from of names.flatMap((name) => [name.toLowerCase(), name])) {
      const url = env[from]?.trim()
      if (url !== undefined && url !== "") return { url, from }
    }
    return undefined
  }
  return {
    http: named("HTTP_PROXY", "ALL_PROXY"),
    https: named("HTTPS_PROXY", "ALL_PROXY"),
    except: named("NO_PROXY")?.url
  }
}
