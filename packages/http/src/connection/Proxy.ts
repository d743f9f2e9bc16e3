import { BlockList, isIP } from "node:net"
import { HttpError } from "../contract/HttpError.ts"
import type { NamedProxy, ProxySettings } from "../contract/Proxies.ts"

/** A proxy that a request is sent through. */
export interface Proxy {
  readonly url: URL
  /** The setting that names it, for error messages. */
  readonly from: string
  /** Its address without user name and password. */
  readonly shown: string
  /** The value of `proxy-authorization`, if it has a user name or password. */
  readonly authorization: string | undefined
}

const bare = (hostname: string): string =>
  hostname
    .replace(/^\[(.*)\]$/s, "$1")
    .replace(/\.$/, "")
    .toLowerCase()

const family = (address: string): "ipv4" | "ipv6" => (isIP(address) === 6 ? "ipv6" : "ipv4")

const own = new BlockList()
own.addSubnet("127.0.0.0", 8)
own.addAddress("0.0.0.0")
own.addAddress("::1", "ipv6")
own.addAddress("::", "ipv6")

const isOwn = (host: string): boolean =>
  isIP(host) === 0 ? /^(?:.+\.)?localhost$/.test(host) : own.check(host, family(host))

export const portOf = (url: URL): number =>
  url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port)

const network = /^(.+)\/(\d{1,3})$/
/**
 * An address in brackets, or a host without a colon, followed by a port. If it does not match, the whole text is the host.
 */
const withPort = /^(\[.+\]|[^:]+):(\d+)$/

const inNetwork = (host: string, address: string, bits: number): boolean => {
  if (isIP(address) === 0 || isIP(host) === 0 || bits > (isIP(address) === 6 ? 128 : 32)) return false
  const list = new BlockList()
  list.addSubnet(address, bits, family(address))
  return list.check(host, family(host))
}

const sameAddress = (left: string, right: string): boolean => inNetwork(left, right, isIP(right) === 6 ? 128 : 32)

const excepts = (entry: string, host: string, port: number): boolean => {
  if (entry === "*") return true
  const [, address, bits] = network.exec(entry) ?? []
  if (address !== undefined) return inNetwork(host, bare(address), Number(bits))
  const [, before = entry, restricted] = withPort.exec(entry) ?? []
  if (restricted !== undefined && Number(restricted) !== port) return false
  const name = bare(before).replace(/^\*?\./, "")
  if (isIP(name) !== 0) return sameAddress(host, name)
  return name !== "" && (host === name || host.endsWith(`.${name}`))
}

const unusable = (host: string, { from }: NamedProxy, shown: string, problem: string): HttpError =>
  new HttpError({ host, sent: false, reason: { _tag: "Proxy", proxy: shown, from, problem } })

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const parsed = (named: NamedProxy, host: string): Proxy => {
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(named.url) ? named.url : `http://${named.url}`)
  // The address is not shown, because one that does not parse may contain a password anywhere.
  if (url === null) throw unusable(host, named, "that is configured", "has an address that is not one")
  const shown = `${url.protocol}//${url.host}`
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw unusable(host, named, shown, "is of a kind that is not supported: only http and https proxies are")
  const { password, username } = url
  const credentials = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64")
  return {
    url,
    from: named.from,
    shown,
    authorization: username === "" && password === "" ? undefined : `Basic ${credentials}`
  }
}

/** The proxy for an address; undefined if it needs none. Throws an `HttpError` if the configured proxy cannot be used. */
export const proxyFor = (settings: ProxySettings, url: URL): Proxy | undefined => {
  const isSecure = url.protocol === "https:"
  const setting = isSecure ? settings.https : settings.http
  if (setting === undefined || setting === "") return undefined
  const host = bare(url.hostname)
  if (settings.loopback !== true && isOwn(host)) return undefined
  const entries = (settings.except ?? "").split(/[\s,]+/).filter((entry) => entry !== "")
  if (entries.some((entry) => excepts(entry, host, portOf(url)))) return undefined
  const named =
    typeof setting === "string" ? { url: setting, from: `the setting \`${isSecure ? "https" : "http"}\`` } : setting
  return parsed(named, url.host)
}
