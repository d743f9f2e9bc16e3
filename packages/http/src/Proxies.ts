/** A proxy, and where its address comes from, which is what a person is told to correct. */
export interface NamedProxy {
  /** `http://` or `https://`, which may be left out, then `USER:PASSWORD@` where the proxy asks for it, and `HOST:PORT`. */
  readonly url: string
  /** Such as `HTTPS_PROXY`. */
  readonly from: string
}

export interface ProxySettings {
  /** For `http:` addresses. */
  readonly http?: string | NamedProxy | undefined
  /** For `https:` addresses, through a tunnel (CONNECT): the proxy sees the host and nothing of what is sent. */
  readonly https?: string | NamedProxy | undefined
  /**
   * What goes to no proxy, as in `NO_PROXY`: entries with commas or spaces between them. `example.org`, `.example.org` and
   * `*.example.org` all stand for that host and those below it, `192.0.2.1` and `[2001:db8::1]` for an address,
   * `192.0.2.0/24` and `2001:db8::/32` for a network, `*` for everything. `:PORT` after an entry, but a network, restricts
   * it to that port. Names are not looked up for it.
   */
  readonly except?: string | undefined
  /** Whether addresses of this machine (`localhost`, 127.0.0.0/8, `::1`) go to the proxy as well; they do not unless this is true. */
  readonly loopback?: boolean | undefined
}

/**
 * What the environment says: `https_proxy` and `http_proxy`, each else `all_proxy`, and `no_proxy`. Names in lower case
 * stand above those in upper case. A variable that is empty is as if it were not there.
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
