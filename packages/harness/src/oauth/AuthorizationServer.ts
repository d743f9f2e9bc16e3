import { createHash, randomBytes } from "node:crypto"
import * as http from "node:http"
import { Effect, Schema } from "effect"
import { type Behaviour, type Grant, json, Message, Registration, results, type Seen } from "./oauthMessages.ts"

/**
 * An MCP server that requires a login, and its strict authorization server: PKCE, exact redirect addresses, single-use codes
 * and refresh tokens, tokens for one resource. The tool `danger` needs the OAuth scope `admin`. Uses real HTTP until the
 * Effect scope ends.
 */
export const guarded = Effect.gen(function* () {
  const seen: Array<Seen> = []
  const clients = new Map<string, ReadonlyArray<string>>()
  const codes = new Map<string, Grant & { readonly redirect: string; readonly challenge: string }>()
  const refreshTokens = new Map<string, Grant>()
  const accessTokens = new Map<string, Grant>()
  /** Every secret, none of which may be shown. */
  const secrets: Array<string> = []
  /** Refresh tokens that were used a second time, as a thief would do. */
  let reused = 0
  const behaviour: Behaviour = {
    resource: {},
    metadata: {},
    deaf: false,
    refresh: undefined,
    audience: undefined,
    greedy: false,
    override: {},
    registration: {},
    tokens: {},
    slow: 0,
    keepsRefresh: false,
    iss: undefined,
    challenge: undefined
  }
  let origin = ""
  const mint = (kind: string): string => {
    const secret = `canary-${kind}-${randomBytes(12).toString("hex")}`
    secrets.push(secret)
    return secret
  }
  /** With `kept`, the client's refresh token stays valid, and no other is issued. */
  const issue = (response: http.ServerResponse, grant: Grant, kept?: string) => {
    const access = mint("access")
    const refresh = kept ?? mint("refresh")
    accessTokens.set(access, { ...grant, resource: behaviour.audience ?? grant.resource })
    refreshTokens.set(refresh, grant)
    json(response, 200, {
      access_token: access,
      ...(kept === undefined ? { refresh_token: refresh } : {}),
      token_type: "Bearer",
      expires_in: 3600,
      scope: grant.scope,
      ...behaviour.tokens
    })
  }
  const refuse = (response: http.ServerResponse, error: string) =>
    json(response, 400, { error, error_description: `no: ${secrets.join(" ")}` })

  const token = (params: URLSearchParams, response: http.ServerResponse) => {
    if (params.get("grant_type") === "refresh_token") {
      const shown = params.get("refresh_token") ?? ""
      if (behaviour.refresh !== undefined)
        return response
          .writeHead(behaviour.refresh.status, { "content-type": "application/json" })
          .end(behaviour.refresh.body)
      const grant = refreshTokens.get(shown)
      if (
        grant === undefined ||
        grant.client !== params.get("client_id") ||
        grant.resource !== params.get("resource")
      ) {
        reused++
        return refuse(response, "invalid_grant")
      }
      const kept = behaviour.keepsRefresh ? shown : undefined
      if (kept === undefined) refreshTokens.delete(shown)
      // @effect-diagnostics-next-line globalTimers:off -- a server's own delay, outside of any Effect
      return setTimeout(() => issue(response, grant, kept), behaviour.slow)
    }
    const code = params.get("code") ?? ""
    const grant = codes.get(code)
    codes.delete(code)
    const challenge = createHash("sha256")
      .update(params.get("code_verifier") ?? "")
      .digest("base64url")
    const good =
      grant !== undefined &&
      grant.challenge === challenge &&
      grant.client === params.get("client_id") &&
      grant.redirect === params.get("redirect_uri") &&
      grant.resource === params.get("resource")
    return good ? issue(response, grant) : refuse(response, "invalid_grant")
  }

  const authorize = (params: URLSearchParams, response: http.ServerResponse) => {
    const redirect = params.get("redirect_uri") ?? ""
    const client = params.get("client_id") ?? ""
    const bad =
      clients.get(client)?.includes(redirect) !== true ||
      params.get("code_challenge_method") !== "S256" ||
      params.get("response_type") !== "code" ||
      params.get("resource") !== `${origin}/mcp`
    if (bad) return response.writeHead(400).end("bad request")
    const code = mint("code")
    codes.set(code, {
      client,
      redirect,
      scope: params.get("scope") ?? "",
      resource: `${origin}/mcp`,
      challenge: params.get("code_challenge") ?? ""
    })
    const back = new URL(redirect)
    back.searchParams.set("code", code)
    back.searchParams.set("state", params.get("state") ?? "")
    back.searchParams.set("iss", behaviour.iss ?? origin)
    return response.writeHead(302, { location: back.href }).end()
  }

  const mcp = (request: http.IncomingMessage, body: string, response: http.ServerResponse) => {
    const bearer = (request.headers.authorization ?? "").replace(/^Bearer /, "")
    const grant = behaviour.deaf ? undefined : accessTokens.get(bearer)
    const metadata = behaviour.challenge ?? `${origin}/.well-known/oauth-protected-resource/mcp`
    if (grant === undefined || grant.resource !== `${origin}/mcp`)
      return json(
        response,
        401,
        { error: `not ${bearer}` },
        { "www-authenticate": `Bearer resource_metadata="${metadata}", scope="tools"` }
      )
    if (request.method !== "POST") return response.writeHead(405).end()
    const { id, method, params } = Schema.decodeSync(Message)(body)
    if (id === undefined) return response.writeHead(202).end()
    const needs = method === "tools/call" && params?.["name"] === "danger"
    if (needs && (behaviour.greedy || !grant.scope.split(" ").includes("admin")))
      return json(
        response,
        403,
        {},
        { "www-authenticate": `Bearer error="insufficient_scope", scope="admin", resource_metadata="${metadata}"` }
      )
    const result = results[method]
    const answer = result === undefined ? { error: { code: -32601, message: "no such method" } } : { result }
    return json(response, 200, { jsonrpc: "2.0", id, ...answer })
  }

  const routes = (url: URL, request: http.IncomingMessage, body: string, response: http.ServerResponse): unknown => {
    switch (url.pathname) {
      case "/mcp":
        return mcp(request, body, response)
      case "/.well-known/oauth-protected-resource/mcp":
        return json(response, 200, {
          resource: `${origin}/mcp`,
          authorization_servers: [origin],
          scopes_supported: ["tools"],
          ...behaviour.resource
        })
      case "/.well-known/oauth-authorization-server":
        return json(response, 200, {
          issuer: origin,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
          registration_endpoint: `${origin}/register`,
          response_types_supported: ["code"],
          grant_types_supported: ["authorization_code", "refresh_token"],
          code_challenge_methods_supported: ["S256"],
          token_endpoint_auth_methods_supported: ["none"],
          authorization_response_iss_parameter_supported: true,
          ...behaviour.metadata
        })
      case "/register": {
        const id = `client-${clients.size + 1}`
        const redirects = Schema.decodeSync(Registration)(body).redirect_uris
        clients.set(id, redirects)
        return json(response, 201, {
          client_id: id,
          redirect_uris: redirects,
          token_endpoint_auth_method: "none",
          ...behaviour.registration
        })
      }
      case "/authorize":
        return authorize(url.searchParams, response)
      case "/token":
        return token(new URLSearchParams(body), response)
      default:
        return response.writeHead(404).end()
    }
  }

  const server = http.createServer((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (piece: string) => (body += piece))
    request.on("end", () => {
      const url = new URL(request.url ?? "/", origin)
      seen.push({ method: request.method ?? "", path: url.pathname, headers: request.headers, body })
      const own = behaviour.override[url.pathname]
      if (own === undefined) routes(url, request, body, response)
      else own(response)
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )
  const address = server.address()
  origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
  return {
    origin,
    url: `${origin}/mcp`,
    seen,
    secrets,
    behaviour,
    reused: () => reused,
    /** How often a path was requested. */
    count: (path: string) => seen.filter((one) => one.path === path).length,
    /** Lets all access tokens expire. */
    expire: () => accessTokens.clear(),
    /** Revokes everything that was issued. */
    revoke: () => {
      accessTokens.clear()
      refreshTokens.clear()
    },
    /** Registers a client manually. */
    register: (id: string, redirect: string) => clients.set(id, [redirect])
  }
})
export type Guarded = Effect.Success<typeof guarded>
