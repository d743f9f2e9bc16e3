import { resolve } from "node:path"

/** The ports that stand for themselves: an address that names one is the same as one that names none. */
const ports: { readonly [scheme: string]: string } = {
  ssh: "22",
  http: "80",
  https: "443",
  git: "9418",
  ftp: "21",
  ftps: "990"
}

const withScheme = /^(?:git\+)?(ssh|https?|git|ftps?)(?:\+git)?:\/\/([^/?#]*)([^?#]*)/i
/** `[user@]host:path`. A drive letter with a slash is a path of Windows, and two slashes are an address with a scheme. */
const short = /^(?:[^/]*@)?(\[[0-9a-f:.]+\]|[^/:@\s[\]]+):(?!\/\/)(.*)$/is
const isDrive = /^[A-Za-z]:[\\/]/
const isHost = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_-](?:[a-z0-9._-]*[a-z0-9_-])?)$/i

const cleaned = (path: string): string =>
  path
    .replace(/\/+/g, "/")
    .replace(/\/+$/, "")
    .replace(/(?<=[^/])\.git$/, "")

const remote = (host: string, path: string): string | undefined => {
  const name = host.toLowerCase().replace(/\.$/, "")
  return isHost.test(name.replace(/:\d+$/, "")) ? `${name}/${cleaned(path).replace(/^\/+/, "")}` : undefined
}

/**
 * One form for all addresses of one remote repository: host in lower case, and path; without scheme, user, password, query,
 * usual port and `.git`. A local repository is `file:` and its absolute path; `top` is what relative ones are relative to.
 * Undefined for anything else, such as the address of a helper program, because it is not known where secrets are in it.
 */
export const normalise = (url: string, top: string): string | undefined => {
  const given = url.trim()
  // oxlint-disable-next-line no-control-regex -- an address with a control character is none
  if (given === "" || /[\u0000-\u001f\u007f]/.test(given) || /^[\w+.-]+::/.test(given)) return undefined
  const [, scheme, authority = "", path = ""] = withScheme.exec(given) ?? []
  if (scheme !== undefined) {
    const host = authority.slice(authority.lastIndexOf("@") + 1)
    const usual = `:${ports[scheme.toLowerCase()] ?? ""}`
    return remote(host.endsWith(usual) ? host.slice(0, -usual.length) : host, path)
  }
  const local = given.replace(/^file:\/\//i, "")
  if (local === given && !isDrive.test(given)) {
    const [, host, place = ""] = short.exec(given) ?? []
    if (host !== undefined) return remote(host, place)
  }
  return local.includes("://") ? undefined : `file:${cleaned(resolve(top, local))}`
}
