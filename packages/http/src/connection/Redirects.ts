import type { IncomingMessage } from "node:http"
import { plain } from "./Failures.ts"
import type { Outgoing } from "./Outgoing.ts"

/** The maximum number of redirects. More are assumed to be a loop. */
export const mostRedirects = 10

const statuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Whether a response is a redirect. Without a `location` it is a normal response. */
export const isRedirect = ({ headers, statusCode = 0 }: IncomingMessage): boolean =>
  statuses.has(statusCode) && headers.location !== undefined

/** The headers that are also sent to another origin after a redirect. Any other header may contain a secret. */
const harmless: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "content-encoding",
  "content-language",
  "content-type",
  "user-agent"
])

/** The request that follows a redirect, or the reason why the redirect is not followed. */
export const redirected = (from: Outgoing, status: number, location: string): Outgoing | string => {
  const url = URL.parse(location, from.url)
  const shown = plain(location, 200)
  if (
    url === null ||
    (url.protocol !== "http:" && url.protocol !== "https:") ||
    url.username !== "" ||
    url.password !== ""
  )
    return `${from.url.host} redirects to ${shown}, which is no address to ask`
  if (from.url.protocol === "https:" && url.protocol === "http:")
    return `${from.url.host} redirects to ${shown}, which is not https`
  url.hash = ""
  const isSame = url.origin === from.url.origin
  const kept = [...from.headers].filter(([name]) => isSame || harmless.has(name))
  const becomesGet =
    (status === 303 && from.method !== "HEAD" && from.method !== "GET") ||
    ((status === 301 || status === 302) && from.method === "POST")
  if (!becomesGet) return { ...from, url, headers: new Headers(kept) }
  const headers = new Headers(kept.filter(([name]) => !name.startsWith("content-")))
  return { ...from, url, headers, method: "GET", body: undefined }
}
