import { cases as logins } from "./mcp/oauth.ts"
import { suite } from "./suite.ts"
import { cases, rows } from "./threats/oauth.ts"

suite("RELIABILITY X06, X22, X23, logins to MCP servers", rows, cases)
suite(
  "RELIABILITY M21, OAuth",
  [{ id: "M21", fault: "OAuth: a refresh fails, a token for another, discovery URLs that act", variants: 4 }],
  logins
)
